"""The runs that one process works at: fairly between organisations, and none keeps a place in which it only waits.

A run gives its place to another one while it waits, and at the end of a page where it is another one's turn.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar
from itertools import count

from calendar_sync.domain.identifiers import OrganizationId
from calendar_sync.sync.places import Line, Places

MOST_BEGUN = 256
"""Runs begun and not ended, those that wait included: each may hold a connection to its provider open."""
QUANTUM = 0.5
"""Seconds for which a run may keep its place from the others of its organisation."""
YOUNG = 5.0
"""Seconds after its beginning from which a run is a long one, beside which there is room for others."""


class Slots:
    """`active` runs work at a time, `begun` are under way. A run is what a task does within `run_of`.

    Within the run, `async with slots.away(): …` gives its place to another one for as long as the body lasts, and
    `await slots.turn()` does so where it is another one's turn. `on_room` is called when there is more `room`. Time is
    that of the event loop.
    """

    def __init__(self, active: int, begun: int = MOST_BEGUN, *, quantum: float = QUANTUM, young: float = YOUNG) -> None:
        self.on_room: Callable[[], None] = _nothing
        self._number, self._most = active, max(active, begun)
        self._active, self._begun = Places(self._number), Places(self._most)
        self._quantum, self._young = quantum, young
        self._numbers = count()
        self._under_way = 0
        self._filling: set[_Run] = set()
        """The young runs, which work or are about to."""

    @property
    def room(self) -> int:
        """How many more runs this process should take upon itself.

        Runs that are away, or young no more, leave room for others, who then share the places with them; but a process
        with as many young ones as it has places takes nothing that another process could do sooner.
        """
        return max(0, min(self._number - len(self._filling), self._most - self._under_way))

    @asynccontextmanager
    async def run_of(self, organization: OrganizationId) -> AsyncGenerator[None]:
        """A run of that organisation. Entering waits for a place; from then on the run is young for a while."""
        run = _Run(next(self._numbers), organization, self._active, self._quantum)
        with ExitStack() as ending:
            self._under_way += 1
            self._filling.add(run)
            ending.callback(self._end, run)
            await self._begun.take(organization, Line.SHORT)
            ending.callback(self._begun.give, organization)
            await run.take(Line.SHORT)
            ending.callback(run.end)
            ageing = asyncio.get_running_loop().call_later(self._young, self._grow_up, run)
            ending.callback(ageing.cancel)
            ending.callback(_run.reset, _run.set(run))
            yield

    @asynccontextmanager
    async def away(self) -> AsyncGenerator[None]:
        """Wait in here without a place; outside of a run nothing is given away.

        Leaving takes a place again. A body that is cancelled or fails has done with working: it leaves at once,
        without one.
        """
        run = _run.get()
        if run is None:
            yield
            return
        run.leave()
        self._make_room(run)
        yield
        if run.is_young:
            self._filling.add(run)
        await run.take(Line.BACK)

    async def turn(self) -> None:
        """Give the place to whoever's turn it is, if anybody's, and go on with the next one; outside of a run, nothing.

        It is the turn of an organisation that holds fewer places and, once the run has had its place for the quantum,
        of the others in its own.
        """
        if (run := _run.get()) is not None:
            await run.turn()

    def _end(self, run: "_Run") -> None:
        self._under_way -= 1
        self._grow_up(run)

    def _grow_up(self, run: "_Run") -> None:
        run.is_young = False
        self._make_room(run)

    def _make_room(self, run: "_Run") -> None:
        self._filling.discard(run)
        if self.room:
            self.on_room()


class _Run:
    """The place of one run. Its tasks share it: the first that waits gives it up, the first that is back takes one."""

    def __init__(self, number: int, organization: OrganizationId, places: Places, quantum: float) -> None:
        self.is_young = True
        self._number = number
        self._organization = organization
        self._places = places
        self._quantum = quantum
        self._since: float | None = None
        """When it took the place that it holds."""
        self._is_over = False
        self._taking = asyncio.Lock()

    async def take(self, line: Line, rank: int = 0) -> None:
        async with self._taking:
            if self._since is None:
                await self._places.take(self._organization, line, rank)
                self._since = _now()
        if self._is_over:  # it ended without waiting for a task of its own
            self.leave()

    def leave(self) -> None:
        if self._since is not None:
            self._since = None
            self._places.give(self._organization)

    async def turn(self) -> None:
        line, rank = (Line.SHORT, 0) if self.is_young else (Line.LONG, self._number)
        if self._is_anothers_turn():
            async with self._taking:
                self._since = None
                await self._places.pass_on(self._organization, line, rank)
                self._since = _now()
        await self.take(line, rank)

    def _is_anothers_turn(self) -> bool:
        if self._since is None:
            return False
        return self._places.is_due(self._organization, to_its_own=_now() - self._since >= self._quantum)

    def end(self) -> None:
        self._is_over = True
        self.leave()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _nothing() -> None:
    return


_run: ContextVar[_Run | None] = ContextVar("run", default=None)
