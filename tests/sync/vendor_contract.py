"""What syncing every vendor must get right, whatever goes wrong there.

A vendor's own test module brings a fixture `world` and its tables of what goes wrong, and subclasses a suite:

    class TestZoom(VendorContract):
        PASSING = {...}
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.sync import RunStatus, Tally
from simulators.faults import Fault
from tests.sync.vendor_world import VendorWorld

CHANGED = Tally(new=1, updated=1, removed=1)
World = VendorWorld[Any]
Manners = Mapping[str, object]


class VendorContract:
    """A table says by name what its tests take one at a time, in an argument that is called like it."""

    FILLED: ClassVar[int]
    """How many event objects the world has."""
    MOST_REQUESTS: ClassVar[int]
    """Of a run whose listing does not end."""

    PASSING: ClassVar[Mapping[str, Fault]]
    FAILING: ClassVar[Mapping[str, Fault]]
    DEADLY: ClassVar[Mapping[str, Fault | None]]
    """What ends a grant; none is that it is revoked."""
    MANNERS: ClassVar[Mapping[str, Manners]]
    """Quirks that make no difference."""
    UNENDING: ClassVar[Mapping[str, Manners]]
    """Quirks by which a listing does not end as it should."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for argument in metafunc.fixturenames:
            table = getattr(metafunc.cls, argument.upper(), None)
            if table is not None:
                metafunc.parametrize(argument, table.values(), ids=table)

    async def test_what_the_vendor_shows_is_stored_and_a_series_counts_once(self, world: World) -> None:
        assert (await world.clean_sync()).tally == Tally(new=self.FILLED)

    async def test_a_passing_fault_is_not_noticed(self, world: World, passing: Fault) -> None:
        await world.sync()
        world.what_changes()
        world.fail(passing)
        assert (await world.clean_sync()).tally == CHANGED
        assert not world.remote.simulator.faults.planned

    async def test_after_a_run_that_failed_the_next_one_makes_up_for_it(self, world: World, failing: Fault) -> None:
        await world.sync()
        stored = await world.stored()
        world.what_changes()
        world.fail(failing)

        failed = await world.sync()

        assert failed.status is not RunStatus.SUCCEEDED
        assert await world.stored() == stored
        world.remote.simulator.faults.clear()
        assert (await world.clean_sync()).tally == CHANGED

    async def test_manners_make_no_difference(self, world: World, manners: Manners) -> None:
        world.behave(manners)
        assert (await world.clean_sync()).tally == Tally(new=self.FILLED)
        world.what_changes()
        world.remote.simulator.advance(minutes=2)
        assert (await world.clean_sync()).tally == CHANGED
        world.remove_series()
        assert (await world.clean_sync()).tally == Tally(removed=1)

    async def test_a_listing_that_does_not_end_as_it_should_removes_nothing(
        self, world: World, unending: Manners
    ) -> None:
        await world.sync()
        stored = await world.stored()
        world.behave(unending)

        run = await world.sync()

        assert run.status is RunStatus.FAILED
        assert run.requests <= self.MOST_REQUESTS
        assert await world.stored() == stored
        world.remote.simulator.quirks.reset()
        assert (await world.clean_sync()).tally == Tally()

    async def test_a_token_that_is_refused_is_renewed_once_for_all_questions(self, world: World) -> None:
        await world.sync()
        world.remote.simulator.advance(hours=2)
        await world.clean_sync()
        assert world.remote.provider.grant.renewals == 1

    async def test_a_dead_grant_asks_for_a_reconnect_and_keeps_the_data(
        self, world: World, deadly: Fault | None
    ) -> None:
        await world.sync()
        stored = await world.stored()
        if deadly is None:
            await world.remote.revoke()
        else:
            world.fail(deadly)

        run = await world.sync()

        assert "reconnect" in run.failures[0].message
        assert await world.stored() == stored
        assert await world.status() is ConnectionStatus.RECONNECT_REQUIRED


class CursorContract(VendorContract):
    """Of vendors that tell what has changed since, and can forget."""

    EXPIRED: ClassVar[Mapping[str, Fault]]

    async def test_an_expired_cursor_leads_to_a_full_reading_with_the_same_counts(
        self, world: World, expired: Fault
    ) -> None:
        await world.sync()
        world.what_changes()
        world.fail(expired)
        assert (await world.clean_sync()).tally == CHANGED

    async def test_a_touch_without_a_change_counts_nothing(self, world: World) -> None:
        await world.sync()
        world.remote.calendar.touch("series")
        world.remote.calendar.touch("single0")
        assert (await world.clean_sync()).tally == Tally()

    async def test_a_removed_series_takes_its_exceptions_along_and_counts_once(self, world: World) -> None:
        await world.sync()
        world.remove_series()
        assert (await world.clean_sync()).tally == Tally(removed=1)
