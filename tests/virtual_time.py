"""An event loop whose time passes only while nothing can be done: what takes hours ends at once, always the same."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Starts at 0.0. For tasks that wait for one another and for time, not for sockets, threads or processes."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.now


class _Leaping(selectors.SelectSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("Everything waits, and nothing will ever happen.")
        self._loop.now += timeout
        return super().select(0)


def run(coroutine: Coroutine[object, object, T]) -> T:
    """What the coroutine returns, in virtual time. Fails when everything waits for ever."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)
