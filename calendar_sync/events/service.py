"""The use case of reading occurrences and deciding on their auto-join, whoever asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.events import AutoJoinStatus
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.occurrences import (
    Occurrence,
    OccurrenceContent,
    OccurrenceFilter,
    OccurrencePage,
    PastOccurrence,
)
from calendar_sync.domain.problems import Problem
from calendar_sync.store.database import Database

_SETTABLE = (AutoJoinStatus.DISABLED, AutoJoinStatus.PENDING)


@dataclass(frozen=True, slots=True)
class EventService:
    """Every answer is limited to what the actor's own connections hold."""

    database: Database

    async def page(
        self,
        actor: Actor,
        wanted: OccurrenceFilter,
        *,
        limit: int,
        skip: int = 0,
        after: tuple[datetime, OccurrenceId] | None = None,
        descending: bool = False,
        count: bool = False,
    ) -> OccurrencePage:
        """Occurrences by start, then id. `after` is the place of the last one already seen (keyset); the total is
        counted only when `count` is set."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.events.page(
                actor, wanted, after=after, skip=skip, limit=limit, descending=descending, count=count
            )

    async def get(self, actor: Actor, occurrence: OccurrenceId) -> Occurrence:
        """Raises `NotFound`."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.events.get(actor, occurrence)

    async def as_of(self, actor: Actor, occurrence: OccurrenceId, at: datetime) -> PastOccurrence | None:
        """The occurrence as it was stored then; `None` if it was not there. Raises `HistoryCompacted`."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.events.as_of(actor, occurrence, at)

    async def contents(
        self, actor: Actor, occurrences: Sequence[OccurrenceId]
    ) -> Mapping[OccurrenceId, OccurrenceContent]:
        """Everything the named occurrences say, in one query; those that are not there are left out."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.events.contents(actor, occurrences)

    async def unreadable(self, actor: Actor, limit: int) -> Sequence[Problem]:
        """What the actor's providers have and cannot be understood here, the last seen first."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.events.problems(actor, limit)

    async def set_auto_join(self, actor: Actor, occurrence: OccurrenceId, status: str) -> Occurrence:
        """`disabled` keeps the bot out, `pending` lets the rules decide again; anything else is `Invalid`."""
        if status not in _SETTABLE:
            raise Invalid("auto_join_status must be 'disabled' or 'pending'.", field="auto_join_status")
        async with self.database.begin(actor=actor) as tx:
            return await tx.events.set_auto_join(actor, occurrence, AutoJoinStatus(status))
