"""When somebody is busy, and when they are free to meet, by what is stored of their calendars."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from calendar_sync.domain.errors import Conflict, NotFound, RangeTooLarge
from calendar_sync.domain.events import Attendee, Event, EventStatus, EventTime, ResponseStatus
from calendar_sync.domain.free_busy import BusyKind, Interval
from calendar_sync.domain.identifiers import CalendarId, ConnectionId
from calendar_sync.domain.slots import SlotRules, Weekday, WorkingHours
from calendar_sync.events.availability import AvailabilityService, Counting, Whose
from calendar_sync.store.database import Database
from calendar_sync.store.tables import occurrences
from tests.builders import ZONE, a_calendar, a_connection, a_series, a_time, an_all_day_time, an_event, wall
from tests.store.conftest import Place, a_place
from tests.store.test_cost import counted

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BERLIN, TOKYO = ZoneInfo(ZONE), ZoneInfo("Asia/Tokyo")
EMAILS = (f"user{number}@example.com" for number in count())


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_place(database)


def at(clock: str, day: str = "2026-03-09", zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)


THE_DAY = Interval(at("00:00"), at("00:00", "2026-03-10"))


async def busy(
    place: Place, window: Interval = THE_DAY, whose: Whose = Whose(), counting: Counting = Counting()
) -> list[tuple[str, str, str]]:
    """What is taken, on the clock of Berlin."""
    found = await AvailabilityService(place.database).free_busy(place.actor, window, whose, counting)
    clock = "%d %H:%M"
    return [
        (block.start.astimezone(BERLIN).strftime(clock), block.end.astimezone(BERLIN).strftime(clock), block.kind.value)
        for block in found.blocks
    ]


def responded(response: ResponseStatus) -> tuple[Attendee, ...]:
    return (Attendee("me@example.com", response=response, is_self=True), Attendee("you@example.com"))


# What takes time


CLAIMS = [
    (an_event(), "busy"),
    (an_event(is_busy=False), None),
    (an_event(status=EventStatus.CANCELLED), None),
    (an_event(status=EventStatus.TENTATIVE), "tentative"),
    (an_event(attendees=responded(ResponseStatus.ACCEPTED)), "busy"),
    (an_event(attendees=responded(ResponseStatus.TENTATIVE)), "tentative"),
    (an_event(attendees=responded(ResponseStatus.NEEDS_ACTION)), "tentative"),
    (an_event(attendees=responded(ResponseStatus.DECLINED)), None),
    (an_event(attendees=(Attendee("you@example.com", response=ResponseStatus.DECLINED),)), "busy"),
    (an_event(time=a_time(lasts=timedelta())), None),
]


@pytest.mark.parametrize("is_derived", [True, False])
async def test_an_event_takes_the_time_that_it_claims(place: Place, is_derived: bool) -> None:
    """Each on a day of its own."""
    days = [(event, kind, number * DAY) for number, (event, kind) in enumerate(CLAIMS)]
    for event, _, later in days:
        moved = replace(event.time, start=event.time.start + later, end=event.time.end + later)
        await place.apply(replace(event, remote_id=f"{later.days}", time=moved))
    if not is_derived:
        await as_stored_by_an_earlier_version(place)

    found = await busy(place, Interval(THE_DAY.start, THE_DAY.end + len(CLAIMS) * DAY))

    assert found == [
        (f"{9 + later.days:02} 09:00", f"{9 + later.days:02} 10:00", kind) for _, kind, later in days if kind
    ]


async def as_stored_by_an_earlier_version(place: Place) -> None:
    async with place.database.begin() as tx:
        nothing = dict.fromkeys(("is_busy", "response", "starts_on", "ends_on"))
        await tx.connection.execute(update(occurrences).values(**nothing))


async def test_copies_and_all_else_that_meets_is_one_block_and_busy_hides_tentative(place: Place) -> None:
    other = replace(place, calendar=await a_calendar(place.database, place.connection, "other"))
    await place.apply(an_event("1", uid="u"), an_event("2", start=wall("2026-03-09T10:00")))
    await other.apply(
        an_event("1", uid="u"),
        an_event("3", time=a_time(wall("2026-03-09T08:30"), lasts=3 * HOUR), status=EventStatus.TENTATIVE),
    )

    assert await busy(place) == [
        ("09 08:30", "09 09:00", "tentative"),
        ("09 09:00", "09 11:00", "busy"),
        ("09 11:00", "09 11:30", "tentative"),
    ]
    assert await busy(place, counting=Counting(tentative=False)) == [("09 09:00", "09 11:00", "busy")]


@pytest.mark.parametrize("is_derived", [True, False])
async def test_an_all_day_event_takes_its_days_in_the_zone_asked_for(place: Place, is_derived: bool) -> None:
    await place.apply(an_event(time=an_all_day_time("2026-03-09", zone="Asia/Tokyo")))
    if not is_derived:
        await as_stored_by_an_earlier_version(place)
    around = Interval(at("00:00", "2026-03-08"), at("00:00", "2026-03-11"))

    assert await busy(place, around) == [("08 16:00", "09 16:00", "busy")]
    assert await busy(place, around, counting=Counting(zone=BERLIN)) == [("09 00:00", "10 00:00", "busy")]
    assert await busy(place, around, counting=Counting(zone=ZoneInfo("Pacific/Pago_Pago"))) == [
        ("09 12:00", "10 12:00", "busy")
    ]
    assert await busy(place, around, counting=Counting(all_day=False)) == []


async def test_an_all_day_event_reaches_into_a_window_that_its_own_zone_keeps_it_out_of(place: Place) -> None:
    await place.apply(an_event(time=an_all_day_time("2026-03-09", zone="Pacific/Kiritimati")))
    evening = Interval(at("10:00", "2026-03-10"), at("13:00", "2026-03-10"))

    assert await busy(place, evening) == []
    assert await busy(place, evening, counting=Counting(zone=ZoneInfo("Pacific/Pago_Pago"))) == [
        ("10 10:00", "10 12:00", "busy")
    ]


async def test_what_lasts_for_weeks_is_there_in_the_middle_of_it(place: Place) -> None:
    await place.apply(an_event(time=a_time(wall("2026-02-20T09:00"), lasts=40 * DAY)))

    assert await busy(place) == [("09 00:00", "10 00:00", "busy")]


async def test_each_occurrence_of_a_series_takes_its_time(place: Place) -> None:
    await place.apply(a_series(rule="FREQ=HOURLY;INTERVAL=3;COUNT=3"))

    assert [start for start, _, _ in await busy(place)] == ["09 09:00", "09 12:00", "09 15:00"]


# Whose time


async def test_only_the_calendars_that_are_named_count(place: Place) -> None:
    second = await a_connection(place.database, place.actor, identity="second")
    other = replace(place, connection=second, calendar=await a_calendar(place.database, second))
    third = replace(place, calendar=await a_calendar(place.database, place.connection, "third"))
    for number, each in enumerate((place, other, third)):
        await each.apply(an_event(start=wall(f"2026-03-09T1{number}:00")))

    async def starts(whose: Whose) -> list[str]:
        return [start[-5:-3] for start, _, _ in await busy(place, whose=whose)]

    assert await starts(Whose()) == ["10"]  # they meet
    assert await starts(Whose(calendars=[other.calendar.id])) == ["11"]
    assert await starts(Whose(connections=[place.connection.id])) == ["10", "12"]
    assert await starts(Whose([third.calendar.id], [second.id])) == ["11"]
    assert await starts(Whose(calendars=[])) == []


async def test_what_is_not_there_is_not_free(place: Place) -> None:
    stranger = await a_place(place.database, "stranger@example.com")

    for whose in (
        Whose(calendars=[CalendarId("cal_none")]),
        Whose(calendars=[place.calendar.id, stranger.calendar.id]),
        Whose(connections=[ConnectionId("tcred_none")]),
        Whose(connections=[stranger.connection.id]),
    ):
        with pytest.raises(NotFound):
            await busy(place, whose=whose)


async def test_a_calendar_that_is_not_read_is_not_free(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.calendars.select(place.actor, place.connection.id, [])

    with pytest.raises(Conflict):
        await busy(place, whose=Whose(calendars=[place.calendar.id]))
    assert await busy(place, whose=Whose(connections=[place.connection.id])) == []


async def test_it_says_up_to_when_it_knows(place: Place) -> None:
    service = AvailabilityService(place.database)
    assert (await service.free_busy(place.actor, THE_DAY)).known_until is None

    await place.apply(an_event())
    known = (await service.free_busy(place.actor, THE_DAY)).known_until
    assert known is not None
    assert known > at("00:00", "2027-01-01")

    await a_calendar(place.database, place.connection, "never read")
    assert (await service.free_busy(place.actor, THE_DAY)).known_until is None


async def test_a_year_is_the_longest_window(place: Place) -> None:
    year = Interval(THE_DAY.start, THE_DAY.start + 366 * DAY)

    assert await busy(place, year) == []
    with pytest.raises(RangeTooLarge):
        await busy(place, replace(year, end=year.end + MINUTE))


async def test_it_costs_a_statement_for_the_calendars_and_one_for_all_their_occurrences(place: Place) -> None:
    for number in range(10):
        other = replace(place, calendar=await a_calendar(place.database, place.connection, f"{number}"))
        await other.apply(an_event())

    with counted() as cost:
        assert len(await busy(place)) == 1

    read = [table for statement, _ in cost.sent for table in re.findall(r"\sFROM (\w+)", statement)[:1]]
    assert read == ["calendars", "occurrences"]


# Slots


async def test_slots_are_what_the_hours_leave_around_what_is_taken(place: Place) -> None:
    await place.apply(
        an_event("1", start=wall("2026-03-09T10:00")),
        an_event("2", time=an_all_day_time("2026-03-10")),
        an_event("3", start=wall("2026-03-11T08:00")),
    )
    window = Interval(at("00:00"), at("00:00", "2026-03-16"))
    hours = [WorkingHours(frozenset([Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY]), time(9), time(12))]

    async def slots(rules: SlotRules, first: int = 10) -> tuple[list[str], bool]:
        found = await AvailabilityService(place.database).availability(
            place.actor, window, hours, BERLIN, rules, first=first, counting=Counting(zone=BERLIN)
        )
        return [slot.start.astimezone(BERLIN).strftime("%d %H:%M") for slot in found.slots], found.has_more

    assert await slots(SlotRules(HOUR, HOUR)) == (["09 09:00", "09 11:00", "11 09:00", "11 10:00", "11 11:00"], False)
    assert await slots(SlotRules(HOUR, HOUR), first=3) == (["09 09:00", "09 11:00", "11 09:00"], True)
    assert await slots(SlotRules(HOUR, HOUR, before=15 * MINUTE)) == (["09 09:00", "11 10:00", "11 11:00"], False)
    assert await slots(SlotRules(HOUR, HOUR, after=15 * MINUTE)) == (
        ["09 11:00", "11 09:00", "11 10:00", "11 11:00"],
        False,
    )


async def test_what_begins_just_after_the_window_is_seen(place: Place) -> None:
    await place.apply(an_event(start=wall("2026-03-09T12:10")))
    window = Interval(at("11:00"), at("12:00"))
    always = [WorkingHours(frozenset(Weekday), time(0), time(0))]

    found = await AvailabilityService(place.database).availability(
        place.actor, window, always, BERLIN, SlotRules(HOUR, HOUR, after=HOUR / 4), first=5
    )

    assert found.slots == []


# The law


@st.composite
def an_event_of_any_kind(draw: st.DrawFn) -> Event:
    is_all_day = draw(st.booleans())
    day = date(2026, 3, 28) + draw(st.integers(-3, 3)) * DAY
    if is_all_day:
        time_ = an_all_day_time(
            day.isoformat(), days=draw(st.integers(1, 4)), zone=draw(st.sampled_from([ZONE, "Asia/Tokyo"]))
        )
    else:
        start = datetime.combine(day, time(draw(st.integers(3, 23)), draw(st.sampled_from([0, 30]))))
        time_ = a_time(start, lasts=draw(st.integers(0, 200)) * HOUR / 2)
        end = start + (time_.end - time_.start)
        time_ = EventTime(start, end, ZONE)
    answered = draw(st.none() | st.sampled_from(ResponseStatus))
    return an_event(
        time=time_,
        status=draw(st.sampled_from(EventStatus)),
        is_busy=draw(st.booleans()),
        attendees=responded(answered) if answered else (),
    )


def claimed_at(events: Sequence[Event], moment: datetime, zone: ZoneInfo | None) -> BusyKind | None:
    """By the definition, looking at each event."""
    kinds = set()
    for event in events:
        own = zone if zone is not None and event.time.all_day else ZoneInfo(event.time.zone)
        if (
            not event.time.start.replace(tzinfo=own).astimezone(UTC)
            <= moment
            < event.time.end.replace(tzinfo=own).astimezone(UTC)
        ):
            continue
        said = event.details
        mine = {attendee.response for attendee in said.attendees if attendee.is_self}
        if said.status is EventStatus.CANCELLED or not said.is_busy or ResponseStatus.DECLINED in mine:
            continue
        is_sure = said.status is EventStatus.CONFIRMED and mine <= {ResponseStatus.ACCEPTED}
        kinds.add(BusyKind.BUSY if is_sure else BusyKind.TENTATIVE)
    return min(kinds, default=None)


@given(
    st.lists(st.lists(an_event_of_any_kind(), max_size=5), min_size=1, max_size=3),
    st.sampled_from([None, BERLIN, TOKYO]),
    st.integers(-96, 96),
    st.integers(1, 48),
    st.booleans(),
)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_a_moment_is_taken_exactly_if_an_event_takes_it(
    database: Database,
    calendars: list[list[Event]],
    zone: ZoneInfo | None,
    start: int,
    length: int,
    is_derived: bool,
) -> None:
    place = await a_place(database, next(EMAILS))
    for number, events in enumerate(calendars):
        other = replace(place, calendar=await a_calendar(database, place.connection, f"{number}"))
        await other.apply(*(replace(event, remote_id=f"{place}") for place, event in enumerate(events)))
    if not is_derived:
        await as_stored_by_an_earlier_version(place)
    begin = at("00:00", "2026-03-28").astimezone(UTC) + start * HOUR / 2
    window = Interval(begin, begin + length * HOUR / 2)

    found = await AvailabilityService(database).free_busy(place.actor, window, counting=Counting(zone=zone))

    moments = [begin + number * HOUR / 2 for number in range(-2, length + 2)]
    seen = [
        next((block.kind for block in found.blocks if block.start <= moment < block.end), None) for moment in moments
    ]
    together = [event for events in calendars for event in events]
    assert seen == [
        claimed_at(together, moment, zone) if window.start <= moment < window.end else None for moment in moments
    ]
