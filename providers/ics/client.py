"""One feed, read once per run: a conditional GET, and the whole feed as a snapshot when it changed."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b

import httpx

from calendar_sync.domain.errors import (
    AddressRefused,
    BadResponse,
    CalendarGone,
    Disconnected,
    ProviderError,
    Unavailable,
)
from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import ChangePage, Cursor, RemoteCalendar, Snapshot
from providers.icalendar.feed import CalendarInfo
from providers.ics.position import Position, Seal
from providers.ics.reading import Content, Reader
from providers.responses import Response, classify
from providers.transport import GuardedClient, Unreachable

REMOTE_ID = "feed"
MAX_BYTES = 20 * 1024 * 1024

_LONGEST_INTERVAL = timedelta(days=1)
_ACCEPT = "text/calendar, text/plain;q=0.5, */*;q=0.1"
_USER_AGENT = "calendar-sync (calendar feeds)"
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[,\s])no-(?:cache|store)\b", re.IGNORECASE)

# outlook.office365.com answers 500 to programs it does not know and wants a browser's name.
_REFUSALS = {403: "may not be read", 404: "is not there"}
_BROWSERS_ONLY = {"outlook.office365.com": "Mozilla/5.0 (compatible; calendar-sync)"}


class NotThere(Unavailable):
    """403 and 404: feeds come back and firewalls calm down, so it is asked for again; a typed address is wrong."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A reading's outcome: where the feed stands now, and what it holds and says of itself if that changed."""

    position: Position
    content: Content | None = None
    calendar: RemoteCalendar | None = None


class IcsClient:
    """Reads the feed at `url` as the one calendar of its account; floating times are meant in `zone` by default."""

    def __init__(self, http: GuardedClient, url: str, reader: Reader, zone: str, deadline: float) -> None:
        self._http = http
        self._url = url
        self._reader = reader
        self._zone = zone
        self._deadline = deadline
        self._seal = Seal(url)

    @property
    def requests(self) -> int:
        return self._http.requests

    async def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        """The feed; it says its name when it is read."""
        yield RemoteCalendar(REMOTE_ID, is_read_only=True)

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        """The whole feed if it changed, with what lies ahead as its snapshot: feeds let go of what is past."""
        known = Position.of(since, calendar.time_zone or self._zone)
        try:
            found = await self._ask(known)
        except (NotThere, CalendarGone, Disconnected, AddressRefused, Unreachable, BadResponse):
            if known.moved_to is None:
                raise
            found = await self._ask(replace(known, moved_to=None, etag=None, last_modified=None, body=None))
        if found.content is None:
            yield ChangePage((), cursor=found.position.cursor)
            return
        last = len(found.content.packed)
        for number, page in enumerate(found.content.pages(), start=1):
            if number < last:
                yield ChangePage(page)
            else:
                yield ChangePage(page, found.position.cursor, Snapshot.UPCOMING, found.calendar)

    async def verify(self) -> None:
        """Read the feed as `changes` would, and keep nothing. Raises a `ProviderError`."""
        await self._ask(Position(self._zone))

    async def _ask(self, known: Position) -> _Found:
        response = await self._get(known)
        position = self._moved(known, response)
        if response.status == 304:
            return _Found(position)
        position = replace(
            position,
            etag=response.headers.get("etag"),
            last_modified=response.headers.get("last-modified"),
            body=blake2b(response.body, digest_size=20).hexdigest(),
        )
        if position.body == known.body:
            return _Found(position)
        content = await self._reader.read(response.body, known.zone, known.content)
        position = replace(position, content=content.digest)
        if content.calendar is None:
            return _Found(position)
        zone = content.calendar.time_zone or known.zone
        return _Found(replace(position, zone=zone), content, _told(content.calendar, _max_age(response)))

    async def _get(self, known: Position) -> Response:
        url = self._seal.open(known.moved_to) or self._url
        conditions = _conditions(known)
        response = await self._http.request(
            "GET",
            url,
            {"Accept": _ACCEPT, "User-Agent": _user_agent(url)} | conditions,
            max_bytes=MAX_BYTES,
            deadline=self._deadline,
            classify=classify_feed,
        )
        if response.status == 304 and not conditions:
            raise BadResponse("The feed answers that it did not change, though it was not read before.")
        return response

    def _moved(self, known: Position, response: Response) -> Position:
        if response.moved_to is None:
            return known
        return replace(known, moved_to=self._seal.close(response.moved_to))


def classify_feed(response: Response) -> ProviderError | None:
    """What a feed's status means. The address is the credential: a server that refuses it has revoked it."""
    match response.status:
        case 200 | 304:
            return None
        case 401:
            return Disconnected("The feed is not open to this address any more (it answers 401).")
        case 403 | 404 as status:
            return NotThere(f"The feed answers that it {_REFUSALS[status]} ({status}).")
        case 410:
            return CalendarGone("The feed answers that it is gone for good (410).")
        case status if 200 <= status < 300:
            return BadResponse(f"The feed answers with something other than a calendar (status {status}).")
    return classify(response)


def _conditions(known: Position) -> dict[str, str]:
    """RFC 9110 §13.1: the validators as they came. What is not ASCII cannot be sent back."""
    validators = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in validators.items() if value and value.isascii() and value.isprintable()}


def _user_agent(url: str) -> str:
    return _BROWSERS_ONLY.get(httpx.URL(url).host, _USER_AGENT)


def _max_age(response: Response) -> timedelta | None:
    """How long the answer may be kept (RFC 9111 §5.2.2): asking sooner is of no use."""
    control = response.headers.get("cache-control", "")
    age = _MAX_AGE.search(control)
    return timedelta(seconds=int(age[1])) if age and not _NOT_KEPT.search(control) else None


def _told(info: CalendarInfo, max_age: timedelta | None) -> RemoteCalendar:
    """Having no wish for an interval is something to tell, too: there may have been one before."""
    wishes = [wish for wish in (info.poll_interval, max_age) if wish]
    return RemoteCalendar(
        REMOTE_ID,
        name=info.name,
        description=info.description,
        color=info.color,
        time_zone=info.time_zone,
        is_read_only=True,
        poll_interval=min(max(wishes, default=timedelta()), _LONGEST_INTERVAL),
    )
