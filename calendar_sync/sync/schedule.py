"""Syncs connections when they are due. What is due stands in the store; this only looks, sleeps and looks again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.sync import Trigger
from calendar_sync.store.database import Database
from calendar_sync.sync.service import SyncService
from calendar_sync.sync.slots import MOST_BEGUN

_log = logging.getLogger(__name__)

CLAIM = timedelta(minutes=2)
"""How long a connection that was taken up here is left alone by other processes, if nothing comes of it."""
MOST_AT_ONCE = MOST_BEGUN
"""Connections taken up and not done. The others are left to processes with more time."""
_LONGEST_SLEEP = 5.0  # seconds: another process may have asked for a run and ended
_SHORTEST_SLEEP = 1.0


@dataclass(slots=True)
class Schedule:
    """Runs until it is cancelled. Any number of processes may have one over the same store."""

    database: Database
    service: SyncService
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _is_away: bool = False

    async def run(self) -> None:
        """Keep looking. An unavailable store is waited for."""
        while True:
            await self.sleep(await self._looked())

    async def look(self) -> float:
        """Take up what is due, and say after how many seconds to look again. Raises `StoreUnavailable`."""
        now = self.clock()
        async with self.database.begin(write=False) as tx:
            due_at = await tx.connections.next_due()
        if due_at is None:
            return _LONGEST_SLEEP
        if due_at <= now and (room := MOST_AT_ONCE - self.service.following) > 0:
            async with self.database.begin() as tx:
                due = await tx.connections.claim_due(now, now + CLAIM, room)
            for connection in due:
                self.service.follow(connection, Trigger.SCHEDULE)
        return min(max((due_at - now).total_seconds(), _SHORTEST_SLEEP), _LONGEST_SLEEP)

    async def _looked(self) -> float:
        try:
            wait = await self.look()
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
