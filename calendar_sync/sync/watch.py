"""Waiting for the runs that serve requests, whichever process does them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.requests import Asked
from calendar_sync.domain.sync import SyncRun
from calendar_sync.store.database import Database

_LOOK_EVERY = 0.1  # seconds, at the runs of other processes; those of this one are told
_AGAIN_WHEN_LEFT = 1.0  # seconds between two questions to the workers, where a process died at it
_AGAIN = 5.0

Served = SyncRun | None
"""`None`: the connection is gone."""


@dataclass(slots=True, eq=False)
class _Waiter:
    connection: ConnectionId
    seq: int
    answer: asyncio.Future[Served]
    asked_at: float

    def give(self, run: Served) -> None:
        if not self.answer.done():
            self.answer.set_result(run)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def is_stuck(self, now: float, *, is_left: bool) -> bool:
        """Whether nobody may be at it, and to be asked again: the run was left, or it has been waiting for long."""
        if now - self.asked_at < (_AGAIN_WHEN_LEFT if is_left else _AGAIN):
            return False
        self.asked_at = now
        return True


@dataclass(slots=True)
class Watch:
    """One for a process. However many wait, the store is asked one question for all of them at a time.

    `ask_again` is called with connections whose request nobody may be serving.
    """

    database: Database
    clock: Callable[[], datetime]
    ask_again: Callable[[Sequence[ConnectionId]], Awaitable[None]]
    _waiters: set[_Waiter] = field(default_factory=set)
    _looker: asyncio.Task[None] | None = None
    _soon: asyncio.Event = field(default_factory=asyncio.Event)

    async def served(self, asked: Asked) -> Served:
        """The run that serves the request, once it has come to its end.

        `None` where the connection is disconnected meanwhile. Raises `StoreUnavailable`.
        """
        loop = asyncio.get_running_loop()
        seq, asked_at = asked.seq, loop.time() - _AGAIN_WHEN_LEFT
        waiter = _Waiter(asked.connection.id, seq, loop.create_future(), asked_at)
        self._waiters.add(waiter)
        if self._looker is None:
            self._looker = asyncio.create_task(self._look(), name="watch")
        try:
            return await waiter.answer
        finally:
            self._waiters.discard(waiter)

    def ended(self) -> None:
        """A run of this process has come to its end."""
        self._soon.set()

    def failed(self, connection: ConnectionId, error: Exception) -> None:
        """A run of this process could not be begun, or was cut short. Those who wait for it are told."""
        for waiter in self._waiters:
            if waiter.connection == connection:
                waiter.fail(error)

    async def close(self) -> None:
        """Tell all who wait that they wait in vain."""
        for waiter in self._waiters:
            waiter.fail(StoreUnavailable("The server is stopping; what was synced so far is stored."))
        self._soon.set()
        if self._looker is not None:
            await asyncio.gather(self._looker, return_exceptions=True)

    async def _look(self) -> None:
        """Ends in the very step that finds nobody waiting."""
        try:
            while waiting := [waiter for waiter in self._waiters if not waiter.answer.done()]:
                self._soon.clear()
                try:
                    await self._answer(waiting)
                except Exception as error:  # noqa: BLE001 - whatever it is, nobody is left waiting for an answer
                    for waiter in waiting:
                        waiter.fail(error)
                await self._pause()
        finally:
            self._looker = None

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_EVERY):
                await self._soon.wait()
        except TimeoutError:
            return

    async def _answer(self, waiting: Sequence[_Waiter]) -> None:
        now, stuck, time = self.clock(), set[ConnectionId](), asyncio.get_running_loop().time()
        async with self.database.begin(write=False) as tx:
            standings = await tx.requests.standings({waiter.connection for waiter in waiting}, now)
            for waiter in waiting:
                standing = standings.get(waiter.connection)
                if standing is None:
                    waiter.give(None)
                elif standing.done >= waiter.seq:
                    waiter.give(await tx.runs.that_served(waiter.connection, waiter.seq))
                elif waiter.is_stuck(time, is_left=standing.is_left):
                    stuck.add(waiter.connection)
        if stuck:
            await self.ask_again(sorted(stuck))
