"""One process that asks for runs and does them, over a queue of its own."""

import asyncio

from calendar_sync.domain.requests import Asked
from calendar_sync.domain.sync import SyncRun
from calendar_sync.sync.lease import LeasedRuns
from calendar_sync.sync.service import Late, SyncService
from calendar_sync.sync.slots import Slots
from calendar_sync.sync.worker import SyncWorker


class SyncProcess(SyncService):
    """`joining` counts those whose wait is stored: for a run to come, or for one that is under way."""

    def __init__(self, runs: LeasedRuns, slots: Slots | None = None) -> None:
        super().__init__(runs.database, runs.queue, runs.clock, runs.spacing)
        self.worker = SyncWorker(runs.queue, runs, slots or Slots(8), self.watch)
        self.worker.start()
        self.joining = asyncio.Semaphore(0)

    @property
    def runs_under_lease(self) -> LeasedRuns:
        return self.worker.runs

    @runs_under_lease.setter
    def runs_under_lease(self, runs: LeasedRuns) -> None:
        self.worker.runs = runs

    async def close(self) -> None:
        await super().close()
        await self.worker.close()

    async def _served(self, asked: Asked) -> SyncRun | Late | None:
        self.joining.release()
        return await super()._served(asked)
