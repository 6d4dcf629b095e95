"""Change notifications: subscriptions to the events of a calendar, renewed before they end.

https://learn.microsoft.com/graph/api/resources/subscription
"""

from datetime import UTC, datetime, timedelta

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.push import Channel, Watch
from providers.bearer import Json
from providers.outlook.errors import Missing
from providers.outlook.session import OutlookSession, segment

_LONGEST = timedelta(minutes=10_080 - 5)
"""Graph refuses more than 10,080 minutes by its own clock."""


async def create(session: OutlookSession, watch: Watch, now: datetime) -> Channel:
    """Graph asks the address whether it is ours before it answers. Raises any `ProviderError`."""
    return _channel(
        await session.send(
            "POST",
            "subscriptions",
            {
                "changeType": "created,updated,deleted",
                "notificationUrl": watch.address,
                "lifecycleNotificationUrl": watch.address,  # cannot be added later
                "resource": f"/me/calendars/{segment(watch.calendar.remote_id)}/events",
                "expirationDateTime": _end(watch.until, now),
                "clientState": watch.token,
            },
        )
    )


async def renew(session: OutlookSession, channel: Channel, until: datetime, now: datetime) -> Channel | None:
    """`None` for one that is gone. Raises any other `ProviderError`."""
    try:
        answer = await session.send("PATCH", _path(channel), {"expirationDateTime": _end(until, now)})
    except Missing:
        return None
    return _channel(answer)


async def delete(session: OutlookSession, channel: Channel) -> None:
    """One that is gone already is no error. Raises any other `ProviderError`."""
    try:
        await session.send("DELETE", _path(channel))
    except Missing:
        return


def _path(channel: Channel) -> str:
    return f"subscriptions/{segment(channel.id)}"


def _end(until: datetime, now: datetime) -> str:
    return f"{min(until, now + _LONGEST).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _channel(answer: Json) -> Channel:
    try:
        ends = datetime.fromisoformat(answer["expirationDateTime"].upper())
        if not isinstance(answer["id"], str) or not answer["id"]:
            raise TypeError
    except (LookupError, TypeError, ValueError, AttributeError) as err:
        raise BadResponse("Outlook's answer about notifications cannot be understood.") from err
    return Channel(answer["id"], None, ends if ends.tzinfo is not None else ends.replace(tzinfo=UTC))
