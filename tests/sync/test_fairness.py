"""Fairness: an organisation with fifty times the load leaves the others' runs nearly as quick as they were.

A simulation in virtual time. One process with eight places takes runs out of a queue; in it those are ahead of whose
organisation the fewest were waiting or running when they were asked for. A tenth of the runs are first syncs of a
hundred pages, and the busy organisation alone asks for more than the process can do.
"""

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from calendar_sync.domain.identifiers import OrganizationId
from calendar_sync.sync.slots import YOUNG, Slots
from tests import virtual_time

PLACES = 8
BUSY = OrganizationId("org_busy")
OTHERS = tuple(OrganizationId(f"org_{number}") for number in range(10))
TIMES_THE_LOAD = 50
BOUND = 2.0
"""Times as long as without the busy organisation: what the others' runs may take, waiting included."""
LASTS = 240.0
"""Seconds in which runs are asked for."""
EVERY = 10.0
"""Seconds from one run of an organisation that is not busy to its next, on average."""
FIRST_SYNC = 100  # pages


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that an organisation asks for `at` a time, by the seconds that each of its pages takes."""

    at: float
    organization: OrganizationId
    pages: tuple[float, ...]


def asked_by(organization: OrganizationId, every: float) -> Iterator[Asked]:
    random = Random(organization)
    at = random.expovariate(1 / every)
    while at < LASTS:
        pages = FIRST_SYNC if random.random() < 0.1 else random.randint(1, 5)
        yield Asked(at, organization, tuple(random.uniform(0.05, 0.3) for _ in range(pages)))
        at += random.expovariate(1 / every)


class Fair(Slots):
    """As the product does it. Each other discipline leaves something out, and is not good enough."""

    def __init__(self, young: float = YOUNG) -> None:
        super().__init__(PLACES, young=young)

    def priority(self, others: int) -> int:
        """Of a run, by how many others of its organisation wait or run."""
        return -others


class WithoutTurns(Fair):
    async def turn(self) -> None:
        return


class BehindAnyQueue(Fair):
    def priority(self, others: int) -> int:
        return 0


class FirstComeFirstServed(Fair):
    def __init__(self) -> None:
        super().__init__(young=10 * LASTS)

    def priority(self, others: int) -> int:
        return 0

    @asynccontextmanager
    async def run_of(self, organization: OrganizationId) -> AsyncGenerator[None]:
        async with super().run_of(OrganizationId("org_everybody")):
            yield

    async def turn(self) -> None:
        return


@dataclass
class Process:
    """Takes runs out of its queue while there is room. `took` tells how long it was from being asked for to the end."""

    slots: Fair
    took: list[tuple[Asked, float]] = field(default_factory=list)
    _queue: list[tuple[int, float, Asked]] = field(default_factory=list)
    _unfinished: Counter[OrganizationId] = field(default_factory=Counter)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, asked: Sequence[Asked]) -> None:
        self.slots.on_room = self._news.set
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ask(asked))
            for _ in asked:
                while not (self._queue and self.slots.room):
                    self._news.clear()
                    await self._news.wait()
                *_, taken = heapq.heappop(self._queue)
                tasks.create_task(self._run(taken))
                await asyncio.sleep(0)

    async def _ask(self, asked: Sequence[Asked]) -> None:
        for each in asked:
            await asyncio.sleep(each.at - _now())
            others = self._unfinished[each.organization]
            heapq.heappush(self._queue, (-self.slots.priority(others), each.at, each))
            self._unfinished[each.organization] += 1
            self._news.set()

    async def _run(self, asked: Asked) -> None:
        async with self.slots.run_of(asked.organization):
            for page in asked.pages:
                await asyncio.sleep(page)
                await self.slots.turn()
        self._unfinished[asked.organization] -= 1
        self.took.append((asked, _now() - asked.at))


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Times:
    """95th percentiles, in seconds, of the organisations that are not busy."""

    every_run: float
    short_runs: float

    def within(self, factor: float, other: "Times") -> bool:
        return self.every_run <= factor * other.every_run and self.short_runs <= factor * other.short_runs


def times(discipline: type[Fair], *, with_busy: bool) -> Times:
    asked = [each for organization in OTHERS for each in asked_by(organization, EVERY)]
    if with_busy:
        asked += asked_by(BUSY, EVERY / TIMES_THE_LOAD)
    process = Process(discipline())
    virtual_time.run(process.serve(sorted(asked, key=lambda each: each.at)))
    assert len(process.took) == len(asked)
    others = [(each, seconds) for each, seconds in process.took if each.organization != BUSY]
    return Times(
        every_run=_p95([seconds for _, seconds in others]),
        short_runs=_p95([seconds for each, seconds in others if len(each.pages) < FIRST_SYNC]),
    )


def _p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(0.95 * len(seconds))]


def test_an_organisation_with_fifty_times_the_load_leaves_the_others_nearly_as_quick() -> None:
    assert times(Fair, with_busy=True).within(BOUND, times(Fair, with_busy=False))


@pytest.mark.parametrize("discipline", [FirstComeFirstServed, BehindAnyQueue, WithoutTurns])
def test_it_would_not_if_any_part_of_that_was_left_out(discipline: type[Fair]) -> None:
    assert not times(discipline, with_busy=True).within(BOUND, times(discipline, with_busy=False))


def test_first_come_first_served_would_let_the_others_wait_behind_everything() -> None:
    alone, beside = (times(FirstComeFirstServed, with_busy=with_busy) for with_busy in (False, True))

    assert beside.every_run > 5 * alone.every_run
