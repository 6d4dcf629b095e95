"""Event objects and their occurrences."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import ChangeCause
from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.events import AutoJoinStatus, Window
from calendar_sync.domain.identifiers import CalendarId, EventId, OccurrenceId, RunId
from calendar_sync.domain.occurrences import (
    Occurrence,
    OccurrenceContent,
    OccurrenceFilter,
    OccurrencePage,
    PastOccurrence,
)
from calendar_sync.domain.problems import Problem
from calendar_sync.domain.providers import Change, Snapshot
from calendar_sync.domain.sync import Transition
from calendar_sync.store import (
    applying,
    attendee_lists,
    deriving,
    exceptions,
    listing,
    problems,
    rolling,
    sweeping,
    time_travel,
)
from calendar_sync.store.changes import Origin
from calendar_sync.store.listing import Place
from calendar_sync.store.planning import Setting
from calendar_sync.store.removal import remove
from calendar_sync.store.scope import within
from calendar_sync.store.tables import calendars, events, occurrences


class Events:
    """`tx.events`. What changes event objects returns, by `remote_id`, those that changed and no others."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def apply(
        self,
        calendar: Calendar,
        changes: Sequence[Change],
        run: RunId,
        window: Window,
        now: datetime,
        *,
        cause: ChangeCause | None = None,
    ) -> Mapping[str, Transition]:
        """Bring the store up to a page of changes. Of an object that it names twice, the last holds.

        Occurrences are stored for the window; a single event has its one wherever it lies. Occurrences that were over
        before the window stay as they were when their series changes; the removal of the object removes them too.
        Identifiers of occurrences and what users decided about them outlast every change (`store.identity`).
        """
        return await applying.apply(self._connection, Setting(calendar, Origin(run, cause, now), window), changes)

    async def implied(self, calendar: Calendar, seen: Collection[str]) -> Sequence[Change]:
        """What a complete reading, just applied, says of exceptions told apart by not naming them among `seen`.

        To be applied before the sweep.
        """
        return await exceptions.implied(self._connection, calendar.id, seen)

    async def sweep(
        self,
        calendar: Calendar,
        seen: Collection[str],
        snapshot: Snapshot,
        run: RunId,
        now: datetime,
        *,
        confirmed: bool,
        cause: ChangeCause | None = None,
    ) -> Mapping[str, Transition]:
        """Remove what a complete reading, just applied by `run`, did not name among `seen`.

        `WHOLE` removes all of it. `UPCOMING` removes what is not over at `now`; of a series that has stored
        occurrences in the past these stay, as history without an event object, and it counts as removed all the same.
        What the reading could not understand counts as seen.

        Raises `DoubtfulSnapshot`, having removed nothing, when at least four objects with something ahead of `now`
        would go, more than half of those there are, and `confirmed` does not say that a second reading agreed.
        """
        origin = Origin(run, cause, now)
        return await sweeping.sweep(self._connection, calendar, seen, snapshot, origin, confirmed=confirmed)

    async def derive(self) -> int:
        """Complete some of the occurrences that were stored by an earlier version; 0 once there are none left."""
        return await deriving.derive(self._connection)

    async def sweep_attendees(self, after: attendee_lists.Key, at_most: int) -> attendee_lists.Key:
        """Forget who attended what is no longer stored, as far as so many rows tell; where to go on."""
        return await attendee_lists.sweep(self._connection, after, at_most)

    async def roll(self, calendar: Calendar, window: Window, now: datetime) -> int:
        """Extend the calendar's endless series to the end of the window; returns how many occurrences were added.

        Changes no event object. Does nothing where they reach that far already.
        """
        return await rolling.roll(self._connection, calendar, window, now)

    async def remove_calendar_events(
        self, calendar: CalendarId, run: RunId | None, now: datetime, *, cause: ChangeCause | None = None
    ) -> Mapping[str, Transition]:
        """Remove all event objects of a calendar that is gone or no longer selected; its reading starts over."""
        gone = await remove(self._connection, events.c.calendar_id == calendar, Origin(run, cause, now))
        unread = update(calendars).where(calendars.c.id == calendar).values(cursor=None, expanded_until=None)
        await self._connection.execute(unread)
        await problems.forget(self._connection, calendar)
        await exceptions.forget(self._connection, calendar)
        return gone

    async def hashes(self, calendar: CalendarId) -> Mapping[str, str]:
        """The content hash of each event object that the provider has, by `remote_id`."""
        content_hash = events.c.content_hash
        statement = select(events.c.remote_id, content_hash).where(
            events.c.calendar_id == calendar, content_hash.is_not(None)
        )
        return dict((await self._connection.execute(statement)).all())

    async def page(
        self,
        actor: Actor,
        wanted: OccurrenceFilter,
        *,
        limit: int,
        after: Place | None = None,
        descending: bool = False,
        skip: int = 0,
        count: bool = False,
    ) -> OccurrencePage:
        """The actor's occurrences by start and identifier, those that follow the place `after`.

        `total` counts all that match, from wherever the page starts, and only when `count` is set.
        """
        return await listing.page(
            self._connection, actor, wanted, after=after, descending=descending, skip=skip, limit=limit, count=count
        )

    async def get(self, actor: Actor, occurrence: OccurrenceId) -> Occurrence:
        """Raises `NotFound`."""
        found = await self.by_ids(actor, [occurrence])
        if occurrence not in found:
            raise NotFound("event")
        return found[occurrence]

    async def by_ids(self, actor: Actor, ids: Iterable[OccurrenceId]) -> Mapping[OccurrenceId, Occurrence]:
        """Those of the actor's that are there."""
        return await listing.by_ids(self._connection, actor, ids)

    async def of_objects(
        self, actor: Actor, objects: Iterable[EventId], limit: int
    ) -> Mapping[EventId, Sequence[Occurrence]]:
        """Of each of these event objects of the actor's its first occurrences, at most so many."""
        return await listing.of_objects(self._connection, actor, objects, limit)

    async def contents(self, actor: Actor, ids: Iterable[OccurrenceId]) -> Mapping[OccurrenceId, OccurrenceContent]:
        """All that these occurrences say, as their exceptions have it; those that are not there are left out."""
        return await listing.contents(self._connection, actor, ids)

    async def as_of(self, actor: Actor, occurrence: OccurrenceId, at: datetime) -> PastOccurrence | None:
        """The actor's occurrence as it was stored at that instant; `None` if it was not there, or is forgotten.

        Raises `HistoryCompacted` where that is no longer kept.
        """
        return await time_travel.as_of(self._connection, actor, occurrence, at)

    async def set_auto_join(self, actor: Actor, occurrence: OccurrenceId, status: AutoJoinStatus) -> Occurrence:
        """What the user decides: `DISABLED` stands until it is taken back, all else lets the rules decide again.

        Raises `NotFound`.
        """
        override = status if status is AutoJoinStatus.DISABLED else None
        statement = update(occurrences).where(occurrences.c.id == occurrence)
        statement = statement.values(auto_join_status=status, auto_join_override=override)
        await self._connection.execute(within(actor, statement, occurrences))
        return await self.get(actor, occurrence)

    async def problems(self, actor: Actor, limit: int) -> Sequence[Problem]:
        """The event objects of the actor that could not be understood, the last seen first."""
        return await problems.of_actor(self._connection, actor, limit)
