"""Asks for runs when they are due. What is due stands in the store; this only looks, sleeps and looks again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.store import attendee_lists
from calendar_sync.store.database import Database
from calendar_sync.sync.lease import CLAIM
from calendar_sync.sync.queue import SyncQueue

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 500
"""Connections claimed in one transaction."""
_LONGEST_SLEEP = 5.0  # seconds: what another process changes in the store is not told here
_SHORTEST_SLEEP = 0.25
_TIDY_EVERY = timedelta(minutes=1)
_COMPACT_EVERY = timedelta(hours=1)
_MOST_TRIMMED = 5_000
_MOST_SWEPT = 1_000


@dataclass(slots=True)
class Schedule:
    """Runs until it is cancelled. Any number of processes may have one over the same store.

    `history` is how long the record of a run is kept, `change_history` that of changes.
    """

    database: Database
    queue: SyncQueue
    clock: Callable[[], datetime]
    history: timedelta = timedelta(days=14)
    change_history: timedelta = timedelta(days=90)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _is_away: bool = False
    _tidy_at: datetime | None = None
    _may_derive: bool = False
    _swept: attendee_lists.Key = attendee_lists.FIRST
    _compact_at: datetime | None = None
    _has_recalled: bool = False

    async def run(self) -> None:
        """Keep looking. An unavailable store is waited for."""
        while True:
            await self.sleep(await self._looked())

    async def look(self) -> float:
        """Put what is due into the queue, and say after how many seconds to look again. Raises `StoreUnavailable`."""
        now = self.clock()
        async with self.database.begin(write=False) as tx:
            due_at = await tx.requests.next_due()
        if due_at is None:
            return _LONGEST_SLEEP
        if due_at <= now:
            async with self.database.begin() as tx:
                claimed = await tx.requests.claim_due(now, now + CLAIM, MOST_AT_ONCE)
                await self.queue.put(tx, [each.job for each in claimed if each.job is not None])
            if len(claimed) == MOST_AT_ONCE:
                return 0
        return min(max((due_at - now).total_seconds(), _SHORTEST_SLEEP), _LONGEST_SLEEP)

    async def recall(self) -> None:
        """Find in the store, once, what a queue held that was lost with its process. Raises `StoreUnavailable`."""
        if self.queue.is_of_this_process and not self._has_recalled:
            async with self.database.begin() as tx:
                await tx.requests.recall(self.clock())
        self._has_recalled = True

    async def tidy(self) -> None:
        """Keep the tables of what is past from growing without end, now and then. Raises `StoreUnavailable`."""
        now = self.clock()
        if self._tidy_at is None or now >= self._tidy_at:
            await self.queue.trim()
            trimmed = _MOST_TRIMMED
            while trimmed == _MOST_TRIMMED:
                async with self.database.begin() as tx:
                    trimmed = await tx.runs.trim(now - self.history, _MOST_TRIMMED)
                    await tx.budgets.trim(now)
            async with self.database.begin() as tx:
                self._swept = await tx.events.sweep_attendees(self._swept, _MOST_SWEPT)
            self._may_derive = True
            self._tidy_at = now + _TIDY_EVERY

    async def complete(self) -> bool:
        """Bring some of what earlier versions stored up to date; whether there may be more. Raises `StoreUnavailable`.

        What is left is looked for at every tidying, and then at every look until there is none.
        """
        if self._may_derive:
            async with self.database.begin() as tx:
                self._may_derive = await tx.events.derive() > 0
        return self._may_derive

    async def compact(self) -> None:
        """Forget changes that are older than they are kept for, now and then. Raises `StoreUnavailable`."""
        now = self.clock()
        if self._compact_at is None or now >= self._compact_at:
            is_more = True
            while is_more:
                async with self.database.begin() as tx:
                    is_more = bool(await tx.changes.compact(now - self.change_history, _MOST_TRIMMED))
            self._compact_at = now + _COMPACT_EVERY

    async def _looked(self) -> float:
        try:
            await self.recall()
            wait = await self.look()
            await self.tidy()
            await self.compact()
            if await self.complete():
                wait = min(wait, _SHORTEST_SLEEP)
        except StoreUnavailable as error:
            if not self._is_away:
                _log.warning("Nothing is synced on schedule for now: %s", error.message)
            self._is_away = True
            return _LONGEST_SLEEP
        except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours from ending the schedule
            _log.error("The schedule failed by a fault of this program.", exc_info=error)
            return _LONGEST_SLEEP
        self._is_away = False
        return wait
