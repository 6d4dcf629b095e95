"""Turns: at the end of a page a run makes way for whoever holds less.

Everything here happens in virtual time: a page takes an eighth of a second, exactly.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.identifiers import OrganizationId
from calendar_sync.sync.slots import QUANTUM, Slots
from tests import virtual_time

PAGE = 1 / 8
ACME, BRAND, CARGO = OrganizationId("org_acme"), OrganizationId("org_brand"), OrganizationId("org_cargo")
SOON = 2**-20
"""Enough time for everything that can be done now."""


@dataclass
class Office:
    """Runs that do one page after the other. `pages` tells who did each, in the order of their beginnings."""

    slots: Slots
    pages: list[str] = field(default_factory=list)
    began: dict[str, float] = field(default_factory=dict)
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def begin(self, name: str, organization: OrganizationId, pages: int) -> None:
        self.tasks[name] = asyncio.create_task(self._run(name, organization, pages))
        await asyncio.sleep(SOON)

    async def _run(self, name: str, organization: OrganizationId, pages: int) -> None:
        async with self.slots.run_of(organization):
            self.began[name] = asyncio.get_running_loop().time()
            for _ in range(pages):
                self.pages.append(name)
                await asyncio.sleep(PAGE)
                await self.slots.turn()

    async def done(self) -> None:
        await asyncio.gather(*self.tasks.values())


def test_a_first_sync_of_many_pages_holds_up_another_organisation_for_one_page_at_most() -> None:
    async def main() -> Office:
        office = Office(Slots(1))
        await office.begin("long", ACME, 100)
        await office.begin("short", BRAND, 2)
        await office.done()
        return office

    office = virtual_time.run(main())

    assert office.began["short"] == pytest.approx(PAGE, abs=2 * SOON)
    assert office.pages == ["long", "short", "long", "short", *["long"] * 98]


def test_within_an_organisation_a_run_keeps_its_place_for_the_quantum() -> None:
    async def main() -> Office:
        office = Office(Slots(1))
        await office.begin("first", ACME, 12)
        await office.begin("second", ACME, 7)
        await office.done()
        return office

    assert virtual_time.run(main()).pages == [
        *["first"] * 4,
        *["second"] * 4,
        *["first"] * 4,
        *["second"] * 3,
        *["first"] * 4,
    ]


def test_organisations_that_hold_as_many_places_do_not_take_them_from_each_other() -> None:
    async def main() -> Office:
        office = Office(Slots(2))
        await office.begin("acme", ACME, 20)
        await office.begin("brand", BRAND, 20)
        await office.begin("brand too", BRAND, 1)
        await office.done()
        return office

    office = virtual_time.run(main())

    assert office.began["brand too"] == pytest.approx(QUANTUM, abs=0.01)
    assert office.pages[:12].count("acme") == office.pages[:12].count("brand") + office.pages[:12].count("brand too")


def test_next_is_the_organisation_that_holds_the_fewest_then_the_one_that_waits_longest() -> None:
    async def main() -> Office:
        office = Office(Slots(2))
        for name, organization in [("a1", ACME), ("a2", ACME), ("a3", ACME), ("b1", BRAND), ("b2", BRAND)]:
            await office.begin(name, organization, 1)
        await office.begin("c1", CARGO, 1)
        await office.done()
        return office

    assert virtual_time.run(main()).pages == ["a1", "a2", "b1", "c1", "a3", "b2"]


def test_short_runs_of_an_organisation_take_turns_with_its_long_ones_of_which_the_eldest_ends_first() -> None:
    async def main() -> Office:
        office = Office(Slots(1, young=PAGE / 2, quantum=0.0))
        for name in ("eldest", "second", "third"):
            await office.begin(name, ACME, 6)
        await asyncio.sleep(5 * PAGE)
        for name in ("new", "newer"):
            await office.begin(name, ACME, 1)
        await office.done()
        return office

    assert " ".join(virtual_time.run(main()).pages) == " ".join(
        [
            *("eldest", "second", "eldest", "third", "eldest", "eldest"),
            *("new", "eldest", "newer", "eldest"),
            *["second"] * 5,
            *["third"] * 5,
        ]
    )


def test_outside_of_a_run_nobody_makes_way() -> None:
    async def main() -> None:
        office = Office(Slots(1))
        await office.begin("first", ACME, 1)
        await office.begin("second", BRAND, 1)
        await office.slots.turn()
        assert office.pages == ["first"]
        await office.done()

    virtual_time.run(main())


def test_a_run_that_is_cancelled_while_others_have_their_turn_leaves_no_gap() -> None:
    async def main() -> Office:
        office = Office(Slots(1))
        await office.begin("cancelled", ACME, 10)
        await office.begin("other", BRAND, 3)
        await asyncio.sleep(1.5 * PAGE)
        office.tasks.pop("cancelled").cancel()
        await office.done()
        await office.begin("last", ACME, 1)
        await office.done()
        return office

    assert virtual_time.run(main()).pages == ["cancelled", *["other"] * 3, "last"]


def test_a_run_that_gave_its_place_up_in_a_task_of_its_own_goes_on_after_a_page_with_a_place_only() -> None:
    async def main() -> list[float]:
        slots, went_on = Slots(1), list[float]()

        async def wait() -> None:
            async with slots.away():
                await asyncio.sleep(10)

        async def run() -> None:
            async with slots.run_of(ACME), asyncio.TaskGroup() as tasks:
                tasks.create_task(wait())
                await asyncio.sleep(SOON)
                await slots.turn()
                went_on.append(asyncio.get_running_loop().time())

        async def other() -> None:
            async with slots.run_of(BRAND):
                await asyncio.sleep(3)

        await asyncio.gather(run(), other())
        return went_on

    assert virtual_time.run(main()) == [3.0]


@dataclass(frozen=True, slots=True)
class Script:
    """What a run of an organisation does: pages (`True`) and waits, from its beginning on until it is cancelled."""

    organization: OrganizationId
    begins: int
    steps: tuple[bool, ...]
    cancelled: int | None


SCRIPTS = st.lists(
    st.builds(
        Script,
        st.sampled_from([ACME, BRAND, CARGO]),
        st.integers(0, 8),
        st.lists(st.booleans(), min_size=1, max_size=6).map(tuple),
        st.none() | st.integers(0, 20),
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class Watched:
    """Runs that follow scripts: pages end at whole seconds; runs begin, leave and come back in between."""

    slots: Slots
    working: Counter[OrganizationId] = field(default_factory=Counter)
    waiting: Counter[OrganizationId] = field(default_factory=Counter)

    async def run(self, script: Script) -> None:
        await asyncio.sleep(script.begins + 0.5)
        place = _Place(self, script.organization)
        try:
            place.waits()
            async with self.slots.run_of(script.organization):
                place.works()
                for is_page in script.steps:
                    await (self._page(place) if is_page else self._wait(place))
                await _until(0.75)
                place.leaves()
        finally:
            place.leaves()

    async def _page(self, place: "_Place") -> None:
        await _until(1.0)
        place.waits()
        await self.slots.turn()
        place.works()

    async def _wait(self, place: "_Place") -> None:
        await _until(0.75)
        async with self.slots.away():
            place.leaves()
            await _until(0.5)
            place.waits()
        place.works()


class _Place:
    def __init__(self, office: Watched, organization: OrganizationId) -> None:
        self._office, self._organization = office, organization
        self._in: Counter[OrganizationId] | None = None

    def works(self) -> None:
        self._move(self._office.working)

    def waits(self) -> None:
        self._move(self._office.waiting)

    def leaves(self) -> None:
        self._move(None)

    def _move(self, to: Counter[OrganizationId] | None) -> None:
        if self._in is not None:
            self._in[self._organization] -= 1
        if to is not None:
            to[self._organization] += 1
        self._in = to


async def _until(part: float) -> None:
    """The next time that this part of a second is over."""
    now = asyncio.get_running_loop().time()
    await asyncio.sleep((part - now) % 1 or 1)


@settings(deadline=None)
@given(SCRIPTS, st.integers(1, 4), st.sampled_from([0.0, 1.5]))
def test_whatever_runs_do_places_are_shared_fairly_and_none_is_lost_or_made(
    scripts: Sequence[Script], active: int, quantum: float
) -> None:
    async def main() -> None:
        office = Watched(Slots(active, quantum=quantum, young=3.0))
        tasks = [asyncio.create_task(office.run(script)) for script in scripts]
        for task, script in zip(tasks, scripts, strict=True):
            if script.cancelled is not None:
                asyncio.get_running_loop().call_later(script.cancelled + 0.6, task.cancel)
        while not all(task.done() for task in tasks):
            await _until(0.25)  # every run has been at the end of a page since anything else changed
            _is_fair(office, active)
        for task in tasks:
            assert task.cancelled() or task.exception() is None
        assert office.slots.room == active
        assert not office.slots._active._shares

    virtual_time.run(main())


def _is_fair(office: Watched, active: int) -> None:
    assert office.working.total() <= active
    if office.waiting.total():
        assert office.working.total() == active
    for organization in +office.waiting:
        assert max(office.working.values()) - office.working[organization] < 2
