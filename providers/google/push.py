"""Channels by which Google notifies of changes in one account's calendars.

https://developers.google.com/workspace/calendar/api/guides/push
"""

from datetime import UTC, datetime

from calendar_sync.domain.errors import BadResponse, CalendarGone
from calendar_sync.domain.push import Channel, Watch
from providers.bearer import Json
from providers.google.errors import NotPushed
from providers.google.session import GoogleSession, segment


class GooglePush:
    """A `PushClient`."""

    def __init__(self, session: GoogleSession) -> None:
        self._session = session

    async def watch(self, watch: Watch) -> Channel | None:
        """See `PushClient.watch`. It lasts a week at most, whatever is asked for."""
        request: Json = {
            "id": watch.channel,
            "type": "web_hook",
            "address": watch.address,
            "token": watch.token,
            "expiration": str(int(watch.until.timestamp() * 1000)),
        }
        try:
            answer = await self._session.post(f"calendars/{segment(watch.calendar.remote_id)}/events/watch", request)
        except NotPushed:
            return None
        return _channel(answer)

    async def renew(self, channel: Channel, until: datetime) -> Channel | None:
        """`None`: Google only opens new ones."""
        return None

    async def unwatch(self, channel: Channel) -> None:
        """See `PushClient.unwatch`. Only the account and the client that opened it can end it."""
        try:
            await self._session.post("channels/stop", {"id": channel.id, "resourceId": channel.resource_id})
        except CalendarGone:
            return


def _channel(answer: Json) -> Channel:
    """`expiration` is in milliseconds since 1970, as a text."""
    try:
        expires_at = datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC)
        names = answer["id"], answer["resourceId"]
        if not all(isinstance(name, str) and name for name in names):
            raise TypeError
    except (LookupError, TypeError, ValueError, OverflowError, OSError) as err:
        raise BadResponse("Google's answer about notifications cannot be understood.") from err
    return Channel(*names, expires_at)
