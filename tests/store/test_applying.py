"""A page of changes into the store: what it comes to."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count

import orjson
import pytest
from sqlalchemy import Engine, event

from calendar_sync.domain.changes import ChangeKind
from calendar_sync.domain.events import AutoJoinStatus, EventStatus, MeetingLink, Person
from calendar_sync.domain.providers import Cursor, Quarantine, Removal, Upsert
from calendar_sync.domain.sync import Transition
from tests.builders import (
    NOW,
    START,
    WINDOW,
    a_hole,
    a_series,
    a_time,
    an_all_day_time,
    an_event,
    an_override,
    wall,
)
from tests.store.conftest import RUN, Place

LATER = NOW + timedelta(hours=1)


async def test_a_new_object_is_new_once(place: Place) -> None:
    first = await place.apply(an_event("a"), a_series("b"))
    again = await place.apply(an_event("a"), a_series("b"))
    assert {name: step.before for name, step in first.items()} == {"a": None, "b": None}
    assert {name: step.after for name, step in first.items()} == await place.hashes()
    assert again == {}


async def test_a_changed_object_is_told_with_both_hashes(place: Place) -> None:
    before = (await place.apply(an_event(title="Old")))["e1"].after
    changed = await place.apply(an_event(title="New"))
    assert changed == {"e1": Transition(before, (await place.hashes())["e1"])}
    assert [occurrence.title for occurrence in await place.occurrences()] == ["New"]


async def test_what_is_removed_goes_with_its_occurrences(place: Place) -> None:
    await place.apply(a_series("a"), an_event("b"))
    gone = await place.apply(Removal("a"))
    assert {name: step.after for name, step in gone.items()} == {"a": None}
    assert [occurrence.title for occurrence in await place.occurrences()] == ["Stand-up"]


async def test_the_removal_of_what_was_never_there_is_ignored(place: Place) -> None:
    assert await place.apply(Removal("never")) == {}
    assert await place.changes() == []


async def test_of_an_object_named_twice_in_a_page_the_last_holds(place: Place) -> None:
    changed = await place.apply(an_event("a", title="First"), Removal("a"), an_event("a", title="Last"))
    assert list(changed) == ["a"]
    assert [occurrence.title for occurrence in await place.occurrences()] == ["Last"]
    assert await place.apply(an_event("b"), Removal("b")) == {}


async def test_an_occurrence_says_what_lists_need(place: Place) -> None:
    event = an_event(
        title="Kick-off",
        status=EventStatus.TENTATIVE,
        organizer=Person("boss@example.com", "Boss"),
        links=(MeetingLink("https://zoom.example/j/1", "zoom"), MeetingLink("https://meet.example/2", "google_meet")),
    )
    await place.apply(event)
    (occurrence,) = await place.occurrences()
    assert occurrence.title == "Kick-off"
    assert occurrence.status is EventStatus.TENTATIVE
    assert occurrence.organizer_email == "boss@example.com"
    assert (occurrence.meeting_link, occurrence.meeting_platform) == ("https://zoom.example/j/1", "zoom")
    assert (occurrence.time_zone, occurrence.starts_at.isoformat()) == ("Europe/Berlin", "2026-03-09T08:00:00+00:00")
    assert occurrence.auto_join_status is AutoJoinStatus.PENDING
    assert (occurrence.provider, occurrence.connection_id) == (place.connection.provider, place.connection.id)
    assert not occurrence.is_recurring


async def test_a_single_event_has_its_occurrence_wherever_it_lies(place: Place) -> None:
    await place.apply(an_event("old", start=wall("1999-01-01T09:00")), an_event("far", start=wall("2099-01-01T09:00")))
    assert len(await place.occurrences()) == 2


async def test_a_series_has_the_occurrences_of_the_window(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=DAILY", start=wall("2020-01-01T09:00")))
    occurrences = await place.occurrences()
    assert all(o.ends_at > WINDOW.start and o.starts_at < WINDOW.end for o in occurrences)
    assert len(occurrences) == 395
    assert len({o.id for o in occurrences}) == 395
    assert {o.series_id for o in occurrences} == {occurrences[0].series_id}


async def test_exceptions_change_their_own_occurrence_only(place: Place) -> None:
    rule = "FREQ=DAILY;COUNT=4"
    await place.apply(a_series(rule=rule))
    ids = [occurrence.id for occurrence in await place.occurrences()]
    moved = an_override(wall("2026-03-10T09:00"), start=wall("2026-03-10T15:00"), title="Later")
    await place.apply(a_series(rule=rule, overrides=[moved, a_hole(wall("2026-03-11T09:00"))]))
    occurrences = await place.occurrences()
    assert [occurrence.id for occurrence in occurrences] == [ids[0], ids[1], ids[3]]
    assert [occurrence.title for occurrence in occurrences] == ["Stand-up", "Later", "Stand-up"]


async def test_what_users_decided_and_planned_outlasts_a_change(place: Place) -> None:
    await place.apply(an_event())
    (before,) = await place.occurrences()
    async with place.database.begin() as tx:
        await tx.events.set_auto_join(place.actor, before.id, AutoJoinStatus.DISABLED)
    await place.apply(an_event(title="Renamed", start=START + timedelta(days=1)), now=LATER)
    (after,) = await place.occurrences()
    assert (after.id, after.title, after.auto_join_status) == (before.id, "Renamed", AutoJoinStatus.DISABLED)
    assert after.created_at == before.created_at == NOW
    assert after.synced_at == LATER


async def test_occurrences_over_before_the_window_stay_when_their_series_changes(place: Place) -> None:
    rule, start = "FREQ=WEEKLY", wall("2026-01-05T09:00")
    await place.apply(a_series(rule=rule, start=start), window=replace(WINDOW, start=NOW - timedelta(days=60)))
    before = await place.occurrences()
    await place.apply(a_series(rule=rule, start=start + timedelta(hours=2), title="Later"))
    after = await place.occurrences()
    kept = [occurrence for occurrence in after if occurrence.title == "Stand-up"]
    assert kept == [occurrence for occurrence in before if occurrence.ends_at <= WINDOW.start]
    assert len(kept) == 4
    assert [occurrence.id for occurrence in after] == [occurrence.id for occurrence in before]


async def test_a_series_that_moves_keeps_the_identifiers_of_its_instances(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=WEEKLY;COUNT=5"))
    before = [occurrence.id for occurrence in await place.occurrences()]
    await place.apply(a_series(rule="FREQ=WEEKLY;COUNT=5", start=START + timedelta(days=1, hours=3)))
    moved = await place.occurrences()
    assert [occurrence.id for occurrence in moved] == before
    assert moved[0].starts_at.isoformat() == "2026-03-10T11:00:00+00:00"
    await place.apply(a_series(rule="FREQ=WEEKLY;COUNT=5"))
    assert [occurrence.id for occurrence in await place.occurrences()] == before


async def test_a_single_event_that_becomes_a_series_is_its_first_instance(place: Place) -> None:
    await place.apply(an_event("a"))
    (single,) = await place.occurrences()
    await place.apply(a_series("a", rule="FREQ=WEEKLY;COUNT=3"))
    series = await place.occurrences()
    assert [occurrence.id == single.id for occurrence in series] == [True, False, False]
    assert all(occurrence.is_recurring for occurrence in series)
    await place.apply(an_event("a"))
    assert [occurrence.id for occurrence in await place.occurrences()] == [single.id]


async def test_a_single_event_of_long_ago_that_becomes_a_series_now_is_its_first_instance(place: Place) -> None:
    await place.apply(an_event("a", start=wall("2019-01-01T09:00")))
    (single,) = await place.occurrences()
    await place.apply(a_series("a", rule="FREQ=WEEKLY;COUNT=2"))
    assert [occurrence.id == single.id for occurrence in await place.occurrences()] == [True, False]


async def test_an_instance_of_the_past_that_has_the_name_of_a_new_one_keeps_it(place: Place) -> None:
    """The series was moved to the past, time went by, and it was moved back."""
    by = timedelta(days=36)
    await place.apply(a_series(rule="FREQ=WEEKLY;COUNT=4"))
    await place.apply(a_series(rule="FREQ=WEEKLY;COUNT=4", start=START - by))
    moved = await place.occurrences()
    await place.apply(a_series(rule="FREQ=WEEKLY;COUNT=4"), window=replace(WINDOW, start=moved[1].ends_at))
    ids = [occurrence.id for occurrence in await place.occurrences()]
    assert ids[:2] == [occurrence.id for occurrence in moved[:2]]
    assert len(set(ids)) == 6


async def test_an_all_day_event_is_stored_as_the_midnights_of_its_zone(place: Place) -> None:
    await place.apply(an_event(time=an_all_day_time("2026-07-01", days=2, zone="America/New_York")))
    (occurrence,) = await place.occurrences()
    assert occurrence.all_day
    assert occurrence.starts_at.isoformat() == "2026-07-01T04:00:00+00:00"
    assert occurrence.ends_at.isoformat() == "2026-07-03T04:00:00+00:00"


async def test_what_cannot_be_understood_is_kept_with_its_reason_and_changes_nothing(place: Place) -> None:
    await place.apply(an_event("a"))
    changed = await place.apply(Quarantine("a", "Its start is missing.", "BEGIN:VEVENT"), Quarantine("b", "No.", "…"))
    assert changed == {}
    assert len(await place.occurrences()) == 1
    async with place.database.begin(write=False) as tx:
        problems = await tx.events.problems(place.actor, limit=10)
    assert [(problem.remote_id, problem.reason, problem.source) for problem in problems] == [
        ("a", "Its start is missing.", "BEGIN:VEVENT"),
        ("b", "No.", "…"),
    ]


async def test_a_problem_is_forgotten_once_the_object_can_be_read_or_is_gone(place: Place) -> None:
    await place.apply(*(Quarantine(name, "No.", "…") for name in "abc"))
    await place.apply(an_event("a"), Removal("b"))
    async with place.database.begin(write=False) as tx:
        assert [problem.remote_id for problem in await tx.events.problems(place.actor, limit=10)] == ["c"]


async def test_an_exception_undoes_events_cursor_and_record_together(place: Place) -> None:
    await place.apply(an_event("a"))
    with suppress(RuntimeError):
        async with place.database.begin() as tx:
            await tx.events.apply(place.calendar, [Upsert(an_event("b")), Removal("a")], RUN, WINDOW, NOW)
            await tx.calendars.completed(place.calendar.id, Cursor("2"), NOW)
            raise RuntimeError
    assert list(await place.hashes()) == ["a"]
    assert [change.seq for change in await place.changes()] == [1]
    async with place.database.begin(write=False) as tx:
        assert (await tx.calendars.get(place.actor, place.calendar.id)).cursor is None


@pytest.mark.parametrize("statement", range(2, 9))
async def test_a_page_whose_task_is_cancelled_is_undone_and_keeps_nobody_waiting(statement: int, place: Place) -> None:
    """At whichever statement. Neither database's driver is at ease with it."""
    sent = count(1)
    page = asyncio.create_task(place.apply(*(an_event(str(number), description="x" * 999) for number in range(500))))

    def cancel(*_: object) -> None:
        if next(sent) == statement:
            page.cancel()

    event.listen(Engine, "before_cursor_execute", cancel)
    async with asyncio.timeout(20):
        await asyncio.wait([page])
        event.remove(Engine, "before_cursor_execute", cancel)
        assert page.cancelled()
        assert list(await place.apply(an_event("next"))) == ["next"]
    assert list(await place.hashes()) == ["next"]


async def test_every_change_is_recorded_with_its_run_and_what_changed(place: Place) -> None:
    await place.apply(an_event("a", title="Old"))
    await place.apply(an_event("a", title="New", time=a_time(lasts=timedelta(hours=2)), location="Room 1"))
    await place.apply(Removal("a"))
    created, updated, removed = await place.changes()
    assert [change.seq for change in (created, updated, removed)] == [1, 2, 3]
    assert [change.change.kind for change in (created, updated, removed)] == list(ChangeKind)
    assert {change.run_id for change in (created, updated, removed)} == {RUN}
    assert updated.change.fields == ("time", "title", "location")
    assert orjson.loads(updated.change.before or "")["title"] == "Old"
    assert orjson.loads(updated.change.after or "")["title"] == "New"
    assert (created.change.before, removed.change.after) == (None, None)


async def test_a_text_that_a_database_cannot_hold_is_stored_without_it_and_is_no_change_again(place: Place) -> None:
    event = an_event("a\x00b", title="NUL \x00 and \ud800 lone", description="É\x00")
    await place.apply(event)
    (occurrence,) = await place.occurrences()
    assert occurrence.title == "NUL  and  lone"
    assert await place.apply(event) == {}
    assert list(await place.hashes()) == ["ab"]
    assert list(await place.apply(Removal("a\x00b"))) == ["ab"]


async def test_an_event_hashed_by_a_version_that_knew_fewer_fields_is_no_change(place: Place) -> None:
    await place.apply(an_event("a"))
    async with place.database.begin() as tx:
        await tx.connection.exec_driver_sql("UPDATE events SET content_hash = 'of another version'")
    assert await place.apply(an_event("a")) == {}
    assert await place.apply(an_event("a")) == {}
    assert len(await place.changes()) == 1


async def test_a_rule_past_every_bound_is_kept_and_flagged(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=SECONDLY"))
    assert len(await place.occurrences()) > 1000
    async with place.database.begin(write=False) as tx:
        (row,) = await tx.connection.exec_driver_sql("SELECT is_truncated, ends_at FROM events")
    assert (bool(row.is_truncated), row.ends_at) == (True, None)
