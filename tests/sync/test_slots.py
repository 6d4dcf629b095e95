"""Slots: so many runs work at a time and no more; a run that waits costs the others nothing; none is ever lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.identifiers import OrganizationId
from calendar_sync.sync.slots import Slots

ACME = OrganizationId("org_acme")

SETTLED = 20
"""Steps of the loop after which nothing moves by itself any more."""


async def settle() -> None:
    for _ in range(SETTLED):
        await asyncio.sleep(0)


State = Literal["waiting", "working", "away", "ended"]


class Run:
    """A run that does what it is told, one thing after the other, and says where it is."""

    def __init__(self, slots: Slots, name: str = "", order: list[str] | None = None) -> None:
        self.slots, self.name, self.order = slots, name, order if order is not None else []
        self.awake, self.done = asyncio.Event(), asyncio.Event()
        self.state: State = "waiting"
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async with self.slots.run_of(ACME):
                self._works()
                await self.awake.wait()
                self.awake.clear()
                async with self.slots.away():
                    self.state = "away"
                    await self.awake.wait()
                    self.state = "waiting"
                self._works()
                await self.done.wait()
        finally:
            self.state = "ended"

    def _works(self) -> None:
        self.state = "working"
        self.order.append(self.name)

    async def go_away(self) -> None:
        self.awake.set()
        await settle()

    wake = go_away

    async def end(self) -> None:
        self.done.set()
        await self.task


def states(*runs: Run) -> list[State]:
    return [run.state for run in runs]


async def free(slots: Slots, expected: int) -> None:
    """Exactly so many runs can work at once."""
    runs = [Run(slots) for _ in range(expected + 3)]
    await settle()
    assert sum(run.state == "working" for run in runs) == expected
    await cancelled(runs)


async def cancelled(runs: Sequence[Run]) -> None:
    for run in runs:
        run.task.cancel()
    await asyncio.gather(*(run.task for run in runs), return_exceptions=True)


async def test_a_run_that_waits_gives_its_slot_to_another() -> None:
    slots = Slots(1)
    first, second = Run(slots), Run(slots)
    await settle()
    assert states(first, second) == ["working", "waiting"]

    await first.go_away()

    assert states(first, second) == ["away", "working"]
    await cancelled([first, second])


async def test_it_goes_on_only_once_a_slot_is_free() -> None:
    slots = Slots(1)
    first, second = Run(slots), Run(slots)
    await settle()
    await first.go_away()
    await first.wake()
    assert states(first) == ["waiting"]

    await cancelled([second])
    await settle()

    assert states(first) == ["working"]
    await first.end()
    await free(slots, 1)


async def test_runs_go_on_in_the_order_they_came_and_those_that_are_back_before_new_ones() -> None:
    slots, order = Slots(1), list[str]()
    runs = [Run(slots, name, order) for name in ("first", "second", "third", "fourth")]
    await settle()
    await runs[0].go_away()  # the second works
    await runs[0].wake()  # and the first is back, behind the third and the fourth by time
    await runs[1].go_away()

    assert order == ["first", "second", "first"]
    runs[0].done.set()
    await settle()
    assert order == ["first", "second", "first", "third"]
    await cancelled(runs)


async def test_runs_under_way_are_bounded_with_those_that_wait() -> None:
    slots = Slots(1, begun=2)
    runs = [Run(slots) for _ in range(3)]
    await settle()
    await runs[0].go_away()
    await runs[1].go_away()
    assert states(*runs) == ["away", "away", "waiting"]

    await cancelled(runs[:1])
    await settle()

    assert states(runs[2]) == ["working"]
    await cancelled(runs)


async def test_outside_of_a_run_waiting_gives_nothing_away() -> None:
    slots = Slots(1)
    async with slots.away():
        pass
    await free(slots, 1)


async def test_a_task_that_a_run_started_waits_for_the_run() -> None:
    slots, released = Slots(1), asyncio.Event()

    async def wait() -> None:
        async with slots.away():
            await released.wait()

    async with slots.run_of(ACME):
        tasks = [asyncio.create_task(wait()) for _ in range(3)]
        await settle()
        other = Run(slots)
        await settle()
        assert states(other) == ["working"]
        await cancelled([other])
        released.set()
        await asyncio.gather(*tasks)
        third = Run(slots)
        await settle()
        assert states(third) == ["waiting"], "the run has its slot again, once"
    await settle()
    assert states(third) == ["working"]
    await cancelled([third])


async def test_a_task_that_outlives_its_run_keeps_no_slot() -> None:
    slots, released = Slots(1), asyncio.Event()

    async def wait() -> None:
        async with slots.away():
            await released.wait()

    async with slots.run_of(ACME):
        left_behind = asyncio.create_task(wait())
        await settle()
    other = Run(slots)
    await settle()
    released.set()
    await settle()
    await cancelled([other])
    await left_behind

    await free(slots, 1)


@pytest.mark.parametrize("error", [ValueError, TimeoutError])
async def test_a_run_that_fails_gives_its_slot_back_wherever_it_is(error: type[Exception]) -> None:
    async def fails(slots: Slots) -> None:
        async with slots.run_of(ACME):
            raise error

    async def fails_away(slots: Slots) -> None:
        async with slots.run_of(ACME), slots.away():
            raise error

    steps: Sequence[Callable[[Slots], Awaitable[None]]] = (fails, fails_away)
    for step in steps:
        slots = Slots(2)
        with pytest.raises(error):
            await step(slots)
        await free(slots, 2)


async def test_a_slot_handed_to_a_run_in_the_step_that_cancels_it_is_not_lost() -> None:
    slots = Slots(1)
    async with slots.run_of(ACME):
        second = Run(slots)
        await settle()
    second.task.cancel()
    await asyncio.gather(second.task, return_exceptions=True)

    assert second.order == []
    await free(slots, 1)


step = st.sampled_from(["work", "away", "fail"])
scripts = st.lists(st.tuples(st.lists(step, max_size=5), st.integers(0, 60)), min_size=1, max_size=25)


@given(scripts, st.integers(1, 4), st.integers(1, 6))
async def test_whatever_runs_do_and_whenever_they_are_cancelled_no_slot_is_lost_or_made(
    scripts: Sequence[tuple[Sequence[str], int]], active: int, begun: int
) -> None:
    slots, working, under_way = Slots(active, begun), set[int](), set[int]()

    async def run(number: int, script: Sequence[str]) -> None:
        try:
            async with slots.run_of(ACME):
                under_way.add(number)
                working.add(number)
                for what in script:
                    if what == "fail":
                        raise ValueError
                    if what == "away":
                        async with slots.away():
                            working.discard(number)
                            await asyncio.sleep(0)
                        working.add(number)
                    assert len(working) <= active
                    assert len(under_way) <= max(active, begun)
                    await asyncio.sleep(0)
                working.discard(number)
                under_way.discard(number)
        finally:
            working.discard(number)
            under_way.discard(number)

    tasks = [asyncio.create_task(run(number, script)) for number, (script, _) in enumerate(scripts)]
    for step in range(60):
        for task, (_, cancelled_at) in zip(tasks, scripts, strict=True):
            if cancelled_at == step:
                task.cancel()
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert not [error for error in ended if isinstance(error, AssertionError)]
    await free(slots, active)
