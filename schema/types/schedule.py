"""When accounts are synced, and why then."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

import strawberry

from calendar_sync.domain import schedule as domain
from schema.types.enums import DueReason, ProviderName, SyncState, Trigger


@strawberry.type(description="When an account is synced next, and why then.")
class SyncSchedule:
    state: SyncState = strawberry.field(description="Where it is between two syncs.")
    reason: DueReason = strawberry.field(
        description="Why it is due when it is; while it is running or queued, why it came to be."
    )
    since: datetime | None = strawberry.field(
        description="While it is running, when that began; while it is queued, since when it waits. `null` else."
    )
    next_sync_at: datetime | None = strawberry.field(
        description="While it is waiting, when the next sync is due. `null` else: the end of a sync says when the next "
        "one is."
    )
    failed_runs_in_a_row: int = strawberry.field(
        description="How many of the last runs came to nothing, one after the other."
    )
    interval_seconds: int = strawberry.field(
        description="How often it is synced as things are, a quarter more or less at random; after failures less."
    )
    is_pushed: bool = strawberry.field(
        description="Whether its provider tells of every change in the calendars that are read, so that it need not be "
        "asked so often."
    )
    pushed_until: datetime | None = strawberry.field(
        description="When that ends, unless it is renewed, as it is in time."
    )
    run_id: strawberry.ID | None = strawberry.field(description="While it is running, the run: `run_…`")
    trigger: Trigger | None = strawberry.field(description="While it is running or queued, who asked for that.")

    @classmethod
    def of(cls, found: domain.SyncSchedule) -> "SyncSchedule":
        return cls(
            state=found.state,
            reason=found.reason,
            since=found.since,
            next_sync_at=found.next_sync_at,
            failed_runs_in_a_row=found.failed_in_a_row,
            interval_seconds=round(found.interval.total_seconds()),
            is_pushed=found.pushed_until is not None,
            pushed_until=found.pushed_until,
            run_id=None if found.run is None else strawberry.ID(found.run),
            trigger=found.trigger,
        )


@strawberry.interface(
    description="How accounts stand. Each is counted once: as running, queued, overdue, waiting or paused."
)
class SyncCounts:
    running: int = strawberry.field(description="How many are being synced now.")
    queued: int = strawberry.field(description="How many are asked for, and wait for a process that has room.")
    overdue: int = strawberry.field(description="How many are due, and nobody has taken them up yet.")
    waiting: int = strawberry.field(description="How many are not due yet.")
    paused: int = strawberry.field(description="How many have to be connected anew.")
    queued_since: datetime | None = strawberry.field(
        description="Since when the first of those that are asked for waits."
    )
    overdue_since: datetime | None = strawberry.field(
        description="Since when the first of those that are overdue is due."
    )


@strawberry.type(description="How the organisation's accounts at one service stand.")
class ProviderBacklog(SyncCounts):
    provider: ProviderName = strawberry.field(description="The service.")


@strawberry.type(description="How all accounts of the organisation stand.")
class SyncBacklog(SyncCounts):
    by_provider: list[ProviderBacklog] = strawberry.field(description="The same for each service that it has any of.")

    @classmethod
    def of(cls, found: Sequence[domain.Backlog]) -> "SyncBacklog":
        by_provider = [ProviderBacklog(**asdict(each)) for each in found]
        return cls(
            running=sum(each.running for each in found),
            queued=sum(each.queued for each in found),
            overdue=sum(each.overdue for each in found),
            waiting=sum(each.waiting for each in found),
            paused=sum(each.paused for each in found),
            queued_since=_first(each.queued_since for each in found),
            overdue_since=_first(each.overdue_since for each in found),
            by_provider=by_provider,
        )


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
