"""The runs that one process works at: a run that only waits gives its place to another one.

Runs that come back from a wait go before those that have not begun: what is begun ends, and few are half done.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from types import TracebackType

MOST_BEGUN = 256
"""Runs begun and not ended, those that wait included: each may hold a connection to its provider open."""


class Slots:
    """`active` runs work at a time, `begun` are under way. A run is a task that enters it: `async with slots: …`.

    Within the run, `async with slots.away(): …` gives its slot to another run for as long as the body lasts.
    """

    def __init__(self, active: int, begun: int = MOST_BEGUN) -> None:
        self._active = _Places(active)
        self._begun = _Places(max(active, begun))

    @property
    def room(self) -> int:
        """How many more runs could work at once."""
        return min(self._active.free, self._begun.free)

    async def __aenter__(self) -> None:
        await self._begun.take()
        try:
            await self._active.take()
        except BaseException:
            self._begun.give()
            raise
        _turn.set(_Turn(self._active))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if (turn := _turn.get()) is not None:
            turn.end()
        _turn.set(None)
        self._begun.give()

    @asynccontextmanager
    async def away(self) -> AsyncGenerator[None]:
        """Wait in here without a slot; outside of a run nothing is given away.

        Leaving takes a slot again, the next that is free. A body that is cancelled or fails has done with working:
        it leaves at once, without one.
        """
        turn = _turn.get()
        if turn is None:
            yield
            return
        turn.leave()
        yield
        await turn.come_back()


class _Places:
    """A number of places, handed over in the order in which they were asked for; those who come back go first."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._coming_back: deque[asyncio.Future[None]] = deque()
        self._new: deque[asyncio.Future[None]] = deque()

    @property
    def free(self) -> int:
        return self._free

    async def take(self, *, again: bool = False) -> None:
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        (self._coming_back if again else self._new).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was handed over in the very step that cancelled us
                self.give()
            raise

    def give(self) -> None:
        for waiting in (self._coming_back, self._new):
            while waiting:
                place = waiting.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        self._free += 1


class _Turn:
    """The place of one run. Its tasks share it: the first that waits gives it up, the first that is back takes one."""

    def __init__(self, places: _Places) -> None:
        self._places = places
        self._is_held = True
        self._is_over = False
        self._taking = asyncio.Lock()

    def leave(self) -> None:
        if self._is_held:
            self._is_held = False
            self._places.give()

    async def come_back(self) -> None:
        async with self._taking:
            if not self._is_held:
                await self._places.take(again=True)
                self._is_held = True
        if self._is_over:  # it ended without waiting for a task of its own
            self.leave()

    def end(self) -> None:
        self._is_over = True
        self.leave()


_turn: ContextVar[_Turn | None] = ContextVar("turn", default=None)
