"""What a complete reading left out is gone; what it should not have left out is not believed at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from calendar_sync.domain.changes import ChangeKind
from calendar_sync.domain.errors import DoubtfulSnapshot
from calendar_sync.domain.identifiers import RunId
from calendar_sync.domain.providers import Quarantine, Removal, Snapshot
from calendar_sync.domain.sync import Transition
from tests.builders import NOW, START, WINDOW, a_calendar, a_series, an_event, wall
from tests.store.conftest import RUN, Place

PAST = wall("2026-02-16T09:00")
NEXT = RunId("run_2")


async def test_a_whole_reading_removes_all_that_it_left_out(place: Place) -> None:
    await place.apply(an_event("kept"), an_event("past", start=PAST), an_event("ahead"), a_series("series"))
    hashes = await place.hashes()
    gone = await place.sweep("kept")
    assert gone == {name: Transition(hashes[name], None) for name in ("past", "ahead", "series")}
    assert list(await place.hashes()) == ["kept"]
    assert await place.sweep("kept") == {}


async def test_a_reading_of_what_lies_ahead_removes_nothing_of_the_past(place: Place) -> None:
    await place.apply(
        an_event("past", start=PAST), an_event("ahead"), an_event("under way", start=wall("2026-03-02T12:30"))
    )
    gone = await place.sweep(snapshot=Snapshot.UPCOMING)
    assert set(gone) == {"ahead", "under way"}
    assert list(await place.hashes()) == ["past"]


async def test_of_a_series_that_has_a_past_only_what_lies_ahead_goes(place: Place) -> None:
    await place.apply(a_series(start=PAST))
    before = await place.occurrences()
    gone = await place.sweep(snapshot=Snapshot.UPCOMING)
    assert {name: step.after for name, step in gone.items()} == {"s1": None}
    kept = await place.occurrences()
    assert kept == [occurrence for occurrence in before if occurrence.ends_at <= NOW]
    assert len(kept) == 3
    assert await place.hashes() == {}
    async with place.database.begin(write=False) as tx:
        contents = await tx.events.contents(place.actor, [occurrence.id for occurrence in kept])
    assert {content.details.title for content in contents.values()} == {"Stand-up"}


async def test_a_series_of_which_only_the_past_was_kept_counts_as_gone_until_it_is_listed_again(place: Place) -> None:
    await place.apply(a_series(start=PAST))
    before = await place.occurrences()
    await place.sweep(snapshot=Snapshot.UPCOMING)
    assert await place.sweep(snapshot=Snapshot.UPCOMING) == {}
    assert await place.apply(Removal("s1")) == {}
    assert len(await place.occurrences()) == 3
    back = await place.apply(a_series(start=PAST))
    assert [step.before for step in back.values()] == [None]
    assert [occurrence.id for occurrence in await place.occurrences()] == [occurrence.id for occurrence in before]
    kinds = [change.change.kind for change in await place.changes()]
    assert kinds == [ChangeKind.CREATED, ChangeKind.REMOVED, ChangeKind.CREATED]


async def test_a_whole_reading_removes_a_kept_past_too_and_counts_it_no_more(place: Place) -> None:
    await place.apply(a_series(start=PAST))
    await place.sweep(snapshot=Snapshot.UPCOMING)
    assert await place.sweep() == {}
    assert await place.occurrences() == []


async def test_what_ends_now_is_past(place: Place) -> None:
    ends_now = a_series(start=wall("2026-03-02T12:00"))  # an hour, in Berlin
    await place.apply(ends_now, an_event(start=wall("2026-03-02T12:00")))
    assert set(await place.sweep(snapshot=Snapshot.UPCOMING)) == {"s1"}
    assert {occurrence.ends_at for occurrence in await place.occurrences()} == {NOW}
    assert len(await place.occurrences()) == 2


async def test_a_series_that_is_over_is_not_ahead(place: Place) -> None:
    await place.apply(a_series(start=PAST, rule="FREQ=DAILY;COUNT=3"))
    assert await place.sweep(snapshot=Snapshot.UPCOMING) == {}
    assert len(await place.occurrences()) == 3


@pytest.mark.parametrize(
    ("held", "left_out", "is_doubtful"), [(3, 3, False), (4, 4, True), (8, 4, False), (8, 5, True)]
)
async def test_a_reading_that_leaves_out_most_of_what_lies_ahead_is_doubted(
    held: int, left_out: int, is_doubtful: bool, place: Place
) -> None:
    await place.apply(*(an_event(str(number)) for number in range(held)), an_event("past", start=PAST))
    seen = ["past", *(str(number) for number in range(left_out, held))]
    if not is_doubtful:
        assert len(await place.sweep(*seen)) == left_out
        return
    with pytest.raises(DoubtfulSnapshot) as doubt:
        await place.sweep(*seen)
    assert (doubt.value.removed, doubt.value.upcoming) == (left_out, held)
    assert len(await place.hashes()) == held + 1
    assert len(await place.sweep(*seen, confirmed=True)) == left_out


async def test_a_past_that_is_dropped_is_not_doubted(place: Place) -> None:
    await place.apply(*(an_event(str(number), start=PAST) for number in range(20)), an_event("ahead"))
    assert len(await place.sweep("ahead")) == 20


async def test_doubt_is_about_one_calendar(place: Place) -> None:
    other = replace(place, calendar=await a_calendar(place.database, place.connection, "other"))
    await place.apply(*(an_event(str(number)) for number in range(4)))
    await other.apply(*(an_event(str(number), start=START + timedelta(days=1)) for number in range(20)))
    with pytest.raises(DoubtfulSnapshot):
        await place.sweep()
    await place.sweep(confirmed=True)
    assert len(await other.hashes()) == 20


async def test_what_the_reading_could_not_understand_is_not_gone(place: Place) -> None:
    await place.apply(an_event("a"), an_event("b"))
    await place.apply(Quarantine("a", "No.", "…"), run=NEXT)
    assert list(await place.sweep(run=NEXT)) == ["b"]
    assert list(await place.hashes()) == ["a"]


async def test_what_could_not_be_understood_once_and_is_not_listed_any_more_is_gone(place: Place) -> None:
    await place.apply(an_event("a"), Quarantine("a", "No.", "…"), Quarantine("b", "No.", "…"), run=RUN)
    await place.apply(Quarantine("b", "No.", "…"), run=NEXT)
    await place.sweep("b", run=NEXT)
    async with place.database.begin(write=False) as tx:
        assert [problem.remote_id for problem in await tx.events.problems(place.actor, limit=9)] == ["b"]


async def test_an_endless_series_beyond_the_window_lies_ahead(place: Place) -> None:
    """It has no occurrence yet, but it is there."""
    far = a_series(rule="FREQ=YEARLY", start=WINDOW.end.replace(tzinfo=None) + timedelta(days=30))
    await place.apply(far)
    assert await place.occurrences() == []
    assert list(await place.sweep(snapshot=Snapshot.UPCOMING)) == ["s1"]
