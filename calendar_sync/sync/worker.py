"""Does the runs that are asked for: takes connections from the queue while there is room, and syncs them."""

import asyncio
import logging
from dataclasses import dataclass, field

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.sync.lease import LeasedRuns
from calendar_sync.sync.queue import SyncQueue, Taken
from calendar_sync.sync.slots import Slots
from calendar_sync.sync.watch import Watch

_log = logging.getLogger(__name__)

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 15.0  # seconds, for a store that is away


@dataclass(slots=True)
class SyncWorker:
    """One for a process. Who waits in this process for a run is told by `watch` when it ends."""

    queue: SyncQueue
    runs: LeasedRuns
    slots: Slots
    watch: Watch
    _work: asyncio.Task[None] | None = None
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _asking: set[asyncio.Task[None]] = field(default_factory=set)
    _is_closing: bool = False

    def start(self) -> None:
        """Begin to take jobs, if it has not."""
        if self._work is None:
            self._work = asyncio.create_task(self._keep_working(), name="worker")
            self.slots.on_room = self._ask_for_more

    def stop_taking(self) -> None:
        """Take no more jobs; those under way go on."""
        self.queue.stop()

    async def drained(self) -> None:
        """Wait until nothing is under way here."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """End the runs under way here: the page being stored is finished or undone, and the connection handed back."""
        if self._work is None:
            return
        self._is_closing = True
        self.stop_taking()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)

    async def _keep_working(self) -> None:
        """Work until the queue is stopped, whatever comes between."""
        time, wait = asyncio.get_running_loop().time, _FIRST_WAIT
        began = time()
        while not await self._worked():
            wait = _FIRST_WAIT if time() - began > _LONGEST_WAIT else min(2 * wait, _LONGEST_WAIT)
            await asyncio.sleep(wait)
            began = time()

    async def _worked(self) -> bool:
        """Whether it has done so until the queue was stopped."""
        try:
            await self.queue.work(self._do, lambda: self.slots.room)
        except StoreUnavailable as error:
            _log.warning("No syncs are taken up for now: %s", error.message)
            return False
        except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours from ending all background work
            _log.error("Taking up syncs failed by a fault of this program.", exc_info=error)
            return False
        return True

    async def _do(self, job: Taken) -> None:
        """Never raises: what becomes of the job stands in the connection's row."""
        if self._is_closing:
            return
        task = asyncio.create_task(self._sync(job), name=f"sync {job.connection}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.gather(task, return_exceptions=True)

    def _ask_for_more(self) -> None:
        asking = asyncio.create_task(self.queue.wake(), name="ask for more")
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    async def _sync(self, job: Taken) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                async with self.slots.run_of(job.organization):
                    await self.runs.run(job.connection)
                self.watch.ended()
                return
            except StoreUnavailable as error:  # who gave up the job would leave its connection for long
                _log.warning("A sync is put off: %s", error.message, extra={"connection": job.connection})
                self.watch.failed(job.connection, error)
            except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours to the connection
                _log.error(
                    "A sync failed by a fault of this program.", exc_info=error, extra={"connection": job.connection}
                )
                self.watch.failed(job.connection, error)
                return
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
