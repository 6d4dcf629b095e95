"""Reading one Zoom account: its meetings as one calendar, whole each time, for Zoom tells no changes.

An unchanged account costs two requests: the meetings that the user hosts, and those of the next day, among which are
those of others. The occurrences of a recurring meeting cost one more whenever its row changes, and once a day.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Change, ChangePage, Cursor, RemoteCalendar, Snapshot
from providers.zoom.cursor import Known, read_cursor, write_cursor
from providers.zoom.diff import (
    Told,
    changed,
    invitations,
    is_doubtful,
    missing,
    removal,
    stale,
    told,
    told_in_detail,
)
from providers.zoom.errors import MeetingGone, ScopeMissing
from providers.zoom.listing import Kind, Row, hosted_rows, invited_rows
from providers.zoom.session import ZoomSession

MEETINGS = RemoteCalendar("meetings", name="Zoom meetings", is_primary=True, is_read_only=True)
_MOST_CHANGES = 1_000


class ZoomClient:
    """A `ProviderClient`. `email` is the address of the account, `now` the clock: aware, UTC."""

    def __init__(self, session: ZoomSession, email: str | None, now: Callable[[], datetime]) -> None:
        self._session = session
        self._email = email
        self._now = now

    @property
    def requests(self) -> int:
        return self._session.requests

    async def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        """There is one, and no need to ask."""
        yield MEETINGS

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        """See `ProviderClient.changes`. `window` bounds nothing: Zoom lists what is not long over.

        Nothing is yielded before both lists and all details are read, so that a failure changes nothing. What is
        removed comes first, on a page of its own: a meeting that is now told in another way is not mixed up with it.
        """
        known = {} if since is None else read_cursor(since)
        now = self._now()
        listed, kept = await self._listed(known, now)
        if is_doubtful(known, listed.keys() | kept.keys(), now):
            listed, kept = await self._listed(known, now)
        found = await self._told([*changed(listed, known), *stale(listed, known, now)], now)
        latest = {name: known[name] for name in listed if name in known}
        latest |= {name: each.known for name, each in found.items()}
        gone = [removal(name, now) for name in missing(known, listed.keys() | kept.keys(), now)]
        *first, last = _cut(gone, [each.change for each in found.values()])
        for part in first:
            yield ChangePage(part)
        yield ChangePage(last, write_cursor({**kept, **latest}), Snapshot.UPCOMING if since is None else Snapshot.NONE)

    async def _listed(self, known: Mapping[str, Known], now: datetime) -> tuple[Mapping[str, Row], Mapping[str, Known]]:
        """What is listed, and what of the known is to be believed unseen.

        The list of the next day is a permission apart: without it the user's own meetings are still read.
        """
        hosted = hosted_rows(await self._session.hosted())
        try:
            invited = invited_rows(await self._session.upcoming())
        except ScopeMissing:
            unseen = {name: each for name, each in invitations(known, now).items() if name not in hosted}
            return hosted, unseen
        others = {name: row for name, row in invited.items() if name.partition("/")[0] not in hosted}
        return {**others, **hosted}, {}

    async def _told(self, rows: Sequence[Row], now: datetime) -> Mapping[str, Told]:
        """What rows came to, by name; without meetings that went between the list and the question for their
        occurrences: the next list tells.
        """
        single = [row for row in rows if row.kind is not Kind.SERIES]
        found = await asyncio.to_thread(lambda: {row.name: told(row, self._email) for row in single})
        for row in rows:
            if row.kind is Kind.SERIES:
                with suppress(MeetingGone):
                    detail = await self._session.detail(row.name)
                    found[row.name] = told_in_detail(row, detail, self._email, now)
        return found


def _cut(*parts: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Pieces that are not too large; at least one."""
    pieces = [part[at : at + _MOST_CHANGES] for part in parts for at in range(0, len(part), _MOST_CHANGES)]
    yield from pieces or [[]]
