"""Telling in the record of a run that it waits for its provider, and until when."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime, timedelta

from calendar_sync.domain.errors import LeaseLost, StoreUnavailable
from calendar_sync.sync.engine import RunUnderWay

WORTH_TELLING = 1.0
"""Seconds. Shorter pauses are over before anybody has read of them."""


class Pauses:
    """Those of one run: whatever pauses `told` within it, in any of its tasks, stands in its record while it lasts.

    That is told as well as may be: a store that is away, or a lease that was lost, is the business of the run's next
    page.
    """

    def __init__(self, run: RunUnderWay) -> None:
        self._run = run
        self._until: list[datetime] = []

    @contextmanager
    def told(self) -> Generator[None]:
        token = _of_the_run.set(self)
        try:
            yield
        finally:
            _of_the_run.reset(token)

    @asynccontextmanager
    async def last(self, seconds: float) -> AsyncGenerator[None]:
        """A pause of so many seconds, in here; the store may take its time to hear of it. One that is cut short is not
        taken back: the next page does that, or whoever ends the run."""
        until = self._run.clock() + timedelta(seconds=seconds)
        self._until.append(until)
        telling = asyncio.create_task(self._tell(), name=f"pause of {self._run.id}")
        try:
            yield
        except BaseException:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            raise
        finally:
            self._until.remove(until)
        await telling
        await self._tell()

    async def _tell(self) -> None:
        with suppress(LeaseLost, StoreUnavailable):
            async with self._run.writing() as tx:
                await tx.runs.wait(self._run.id, max(self._until, default=None))
            self._run.on_change()


@asynccontextmanager
async def told(seconds: float) -> AsyncGenerator[None]:
    """A pause of so many seconds, in here: of a run, or of anybody else, who tells nobody."""
    pauses = _of_the_run.get()
    if pauses is None or seconds < WORTH_TELLING:
        yield
        return
    async with pauses.last(seconds):
        yield


_of_the_run: ContextVar[Pauses | None] = ContextVar("pauses", default=None)
