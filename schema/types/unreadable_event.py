"""Events that could not be read."""

from datetime import datetime

import strawberry

from calendar_sync.domain.problems import Problem
from schema.types.calendar import Calendar
from schema.types.loaded import loaded


@strawberry.type(
    description="An event that its provider has, but that could not be understood. What is stored of it stays."
)
class UnreadableEvent:
    calendar_id: strawberry.ID = strawberry.field(description="The calendar it is in: `cal_…`")
    remote_id: str = strawberry.field(description="What the provider calls it: a UID, an address, an id.")
    reason: str = strawberry.field(description="What is wrong with it, in one sentence.")
    source: str = strawberry.field(description="The provider's text of it, cut at 64 kB.")
    seen_at: datetime = strawberry.field(description="When it was last seen so.")

    @loaded("The calendar it is in.", lambda problem, loaders: loaders.calendars.load(problem.calendar_id))
    def calendar(self, calendar: Calendar | None) -> Calendar | None:
        return calendar

    @classmethod
    def of(cls, problem: Problem) -> "UnreadableEvent":
        return cls(
            calendar_id=strawberry.ID(problem.calendar_id),
            remote_id=problem.remote_id,
            reason=problem.reason,
            source=problem.source,
            seen_at=problem.seen_at,
        )
