"""The occurrences of one user that are copies of the same meeting (`domain.meetings`), found for many at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.events import EventStatus, MeetingLink
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.meetings import Mark, Meeting, Sighting, meeting_id, same_meetings
from calendar_sync.domain.occurrences import Occurrence
from calendar_sync.domain.providers import ProviderName
from calendar_sync.store.columns import among
from calendar_sync.store.listing import LISTED
from calendar_sync.store.occurrence_rows import occurrence_of
from calendar_sync.store.scope import named_within, within
from calendar_sync.store.tables import occurrences

_MOST_ROUNDS = 10
"""Of asking for what has a mark in common with what was found so far. Two or three find all that people make."""


class Meetings:
    """`tx.meetings`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, actor: Actor, ids: Collection[OccurrenceId]) -> Mapping[OccurrenceId, Meeting]:
        """The meeting of each of these occurrences of the actor's; those that are not there are left out.

        It costs as many statements for many as for one: one for these, and one for each round of looking for copies.
        """
        named = LISTED.where(among(occurrences.c.id, ids))
        search = _Search()
        search.note(await self._connection.execute(named_within(actor, named, occurrences)))
        wanted = set(search.found)
        for _ in range(_MOST_ROUNDS):
            marks = search.unasked(wanted)
            if not marks:
                break
            search.note(await self._connection.execute(_marked(actor, marks)))
        return search.meetings(wanted)


class _Search:
    """All that was found so far, some of which may turn out to be of no meeting that is wanted."""

    def __init__(self) -> None:
        self.found: dict[OccurrenceId, tuple[Sighting, Occurrence]] = {}
        self._asked: set[Mark] = set()

    def note(self, rows: Iterable[Row[Any]]) -> None:
        for row in rows:
            if row.id not in self.found:
                self.found[OccurrenceId(row.id)] = _sighting(row), occurrence_of(row, row.last_synced_at)

    def unasked(self, wanted: Collection[OccurrenceId]) -> Collection[Mark]:
        """The marks of the meetings that are wanted, but for those that were returned before."""
        marks = {mark for group in self._groups(wanted) for sighting in group for mark in sighting.marks()}
        new = marks - self._asked
        self._asked |= new
        return new

    def meetings(self, wanted: Collection[OccurrenceId]) -> Mapping[OccurrenceId, Meeting]:
        found: dict[OccurrenceId, Meeting] = {}
        for group in self._groups(wanted):
            copies = sorted((self.found[sighting.id][1] for sighting in group), key=_order)
            meeting = Meeting(meeting_id(copy.id for copy in copies), tuple(copies))
            found.update((copy.id, meeting) for copy in copies if copy.id in wanted)
        return found

    def _groups(self, wanted: Collection[OccurrenceId]) -> Iterator[Collection[Sighting]]:
        for group in same_meetings(sighting for sighting, _ in self.found.values()):
            if any(sighting.id in wanted for sighting in group):
                yield group


def _sighting(row: Row[Any]) -> Sighting:
    """Of an instance in a row written before `meeting_start` was there: as if it had not been moved."""
    link = None if row.meeting_link is None else MeetingLink(row.meeting_link, row.meeting_platform)
    return Sighting(
        id=OccurrenceId(row.id),
        provider=ProviderName(row.provider),
        uid=row.uid,
        original_start=row.meeting_start or (row.starts_at if row.is_recurring else None),
        starts_at=row.starts_at,
        link=link,
        is_cancelled=row.status == EventStatus.CANCELLED,
    )


def _order(copy: Occurrence) -> tuple[bool, datetime, OccurrenceId]:
    return copy.status is EventStatus.CANCELLED, copy.starts_at, copy.id


def _marked(actor: Actor, marks: Iterable[Mark]) -> Any:  # noqa: ANN401 -- a select, or several in one
    """All of the actor's that may have one of these marks, and some that have none."""
    singles: set[str] = set()
    instances: set[str] = set()
    originals: set[datetime] = set()
    starts: set[datetime] = set()
    for kind, name, moment in marks:
        if kind == "link" and moment is not None:
            starts.add(moment)
        elif moment is None:
            singles.add(name)
        else:
            instances.add(name)
            originals.add(moment)
    columns = occurrences.c
    parts: list[Select[Any]] = []
    if singles or instances:
        parts.append(LISTED.where(among(columns.uid, singles | instances), columns.meeting_start.is_(None)))
    if instances:
        parts.append(LISTED.where(among(columns.uid, instances), columns.meeting_start.in_(originals)))
    if starts:
        parts.append(LISTED.where(columns.starts_at.in_(starts), columns.meeting_link.is_not(None)))
    return union_all(*(within(actor, part, occurrences) for part in parts))
