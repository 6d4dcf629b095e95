"""Copies of one meeting in a user's calendars, as they are found in the store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from calendar_sync.domain.events import Event, EventStatus, MeetingLink, Override, Recurrence
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.meetings import Meeting, link_identity
from calendar_sync.domain.occurrences import Occurrence
from calendar_sync.store.database import Database
from calendar_sync.store.tables import occurrences
from tests.builders import START, ZONE, a_calendar, a_series, a_time, an_all_day_time, an_event, an_override, wall
from tests.connected import connected
from tests.store.conftest import Place, a_place
from tests.store.test_cost import counted

DAY = timedelta(days=1)
ZOOM = MeetingLink("https://zoom.us/j/123456789", "zoom")
WITH_PASSCODE = MeetingLink("https://acme.zoom.us/j/123456789?pwd=1", "zoom")
ROOM = MeetingLink("https://zoom.us/my/ada", "zoom")
EMAILS = (f"user{number}@example.com" for number in count())


async def beside(place: Place) -> Place:
    """Another calendar of the same account."""
    known = len((await calendars_of(place)).items())
    return replace(place, calendar=await a_calendar(place.database, place.connection, f"calendar {known}"))


async def calendars_of(place: Place) -> dict[str, object]:
    async with place.database.begin(write=False) as tx:
        return {calendar.id: calendar for calendar in await tx.calendars.of_connection(place.connection.id)}


async def meetings(place: Place, *ids: OccurrenceId) -> list[Meeting]:
    """Of these, or else of all occurrences: one for each."""
    wanted = ids or [each.id for each in await place.occurrences()]
    async with place.database.begin(write=False, actor=place.actor) as tx:
        found = await tx.meetings.of(place.actor, wanted)
    return [found[id] for id in wanted if id in found]


async def together(place: Place) -> set[tuple[str, ...]]:
    """The event objects that have copies in one meeting, by calendar."""
    return {tuple(sorted(copy.calendar_id for copy in meeting.copies)) for meeting in await meetings(place)}


# Which instance of a series


async def meeting_starts(place: Place) -> list[datetime | None]:
    async with place.database.begin(write=False) as tx:
        rows = await tx.connection.execute(occurrences.select().order_by(occurrences.c.starts_at))
        return [row.meeting_start for row in rows]


async def test_a_single_event_is_of_no_series(place: Place) -> None:
    await place.apply(an_event())

    assert await meeting_starts(place) == [None]


async def test_an_instance_is_known_by_the_instant_its_series_gave_it(place: Place) -> None:
    """Before and after the clocks of Berlin are put forward on 29 March; the second is moved."""
    moved = an_override(START + 14 * DAY, start=START + 15 * DAY)
    await place.apply(a_series(rule="FREQ=WEEKLY;COUNT=4", overrides=[moved]))

    assert await meeting_starts(place) == [
        datetime(2026, 3, 9, 8, tzinfo=UTC),
        datetime(2026, 3, 16, 8, tzinfo=UTC),
        datetime(2026, 3, 23, 8, tzinfo=UTC),
        datetime(2026, 3, 30, 7, tzinfo=UTC),
    ]


async def test_of_two_equal_readings_of_the_clock_each_is_an_instant_of_its_own(place: Place) -> None:
    first = a_time(wall("2026-10-25T02:30"), lasts=timedelta(minutes=10))
    dates = (first.start, first.start.replace(fold=1))
    await place.apply(replace(a_series(time=first), recurrence=Recurrence(dates=dates)))

    assert await meeting_starts(place) == [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]


async def test_days_are_the_same_in_all_zones(place: Place) -> None:
    await place.apply(a_series("tokyo", uid="u", rule="FREQ=DAILY;COUNT=2", time=an_all_day_time(zone="Asia/Tokyo")))
    other = await beside(place)
    await other.apply(a_series("berlin", uid="u", rule="FREQ=DAILY;COUNT=2", time=an_all_day_time()))

    assert set(await meeting_starts(place)) == {datetime(2026, 3, day, tzinfo=UTC) for day in (9, 10)}
    assert await together(place) == {tuple(sorted((place.calendar.id, other.calendar.id)))}


async def test_an_exception_without_its_series_is_a_copy_of_the_instance(place: Place) -> None:
    await place.apply(a_series(uid="u", rule="FREQ=WEEKLY;COUNT=2"))
    other = await beside(place)
    await other.apply(replace(an_event(uid="u"), is_orphan=True))
    third = await beside(place)
    waiting = an_event(uid="u", start=START + 30 * DAY)
    original = Override(START + 7 * DAY, waiting.time, waiting.details)
    await third.apply(replace(waiting, is_orphan=True, overrides=(original,)))

    assert await together(place) == {
        tuple(sorted((place.calendar.id, other.calendar.id))),
        tuple(sorted((place.calendar.id, third.calendar.id))),
    }


async def test_instances_of_before_this_was_recorded_are_not_taken_for_one_meeting(place: Place) -> None:
    await place.apply(a_series(uid="u", rule="FREQ=WEEKLY;COUNT=2"))
    async with place.database.begin() as tx:
        await tx.connection.execute(update(occurrences).values(meeting_start=None, is_busy=None))
    other = await beside(place)
    await other.apply(a_series(uid="u", rule="FREQ=WEEKLY;COUNT=2"))

    found = await meetings(place)

    assert len({meeting.id for meeting in found}) == 2
    assert {len(meeting.copies) for meeting in found} == {2}


# What is found


async def test_copies_come_in_order_with_those_that_take_place_first(place: Place) -> None:
    await place.apply(an_event(uid="u", status=EventStatus.CANCELLED))
    late, early = await beside(place), await beside(place)
    await late.apply(an_event(uid="u", start=START + DAY))
    await early.apply(an_event(uid="u"))

    (meeting, *_) = await meetings(place)

    assert [copy.calendar_id for copy in meeting.copies] == [
        early.calendar.id,
        late.calendar.id,
        place.calendar.id,
    ]


async def test_a_copy_of_a_copy_is_found_over_any_number_of_links_and_uids(place: Place) -> None:
    chain = [
        an_event("1", uid="a"),
        an_event("2", uid="a", links=(ZOOM,)),
        an_event("3", uid="b", links=(WITH_PASSCODE,)),
        an_event("4", uid="b", start=START + DAY, links=(ROOM,)),
        an_event("5", uid="c", start=START + DAY, links=(ROOM,)),
    ]
    await place.apply(*chain, an_event("6", uid="d", links=(ROOM,)))

    ids = {meeting.id for meeting in await meetings(place)}
    asked_alone = {(await meetings(place, each.id))[0].id for each in await place.occurrences()}

    assert len(ids) == 2
    assert asked_alone == ids


async def test_another_users_copies_are_not_there(place: Place) -> None:
    await place.apply(an_event(uid="u", links=(ZOOM,)))
    other = await a_place(place.database, "other@example.com")
    await other.apply(an_event(uid="u", links=(ZOOM,)))
    (theirs,) = await other.occurrences()

    (mine,) = await meetings(place)

    assert [copy.user_id for copy in mine.copies] == [place.actor.user_id]
    assert await meetings(place, theirs.id) == []


async def test_many_cost_as_many_statements_as_one(place: Place) -> None:
    other = await beside(place)
    for calendar in (place, other):
        days = [an_event(str(day), start=START + day * DAY, links=(ZOOM,)) for day in range(30)]
        await calendar.apply(*days, a_series(uid="series", rule="FREQ=DAILY;COUNT=30", links=(ROOM,)))
    ids = [each.id for each in await place.occurrences()]

    with counted() as one:
        await meetings(place, ids[0])
    with counted() as all_of_them:
        found = await meetings(place, *ids)

    assert one.statements == all_of_them.statements
    assert {len(meeting.copies) for meeting in found} == {2}


# The law


@st.composite
def copies(draw: st.DrawFn) -> list[Event]:
    """Of a calendar: events that have UIDs, starts and links in common with those of others."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        start = START + draw(st.integers(0, 2)) * DAY
        event = an_event(
            str(number),
            uid=draw(st.sampled_from("ab")),
            start=start,
            status=draw(st.sampled_from([EventStatus.CONFIRMED, EventStatus.CANCELLED])),
            links=draw(st.sampled_from([(), (ZOOM,), (WITH_PASSCODE,), (ROOM,)])),
        )
        if draw(st.booleans()):
            moved = Override(start, a_time(START + draw(st.integers(0, 3)) * DAY), event.details)
            event = replace(event, recurrence=Recurrence(rules=("FREQ=DAILY;COUNT=2",)), overrides=(moved,))
        found.append(event)
    return found


def original(copy: Occurrence) -> datetime | None:
    if not copy.original_start:
        return None
    wall = datetime.fromisoformat(copy.original_start)
    return wall.replace(tzinfo=ZoneInfo(ZONE))


def are_copies(one: Occurrence, other: Occurrence) -> bool:
    by_uid = (one.uid, original(one)) == (other.uid, original(other))
    by_link = room(one) is not None and (room(one), one.starts_at) == (room(other), other.starts_at)
    return by_uid or by_link


def room(copy: Occurrence) -> str | None:
    if copy.meeting_link is None or copy.status is EventStatus.CANCELLED:
        return None
    return link_identity(MeetingLink(copy.meeting_link, copy.meeting_platform or ""))


@given(st.lists(copies(), min_size=1, max_size=3), st.data())
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_every_copy_tells_of_the_same_meeting_and_it_is_what_marks_in_common_connect(
    database: Database, calendars: list[list[Event]], data: st.DataObject
) -> None:
    place = await a_place(database, next(EMAILS))
    for events in data.draw(st.permutations(calendars)):
        await (await beside(place)).apply(*events)
    stored = await place.occurrences()
    asked = data.draw(st.lists(st.sampled_from(stored), unique=True)) if stored else []

    found = await meetings(place, *(each.id for each in asked))

    groups = connected(stored, are_copies)
    for meeting in found:
        ids = {copy.id for copy in meeting.copies}
        assert frozenset(meeting.copies) in groups
        assert meeting.id == f"mcmtg_{min(ids).removeprefix('mcevt_')}"
    assert {copy.id for meeting in found for copy in meeting.copies} >= {each.id for each in asked or stored}
