"""The loop that brings the store up to date with one calendar. It knows no provider by name.

Its laws: one page is one transaction, and the cursor goes in with the last changes it stands for, so a crash may
repeat work but never skips any; what is removed was either named as removed or left out of a complete listing, and a
listing that would empty a calendar is read twice; every object counts at most once in a run.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calendar_sync.domain.changes import ChangeCause
from calendar_sync.domain.connections import Calendar, Lease
from calendar_sync.domain.errors import CursorExpired, DoubtfulSnapshot
from calendar_sync.domain.events import Window
from calendar_sync.domain.identifiers import RunId
from calendar_sync.domain.providers import Change, ChangePage, Cursor, ProviderClient, Removal, Snapshot
from calendar_sync.domain.sync import (
    CalendarProgress,
    CalendarState,
    RunLedger,
    RunProgress,
    SyncFailure,
    Transition,
    in_sequence,
)
from calendar_sync.store.database import Database, Transaction

ROLL_SLACK = timedelta(days=1)
"""How far the stored occurrences may lag behind the window before they are extended."""


@asynccontextmanager
async def fenced(database: Database, lease: Lease) -> AsyncGenerator[Transaction]:
    """A transaction that only commits while the lease stands. Raises `LeaseLost`."""
    async with database.begin() as tx:
        await tx.connections.fence(lease)
        yield tx


async def no_turns() -> None:
    """For a run that shares its process with no other one."""


def unfollowed() -> None:
    """For runs that nobody follows."""


@dataclass(slots=True)
class RunUnderWay:
    """One run over one connection: what it reads with, what it may write, and what it has counted so far.

    `turn` is awaited after each page, where the run holds nothing that others may want: they can have their turn.
    `on_change` is called whenever what is stored of the run may have changed.
    """

    id: RunId
    lease: Lease
    database: Database
    client: ProviderClient
    window: Window
    cause: ChangeCause
    clock: Callable[[], datetime]
    turn: Callable[[], Awaitable[None]] = no_turns
    on_change: Callable[[], None] = unfollowed
    ledger: RunLedger = field(default_factory=RunLedger)
    failures: list[SyncFailure] = field(default_factory=list)

    def writing(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that only commits while this run holds the connection. Raises `LeaseLost`."""
        return fenced(self.database, self.lease)

    def progress(self, *ahead: CalendarProgress) -> RunProgress:
        """What it has done, once what is `ahead` is recorded."""
        return RunProgress(self.ledger.calendars(*ahead), self.client.requests, tuple(self.failures))


async def sync_calendar(calendar: Calendar, run: RunUnderWay) -> None:
    """Bring the store up to date with one calendar. Safe to run again at any time.

    Raises any `ProviderError`; whatever pages came before it are stored.
    """
    since, confirmed = calendar.cursor, False
    while True:
        try:
            await _pull(calendar, run, since, confirmed=confirmed)
            break
        except CursorExpired:
            if since is None:
                raise
            since = None
        except DoubtfulSnapshot:
            since, confirmed = None, True
    await _roll(calendar, run)


async def _pull(calendar: Calendar, run: RunUnderWay, since: Cursor | None, *, confirmed: bool) -> None:
    seen: set[str] = set()
    async with aclosing(run.client.changes(calendar.remote, since, run.window)) as pages:
        async for page in pages:
            _note_seen(seen, page.changes)
            run.ledger.read(calendar.id, page.changes)
            async with run.writing() as tx:
                if not await tx.calendars.is_selected(calendar.id):
                    run.ledger.record(calendar.id, {}, CalendarState.SKIPPED)
                    return
                transitions = await _store_page(tx, calendar, page, seen, run, confirmed=confirmed)
            run.ledger.record(calendar.id, transitions, _state_after(page))
            run.on_change()
            await run.turn()


async def _store_page(
    tx: Transaction, calendar: Calendar, page: ChangePage, seen: set[str], run: RunUnderWay, *, confirmed: bool
) -> Mapping[str, Transition]:
    now = run.clock()
    transitions = dict(await tx.events.apply(calendar, page.changes, run.id, run.window, now, cause=run.cause))
    if page.snapshot is Snapshot.WHOLE:
        implied = await tx.events.implied(calendar, seen)
        if implied:
            later = await tx.events.apply(calendar, implied, run.id, run.window, now, cause=run.cause)
            transitions = in_sequence(transitions, later)
    if page.calendar is not None:
        await tx.calendars.describe(calendar.id, page.calendar)
    if page.cursor is not None:
        if page.snapshot is not Snapshot.NONE:
            swept = await tx.events.sweep(
                calendar, seen, page.snapshot, run.id, now, confirmed=confirmed, cause=run.cause
            )
            transitions = in_sequence(transitions, swept)
        await tx.calendars.completed(calendar.id, page.cursor, now)
    if page.changes or transitions:
        ahead = run.ledger.preview(calendar.id, transitions, _state_after(page))
        await tx.runs.progress(run.id, run.progress(ahead))
    return transitions


def _state_after(page: ChangePage) -> CalendarState:
    """That of its calendar: the cursor is on the last page."""
    return CalendarState.READING if page.cursor is None else CalendarState.SYNCED


async def _roll(calendar: Calendar, run: RunUnderWay) -> None:
    """Extend the occurrences of endless series as the window moves on. No event changes by it."""
    if calendar.expanded_until is None or run.window.end - calendar.expanded_until > ROLL_SLACK:
        async with run.writing() as tx:
            await tx.events.roll(calendar, run.window, run.clock())


def _note_seen(seen: set[str], changes: Iterable[Change]) -> None:
    for change in changes:
        if isinstance(change, Removal):
            seen.discard(change.remote_id)
        else:
            seen.add(change.remote_id)
