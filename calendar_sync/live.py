"""Following what stands in the store: who follows a key is told its state, and each other that it comes to."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from calendar_sync.domain.errors import StoreUnavailable

_log = logging.getLogger(__name__)

Key = TypeVar("Key")
State = TypeVar("State")

LOOK_EVERY = 0.5
"""Seconds between two looks, for what other processes write; what this one writes is looked at once."""


@dataclass(slots=True, eq=False)
class _Follower(Generic[Key, State]):
    key: Key
    states: "asyncio.Queue[State | None]" = field(default_factory=lambda: asyncio.Queue(1))

    def tell(self, state: State | None) -> None:
        """One that is slow is told the latest state only."""
        if self.states.full():
            self.states.get_nowait()
        self.states.put_nowait(state)


@dataclass(slots=True)
class Live(Generic[Key, State]):
    """One for a process and kind of state. However many follow, `look` is asked one question for all of them at a time.

    `look` gives the states of those keys that have one. While the store is away there is nothing new.
    """

    look: Callable[[Collection[Key]], Awaitable[Mapping[Key, State]]]
    every: float = LOOK_EVERY
    _followers: dict[_Follower[Key, State], State | None] = field(default_factory=dict)
    _looker: asyncio.Task[None] | None = None
    _soon: asyncio.Event = field(default_factory=asyncio.Event)
    _is_closed: bool = False

    async def follow(self, key: Key) -> AsyncGenerator[State]:
        """The state as it is, and whenever it has become another one; until `close`. Close it when done (`aclosing`).

        Whatever is committed before this is begun is in the first state. Of states that follow each other faster than
        they are taken, only the last is told.
        """
        follower = _Follower[Key, State](key)
        self._followers[follower] = None
        self.wake()
        try:
            while not self._is_closed and (state := await follower.states.get()) is not None:
                yield state
        finally:
            del self._followers[follower]

    def wake(self) -> None:
        """Look at once, for this process may have changed something. No coroutine, so that any commit may call it."""
        self._soon.set()
        if self._followers and self._looker is None and not self._is_closed:
            self._looker = asyncio.create_task(self._keep_looking(), name="live")

    async def close(self) -> None:
        """End all following."""
        self._is_closed = True
        for follower in self._followers:
            follower.tell(None)
        self._soon.set()
        if self._looker is not None:
            await asyncio.gather(self._looker, return_exceptions=True)

    async def _keep_looking(self) -> None:
        """Ends in the very step that finds nobody following."""
        try:
            while self._followers and not self._is_closed:
                self._soon.clear()
                await self._tell()
                await self._pause()
        finally:
            self._looker = None

    async def _tell(self) -> None:
        followers = tuple(self._followers)
        try:
            states = await self.look({follower.key for follower in followers})
        except StoreUnavailable as error:
            _log.debug("Nothing is told for now: %s", error.message)
            return
        except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours from silencing all others
            _log.error("Looking at what is followed failed by a fault of this program.", exc_info=error)
            return
        for follower in followers:
            state = states.get(follower.key)
            if state is not None and follower in self._followers and state != self._followers[follower]:
                self._followers[follower] = state
                follower.tell(state)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self.every):
                await self._soon.wait()
        except TimeoutError:
            return
