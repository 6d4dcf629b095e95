"""Occurrences for whoever asks: their own alone, page by page, and what they decide about auto-join stands."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from calendar_sync.domain.errors import Invalid, NotFound
from calendar_sync.domain.events import AutoJoinStatus
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceFilter
from calendar_sync.store.database import Database
from tests.builders import START, a_series, an_actor, an_event
from tests.sync.world import World, a_world

ALL = OccurrenceFilter()


@pytest.fixture
async def world(database: Database) -> AsyncGenerator[World]:
    """A user with five events, an hour after one another, synced."""
    async with a_world(database) as world:
        for hour in range(5):
            start = START + timedelta(hours=hour)
            world.provider.calendar("main").put(an_event(str(hour), start=start, title=str(hour), location="Room 1"))
        await world.sync()
        yield world


async def every(world: World) -> list[Occurrence]:
    return list((await world.events.page(world.actor, ALL, limit=100)).items)


async def titles(world: World, **how: object) -> list[str | None]:
    page = await world.events.page(world.actor, ALL, **how)  # type: ignore[arg-type] # as the test says
    return [occurrence.title for occurrence in page.items]


async def test_pages_by_place_and_pages_by_number_give_the_same(world: World) -> None:
    by_number = [await titles(world, limit=2, skip=skip) for skip in (0, 2, 4)]
    by_place, after = [], None
    for _ in range(3):
        page = await world.events.page(world.actor, ALL, limit=2, after=after)
        by_place.append([occurrence.title for occurrence in page.items])
        after = (page.items[-1].starts_at, page.items[-1].id)

    assert by_number == by_place == [["0", "1"], ["2", "3"], ["4"]]


async def test_the_last_first_is_the_same_the_other_way_round(world: World) -> None:
    assert await titles(world, limit=100, descending=True) == ["4", "3", "2", "1", "0"]


async def test_it_is_told_whether_there_is_more_and_how_many_in_all_only_when_asked(world: World) -> None:
    part = await world.events.page(world.actor, ALL, limit=4, count=True)
    whole = await world.events.page(world.actor, ALL, limit=5)

    assert (part.has_more, part.total) == (True, 5)
    assert (whole.has_more, whole.total) == (False, None)


async def test_an_occurrence_is_found_by_its_identifier_with_all_it_says(world: World) -> None:
    first, second, *_ = await every(world)
    nobody = OccurrenceId("mcevt_none")

    assert await world.events.get(world.actor, first.id) == first
    contents = await world.events.contents(world.actor, [first.id, second.id, nobody])
    assert {name: content.details.location for name, content in contents.items()} == {
        first.id: "Room 1",
        second.id: "Room 1",
    }


async def test_another_user_finds_nothing_and_decides_nothing(world: World) -> None:
    stranger = await an_actor(world.database, "stranger@example.com", organization="Other")
    first = (await every(world))[0]

    with pytest.raises(NotFound):
        await world.events.get(stranger, first.id)
    with pytest.raises(NotFound):
        await world.events.set_auto_join(stranger, first.id, "disabled")

    assert (await world.events.page(stranger, ALL, limit=10, count=True)).total == 0
    assert await world.events.contents(stranger, [first.id]) == {}
    assert (await every(world))[0] == first


async def test_the_bot_is_kept_out_until_that_is_taken_back_whatever_is_synced(world: World) -> None:
    first = (await every(world))[0]

    await world.events.set_auto_join(world.actor, first.id, "disabled")
    world.provider.calendar("main").put(an_event("0", start=START, title="renamed"))
    await world.sync()
    kept_out = await world.events.get(world.actor, first.id)
    back = await world.events.set_auto_join(world.actor, first.id, "pending")

    assert (kept_out.title, kept_out.auto_join_status) == ("renamed", AutoJoinStatus.DISABLED)
    assert back.auto_join_status is AutoJoinStatus.PENDING


async def test_one_occurrence_of_a_series_is_decided_on_alone(world: World) -> None:
    world.provider.calendar("main").put(a_series("s1", rule="FREQ=DAILY;COUNT=3", title="daily"))
    await world.sync()
    _, second, _ = [occurrence for occurrence in await every(world) if occurrence.title == "daily"]

    await world.events.set_auto_join(world.actor, second.id, "disabled")

    disabled = [each.id for each in await every(world) if each.auto_join_status is AutoJoinStatus.DISABLED]
    assert disabled == [second.id]


@pytest.mark.parametrize("status", ["joined", "scheduled", "skipped", "failed", "", "DISABLED", "nonsense"])
async def test_no_other_status_can_be_set(world: World, status: str) -> None:
    first = (await every(world))[0]

    with pytest.raises(Invalid) as invalid:
        await world.events.set_auto_join(world.actor, first.id, status)

    assert invalid.value.field == "auto_join_status"
