"""What syncing came to."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from calendar_sync.domain import sync as domain
from calendar_sync.domain.identifiers import ConnectionId
from schema.types.calendar import Calendar
from schema.types.connection import ConnectedAccount
from schema.types.described import described
from schema.types.enums import CalendarState, ProviderName, RunStatus, Trigger
from schema.types.failures import ErrorCode
from schema.types.loaded import loaded
from schema.types.loading import Info

_NEW = "How many event objects were found that had not been stored. A series with all its exceptions is one."
_UPDATED = "How many stored event objects had changed in what they mean."
_REMOVED = "How many stored event objects the provider no longer has."
_SYNCED = "How many calendars were read completely."
_SEEN = (
    "How many event objects were read, changed or not, each counted once. What is told to be gone is not among them."
)
_PAGES = "How many pages of changes were read."


@strawberry.type(
    description="Why a calendar, or a whole account, could not be synced. Nothing stored is removed by it."
)
class SyncError:
    code: ErrorCode = strawberry.field(description="The kind of failure.")
    message: str = strawberry.field(description="The reason, in one sentence.")
    calendar_id: strawberry.ID | None = strawberry.field(description="The calendar; `null` for the whole account.")

    @loaded(
        "The calendar; `null` for the whole account, and for one that is gone since.",
        lambda error, loaders: loaders.calendars.load(error.calendar_id) if error.calendar_id else None,
    )
    def calendar(self, calendar: Calendar | None) -> Calendar | None:
        return calendar


@strawberry.type(
    description="What a run has done with one calendar, as far as it has come. The counts of a run are the sums of "
    "those of its calendars."
)
class CalendarProgress:
    calendar_id: strawberry.ID = strawberry.field(description="The calendar: `cal_…`")
    state: CalendarState = strawberry.field(description="How far the run is with it.")
    pages: int = strawberry.field(description=_PAGES)
    events_seen: int = strawberry.field(description=_SEEN)
    new_events: int = strawberry.field(description=_NEW)
    updated_events: int = strawberry.field(description=_UPDATED)
    removed_events: int = strawberry.field(description=_REMOVED)
    error: SyncError | None = strawberry.field(
        description="Why it could not be read, if so; `null` too where the whole account could not."
    )

    @loaded(
        "The calendar; `null` where it is gone since.",
        lambda progress, loaders: loaders.calendars.load(progress.calendar_id),
    )
    def calendar(self, calendar: Calendar | None) -> Calendar | None:
        return calendar

    @classmethod
    def of(cls, progress: domain.CalendarProgress, run: domain.SyncRun) -> "CalendarProgress":
        failure = next((each for each in run.failures if each.calendar_id == progress.calendar_id), None)
        return cls(
            calendar_id=strawberry.ID(progress.calendar_id),
            state=progress.state,
            pages=progress.pages,
            events_seen=progress.events_seen,
            new_events=progress.tally.new,
            updated_events=progress.tally.updated,
            removed_events=progress.tally.removed,
            error=None if failure is None else _error(failure),
        )


@strawberry.type(
    description="One run of sync over one account. While it is under way, all that it counts is what is stored so far: "
    "each page of changes is stored together with its counts."
)
class SyncRun:
    id: strawberry.ID = strawberry.field(description="`run_…`")
    connection_id: strawberry.ID = strawberry.field(description="The account: `tcred_…`")
    provider: ProviderName = strawberry.field(description="The service that was read.")
    account_email: str | None = strawberry.field(description="The account's e-mail address, where the provider tells.")
    trigger: Trigger = strawberry.field(description="Who asked for it.")
    status: RunStatus = strawberry.field(description="How it ended.")
    started_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    duration_ms: int | None = strawberry.field(description="How long it took, in milliseconds.")
    synced_calendars: int = strawberry.field(description=_SYNCED)
    new_events: int = strawberry.field(description=_NEW)
    updated_events: int = strawberry.field(description=_UPDATED)
    removed_events: int = strawberry.field(description=_REMOVED)
    events_seen: int = strawberry.field(description=_SEEN)
    pages: int = strawberry.field(description=_PAGES)
    requests: int = strawberry.field(description="How many requests the provider was sent.")
    calendars: list[CalendarProgress] = strawberry.field(
        description="How far it is with each calendar of the account that is read, in the order in which they are. "
        "Known once something is found in one of them, or when the run ends; of a run that was cut short, as it stood."
    )
    waiting_until: datetime | None = strawberry.field(
        description="While the provider has it wait, since it sent too many requests: when it goes on, by itself. A "
        "wait that is too long for that ends the run instead: `schedule { nextSyncAt }` says when the next one is."
    )
    errors: list[SyncError] = strawberry.field(description="What went wrong, by calendar.")

    @loaded(
        "The account; `null` when it was disconnected since.",
        lambda run, loaders: loaders.connections.load(run.connection_id),
    )
    def connection(self, connection: ConnectedAccount | None) -> ConnectedAccount | None:
        return connection

    @classmethod
    def of(cls, run: domain.SyncRun) -> "SyncRun":
        return cls(
            id=strawberry.ID(run.id),
            connection_id=strawberry.ID(run.connection_id),
            provider=run.provider,
            account_email=run.account_email,
            trigger=run.trigger,
            status=run.status,
            started_at=run.started_at,
            finished_at=run.finished_at,
            duration_ms=_milliseconds(run),
            synced_calendars=run.synced_calendars,
            new_events=run.tally.new,
            updated_events=run.tally.updated,
            removed_events=run.tally.removed,
            events_seen=run.events_seen,
            pages=run.pages,
            requests=run.requests,
            calendars=[CalendarProgress.of(each, run) for each in run.calendars],
            waiting_until=run.waiting_until,
            errors=[_error(failure) for failure in run.failures],
        )


def _milliseconds(run: domain.SyncRun) -> int | None:
    """At most what an `Int` holds, 24 days: a run whose process ended is closed whenever somebody notices."""
    if run.finished_at is None:
        return None
    return min(round((run.finished_at - run.started_at).total_seconds() * 1000), 2**31 - 1)


def _error(failure: domain.SyncFailure) -> SyncError:
    calendar = strawberry.ID(failure.calendar_id) if failure.calendar_id else None
    return SyncError(code=ErrorCode.of(failure.code), message=failure.message, calendar_id=calendar)


@strawberry.type(description="What one request to sync came to, over all accounts it covered.")
class SyncResult:
    synced_calendars: int = strawberry.field(description=_SYNCED)
    new_events: int = strawberry.field(description=_NEW)
    updated_events: int = strawberry.field(description=_UPDATED)
    removed_events: int = strawberry.field(description=_REMOVED)
    errors: list[str] = strawberry.field(
        description="One line for each failure, `<provider>: <reason>`, with the account in parentheses where there "
        "are several of the provider. Empty when all went well."
    )
    runs: list[SyncRun] = strawberry.field(
        description="What was done for each account. A run that was under way already is joined, not repeated."
    )
    started_at: datetime = strawberry.field(description="When the request was taken up.")
    duration_ms: int = strawberry.field(description="How long the answer took, in milliseconds.")
    pending_ids: strawberry.Private[Sequence[ConnectionId]]

    @described(
        "The accounts whose sync was asked for and has not ended: it goes on. All of them with `wait: false`, else "
        "those that took too long to be waited for."
    )
    async def pending(self, info: Info) -> list[ConnectedAccount]:
        found = await info.context.loaders.connections.load_many(self.pending_ids)
        return [account for account in found if account is not None]

    @classmethod
    def of(cls, result: domain.SyncResult, started_at: datetime, duration_ms: int) -> "SyncResult":
        return cls(
            synced_calendars=result.synced_calendars,
            new_events=result.tally.new,
            updated_events=result.tally.updated,
            removed_events=result.tally.removed,
            errors=list(result.errors),
            runs=[SyncRun.of(run) for run in result.runs],
            started_at=started_at,
            duration_ms=duration_ms,
            pending_ids=[connection.id for connection in result.pending],
        )
