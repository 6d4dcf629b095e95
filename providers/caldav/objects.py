"""Reading calendar objects by href: a hundred at a time, and one by one where the server has trouble with that."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.providers import Change, Quarantine, Removal
from providers.caldav import hrefs
from providers.caldav.listing import ListedCalendar
from providers.caldav.session import DavSession, multistatus, refusal
from providers.caldav.wire import CALDAV, DAV, Resource, calendar_multiget, read_conditions
from providers.icalendar import read_object

_CHUNK = 100
_MOST_WITHHELD = 20
_MOST_FAILURES = 250
_NO_MULTIGET = frozenset({405, 415, 501})


@dataclass(frozen=True, slots=True)
class Context:
    """What a calendar object is read with: the zone of floating times, and the addresses of its owner."""

    zone: str
    addresses: frozenset[str]


class ObjectReader:
    """Reads objects of one calendar. `trusted` are hosts as in `hrefs.within`.

    One object the server cannot hand out must not hide the others: it is a `Quarantine`. But where many are so, or
    many requests fail, it is the server that is broken, and reading ends with `BadResponse`. `withheld` are those
    objects so far, remote id to href.
    """

    def __init__(self, session: DavSession, calendar: ListedCalendar, context: Context, trusted: Sequence[str]) -> None:
        self._session = session
        self._calendar = calendar
        self._context = context
        self._trusted = trusted
        self.withheld: dict[str, str] = {}
        self._has_multiget = True
        self._failures = 0

    async def read(self, wanted: Mapping[str, str]) -> AsyncGenerator[Sequence[Change]]:
        """The objects named (remote id to href), in portions. What is not there any more is a `Removal`."""
        names = list(wanted.items())
        for start in range(0, len(names), _CHUNK):
            yield await self._portion(dict(names[start : start + _CHUNK]))

    async def _portion(self, wanted: Mapping[str, str]) -> Sequence[Change]:
        found = await self._multiget(wanted)
        withheld: list[Change] = []
        for key in wanted.keys() - found.keys():
            try:
                found[key] = await self._get(wanted[key])
            except BadResponse as err:
                withheld.append(self._withhold(key, wanted[key], err))
        return [*await asyncio.to_thread(self._understand, found), *withheld]

    def _understand(self, found: Mapping[str, bytes | None]) -> Sequence[Change]:
        """What was an event and is a to-do now is gone, too."""
        return [(None if raw is None else self._read(key, raw)) or Removal(key) for key, raw in found.items()]

    def _read(self, key: str, raw: bytes) -> Change | None:
        zone, addresses = self._context.zone, self._context.addresses
        return read_object(raw, remote_id=key, default_zone=zone, my_addresses=addresses)

    async def _multiget(self, wanted: Mapping[str, str]) -> dict[str, bytes | None]:
        """What the server has of the wanted objects, `None` for what it has not.

        An answer that is of no use is asked for again in halves: a single object may hold what XML cannot write.
        """
        if not self._has_multiget:
            return {}
        found = await self._ask(wanted)
        if found is not None or len(wanted) == 1:
            return found or {}
        names = list(wanted.items())
        middle = len(names) // 2
        return await self._multiget(dict(names[:middle])) | await self._multiget(dict(names[middle:]))

    async def _ask(self, wanted: Mapping[str, str]) -> dict[str, bytes | None] | None:
        """One calendar-multiget; `None` where its answer is of no use."""
        try:
            response = await self._session.report(self._calendar.url, calendar_multiget(wanted.values()), depth=1)
            if response.status == 207:
                answer = await multistatus(response)
                return dict(self._bodies(response.url, answer.resources, wanted))
        except BadResponse as err:
            self._note_failure(err)
            return None
        if response.status in _NO_MULTIGET or f"{DAV}supported-report" in read_conditions(response.body):
            self._has_multiget = False
        elif response.status in {403, 404, 410}:
            raise refusal(response)
        self._note_failure(refusal(response))
        return None

    def _bodies(
        self, base: str, resources: Iterable[Resource], wanted: Mapping[str, str]
    ) -> Iterable[tuple[str, bytes | None]]:
        for resource in resources:
            url = hrefs.within(base, resource.href, self._trusted)
            key = "" if url is None else hrefs.key(url)
            data = resource.raw_text(f"{CALDAV}calendar-data")
            if key in wanted and (data or resource.status in {404, 410}):
                yield key, data.encode() if data else None

    async def _get(self, href: str) -> bytes | None:
        """One object by itself. Raises `BadResponse` where the server does not hand it out."""
        url = hrefs.within(self._calendar.url, href, self._trusted)
        if url is None:
            return None
        response = await self._session.get(url)
        if response.status in {404, 410}:
            return None
        if response.status != 200 or b"BEGIN:VCALENDAR" not in response.body.upper():
            raise BadResponse("The server lists this event, but does not hand it out.")
        return response.body

    def _withhold(self, key: str, href: str, error: BadResponse) -> Quarantine:
        self.withheld[key] = href
        if len(self.withheld) > _MOST_WITHHELD:
            raise error
        return Quarantine(key, error.message, "")

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        if self._failures > _MOST_FAILURES:
            raise error
