"""Reading one Zoom account: its meetings as one calendar, whole each time, for Zoom tells no changes.

An unchanged account costs two requests: the meetings that the user hosts, and those of the next day, among which are
those of others. The occurrences of a recurring meeting cost one more whenever its row changes, and once a day.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from datetime import datetime

from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Change, ChangePage, Cursor, RemoteCalendar, Snapshot
from providers.zoom.cursor import Known, read_cursor, write_cursor
from providers.zoom.diff import Told, invitations, is_as_known, is_doubtful, missing, removal, told, told_in_detail
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
        latest, changes = dict(kept), list[Change]()
        for name, row in listed.items():
            before = known.get(name)
            found = None if is_as_known(row, before, now) else await self._told(row, now)
            if found is not None:
                changes.append(found.change)
                latest[name] = found.known
            elif before is not None:
                latest[name] = before
        gone = [removal(name, now) for name in missing(known, listed.keys() | kept.keys(), now)]
        *first, last = _cut(gone, changes)
        for part in first:
            yield ChangePage(part)
        yield ChangePage(last, write_cursor(latest), Snapshot.UPCOMING if since is None else Snapshot.NONE)

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

    async def _told(self, row: Row, now: datetime) -> Told | None:
        """`None` where the meeting went between the list and the question for its occurrences: the next list tells."""
        if row.kind is not Kind.SERIES:
            return told(row, self._email)
        try:
            return told_in_detail(row, await self._session.detail(row.name), self._email, now)
        except MeetingGone:
            return None


def _cut(*parts: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Pieces that are not too large; at least one."""
    pieces = [part[at : at + _MOST_CHANGES] for part in parts for at in range(0, len(part), _MOST_CHANGES)]
    yield from pieces or [[]]
