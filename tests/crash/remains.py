"""What a store holds after processes died over it, and the laws that must hold of it then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import RecordedChange
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.identifiers import CalendarId, OccurrenceId
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.sync import RunStatus, SyncRun, Tally
from calendar_sync.store import tables
from calendar_sync.store.database import Database, Transaction
from tests.sync.world import difference

Object = tuple[CalendarId, str]


@dataclass(frozen=True)
class Remains:
    """`objects` are content hashes by calendar and remote id, `runs` the newest first."""

    objects: Mapping[Object, str]
    occurrences: Mapping[OccurrenceId, tuple[datetime, str | None]]
    changes: Sequence[RecordedChange]
    runs: Sequence[SyncRun]
    is_leased: bool

    @property
    def titles(self) -> set[str | None]:
        return {title for _, title in self.occurrences.values()}

    def expect_whole(self) -> None:
        """The record of changes has no gap, and leads step by step to exactly what is stored."""
        assert [change.seq for change in self.changes] == list(range(1, len(self.changes) + 1))
        state: dict[Object, str] = {}
        for change in (recorded.change for recorded in self.changes):
            key = (change.calendar_id, change.remote_id)
            assert state.pop(key, None) == change.before, change
            if change.after is not None:
                state[key] = change.after
        assert state.keys() == self.objects.keys()

    def counted_since(self, before: "Remains") -> Tally:
        """What the runs counted since then, those that were cut short included: exactly what changed."""
        known = {run.id: run.tally for run in before.runs}
        counted = sum((run.tally - known.get(run.id, Tally()) for run in self.runs), Tally())
        assert counted == difference(before.objects, self.objects)
        for calendar in {calendar for calendar, _ in (*before.objects, *self.objects)}:
            told = self._tally_of(calendar) - before._tally_of(calendar)
            assert told == difference(before._objects_of(calendar), self._objects_of(calendar))
        return counted

    def _tally_of(self, calendar: CalendarId) -> Tally:
        """What all runs counted in that calendar."""
        told = (each.tally for run in self.runs for each in run.calendars if each.calendar_id == calendar)
        return sum(told, Tally())

    def _objects_of(self, calendar: CalendarId) -> Mapping[Object, str]:
        return {name: held for name, held in self.objects.items() if name[0] == calendar}

    def changed_since(self, before: "Remains") -> set[Object]:
        """What is there now and was not there, or was different."""
        return {name for name, held in self.objects.items() if before.objects.get(name) != held}

    def expect_same_as(self, other: "Remains") -> None:
        """The same objects and occurrences, under the same identifiers."""
        assert self.objects == other.objects
        assert self.occurrences == other.occurrences

    def expect_at_rest(self) -> None:
        assert not self.is_leased
        statuses = [run.status for run in self.runs]
        assert statuses[0] is RunStatus.SUCCEEDED
        assert set(statuses) <= {RunStatus.SUCCEEDED, RunStatus.ABANDONED}


async def remains(url: str, actor: Actor, connection: Connection, now: datetime) -> Remains:
    database = await Database.open(url)
    async with database.begin(write=False) as tx:
        calendars = await tx.calendars.of_connection(connection.id)
        page = await tx.events.page(actor, OccurrenceFilter(), limit=10_000)
        found = Remains(
            objects={
                (calendar.id, remote_id): content_hash
                for calendar in calendars
                for remote_id, content_hash in (await tx.events.hashes(calendar.id)).items()
            },
            occurrences={each.id: (each.starts_at, each.title) for each in page.items},
            changes=await tx.changes.list(actor.user_id, 0, 10_000),
            runs=await tx.runs.list(actor, limit=1_000),
            is_leased=await _is_leased(tx, connection, now),
        )
    await database.close()
    assert len(found.occurrences) == len(page.items) == len(set(found.occurrences.values())), "none is there twice"
    return found


async def _is_leased(tx: Transaction, connection: Connection, now: datetime) -> bool:
    row = tables.connections.c
    until: datetime | None = await tx.connection.scalar(select(row.lease_until).where(row.id == connection.id))
    return until is not None and until >= now
