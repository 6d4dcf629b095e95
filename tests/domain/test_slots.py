"""Slots to meet in, against a model that looks at every minute."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.free_busy import Interval
from calendar_sync.domain.slots import SlotRules, Weekday, WorkingHours, first_instant, slots, working_spans

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALL_WEEK = frozenset(Weekday)
PUT_FORWARD, SET_BACK = date(2026, 3, 29), date(2026, 10, 25)
"""In Berlin, at two o'clock and at three: days of 23 and of 25 hours."""


def hours(start: str, end: str, weekdays: frozenset[Weekday] = ALL_WEEK) -> WorkingHours:
    return WorkingHours(weekdays, time.fromisoformat(start), time.fromisoformat(end))


def midnight(day: date, zone: tzinfo = BERLIN) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def the_day(day: date, zone: tzinfo = BERLIN) -> Interval:
    return Interval(midnight(day, zone), midnight(day + DAY, zone))


def at(day: date, clock: str, zone: tzinfo = BERLIN) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def lengths(day: date, *working: WorkingHours) -> list[timedelta]:
    """Of the working hours that begin on a day."""
    found = working_spans(the_day(day), working, BERLIN)
    return [span.end - span.start for span in found if span.start >= midnight(day)]


# Working hours


def test_working_hours_are_those_of_the_clock_on_every_day() -> None:
    for day in (PUT_FORWARD, SET_BACK):
        (span,) = working_spans(the_day(day), [hours("09:00", "17:00")], BERLIN)
        assert span == Interval(at(day, "09:00"), at(day, "17:00"))


def test_a_whole_day_has_as_many_hours_as_the_clock_goes_through() -> None:
    always = hours("00:00", "00:00")

    assert [lengths(day, always) for day in (PUT_FORWARD, SET_BACK)] == [[23 * HOUR], [25 * HOUR]]


def test_a_night_ends_on_the_next_day_and_is_as_long_as_it_is() -> None:
    night = hours("22:00", "06:00")
    usual = date(2026, 5, 4)

    assert [lengths(day, night) for day in (PUT_FORWARD - DAY, SET_BACK - DAY, usual)] == [
        [7 * HOUR],
        [9 * HOUR],
        [8 * HOUR],
    ]


def test_hours_that_begin_or_end_in_a_gap_do_so_when_the_clock_goes_on() -> None:
    three = at(PUT_FORWARD, "03:00")

    assert list(working_spans(the_day(PUT_FORWARD), [hours("02:30", "04:00")], BERLIN)) == [
        Interval(three, three + HOUR)
    ]
    assert list(working_spans(the_day(PUT_FORWARD), [hours("01:00", "02:30")], BERLIN)) == [
        Interval(three - HOUR, three)
    ]
    assert list(working_spans(the_day(PUT_FORWARD), [hours("02:10", "02:50")], BERLIN)) == []


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    first = at(SET_BACK, "02:30")

    assert list(working_spans(the_day(SET_BACK), [hours("02:30", "04:00")], BERLIN)) == [
        Interval(first, first + 2 * HOUR + HOUR / 2)
    ]
    assert lengths(SET_BACK, hours("01:30", "02:30")) == [HOUR]


def test_there_are_no_hours_on_a_day_that_a_zone_skipped() -> None:
    """Samoa went over the date line at the end of 29 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    window = Interval(midnight(date(2011, 12, 29), apia), midnight(date(2012, 1, 1), apia))

    days = [span.start.astimezone(apia).day for span in working_spans(window, [hours("09:00", "17:00")], apia)]

    assert days == [29, 31]


# Slots


def test_slots_go_on_from_one_day_into_the_next_where_hours_do() -> None:
    window = Interval(midnight(PUT_FORWARD - DAY), midnight(PUT_FORWARD + DAY))
    rules = SlotRules(length=5 * HOUR, step=5 * HOUR)

    starts = [
        slot.start.astimezone(BERLIN).strftime("%d %H")
        for slot in slots(window, [hours("00:00", "00:00")], BERLIN, [], rules)
    ]

    assert starts == ["28 00", "28 05", "28 10", "28 15", "28 20", "29 00", "29 06", "29 11", "29 16"]


def test_free_time_around_a_slot_may_be_outside_of_working_hours_but_not_of_what_is_free() -> None:
    day = date(2026, 5, 4)
    rules = SlotRules(HOUR, HOUR, before=HOUR / 2, after=HOUR / 4)
    busy = [Interval(at(day, "08:00"), at(day, "08:40")), Interval(at(day, "12:10"), at(day, "13:00"))]

    found = slots(the_day(day), [hours("09:00", "15:00")], BERLIN, busy, rules)

    assert [slot.start.astimezone(BERLIN).hour for slot in found] == [10, 14]


ZONES = [
    BERLIN,
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),  # half an hour
    ZoneInfo("America/Santiago"),  # at midnight
    ZoneInfo("Asia/Kathmandu"),
]
CHANGES = {
    "Europe/Berlin": [PUT_FORWARD, SET_BACK],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "America/Santiago": [date(2026, 4, 5), date(2026, 9, 6)],
    "Asia/Kathmandu": [date(2026, 6, 1)],
}
clocks = st.integers(0, 24 * 12 - 1).map(lambda five: (datetime(1, 1, 1) + five * 5 * MINUTE).time())  # noqa: DTZ001
some_hours = st.lists(st.builds(WorkingHours, st.frozensets(st.sampled_from(Weekday)), clocks, clocks), max_size=3)
some_rules = st.builds(
    SlotRules,
    length=st.integers(1, 40).map(lambda five: five * 5 * MINUTE),
    step=st.integers(1, 20).map(lambda five: five * 5 * MINUTE),
    before=st.integers(0, 6).map(lambda five: five * 5 * MINUTE),
    after=st.integers(0, 6).map(lambda five: five * 5 * MINUTE),
)


@st.composite
def settings_of_a_search(draw: st.DrawFn) -> tuple[ZoneInfo, Interval, list[WorkingHours], list[Interval], SlotRules]:
    """Around a day on which clocks are set."""
    zone = draw(st.sampled_from(ZONES))
    change = midnight(draw(st.sampled_from(CHANGES[zone.key])), zone)
    start = change + draw(st.integers(-24, 12)) * HOUR
    window = Interval(start, start + draw(st.integers(0, 40)) * HOUR)
    parts = st.tuples(st.integers(-24 * 12, 48 * 12), st.integers(0, 60))
    busy = [
        Interval(change + at * 5 * MINUTE, change + (at + length) * 5 * MINUTE)
        for at, length in draw(st.lists(parts, max_size=5))
    ]
    return zone, window, draw(some_hours), busy, draw(some_rules)


@given(settings_of_a_search())
@settings(max_examples=40, deadline=None)
def test_slots_are_all_that_are_free_within_hours_and_on_the_grid(
    search: tuple[ZoneInfo, Interval, list[WorkingHours], list[Interval], SlotRules],
) -> None:
    zone, window, working, busy, rules = search

    found = list(slots(window, working, zone, busy, rules))

    assert [slot.start for slot in found] == starts_by_the_minute(window, working, zone, busy, rules)
    assert all(slot.end - slot.start == rules.length for slot in found)


def starts_by_the_minute(
    window: Interval, working: Sequence[WorkingHours], zone: ZoneInfo, busy: Sequence[Interval], rules: SlotRules
) -> list[datetime]:
    """Five minutes at a time, as all is in multiples of that."""
    around = [window.start + number * 5 * MINUTE for number in range(-60 * 12, 100 * 12)]
    clock = {moment: moment.astimezone(zone).replace(tzinfo=None) for moment in around}
    spans = by_the_clock(around, clock, working)
    inside = {moment for start, end in spans for moment in around if start <= moment < end}
    taken = {moment for one in busy for moment in around if one.start <= moment < one.end}
    begins = {
        start + steps * rules.step
        for start, end in spans
        for steps in range(40 * 12)
        if start + steps * rules.step < end
    }
    return [
        start
        for start in sorted(begins)
        if window.start <= start and start + rules.length <= window.end
        if all(moment in inside for moment in steps_between(start, start + rules.length))
        and not any(
            moment in taken for moment in steps_between(start - rules.before, start + rules.length + rules.after)
        )
    ]


def by_the_clock(
    around: Sequence[datetime], clock: dict[datetime, datetime], working: Sequence[WorkingHours]
) -> list[tuple[datetime, datetime]]:
    """From the first moment at which the clock shows the start or later to the first at which it does the end."""
    spans = []
    days = sorted({shown.date() for shown in clock.values()})[1:-2]
    for day in days:
        for each in working:
            if tuple(Weekday)[day.weekday()] in each.weekdays:
                until = day if each.end > each.start else day + DAY
                edges = [datetime.combine(day, each.start), datetime.combine(until, each.end)]
                start, end = (next(moment for moment in around if clock[moment] >= edge) for edge in edges)
                spans.append((start, end))
    return spans


def steps_between(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * 5 * MINUTE for number in range((end - start) // (5 * MINUTE))]


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.key)
def test_the_first_instant_is_the_first_at_which_the_clock_shows_as_much(zone: ZoneInfo) -> None:
    for day in CHANGES[zone.key]:
        around = [midnight(day, zone) + number * 5 * MINUTE for number in range(-12 * 12, 36 * 12)]
        shown = [moment.astimezone(zone).replace(tzinfo=None) for moment in around]
        for number in range(24 * 12):
            wall = datetime.combine(day, time()) + number * 5 * MINUTE
            expected = next(moment for moment, each in zip(around, shown, strict=True) if each >= wall)
            assert first_instant(wall, zone) == expected


def test_what_takes_no_time_keeps_nobody_from_meeting() -> None:
    day, rules = date(2026, 6, 1), SlotRules(30 * MINUTE, 30 * MINUTE, 10 * MINUTE, 10 * MINUTE)

    found = slots(
        the_day(day), [hours("09:00", "10:00")], BERLIN, [Interval(at(day, "09:30"), at(day, "09:30"))], rules
    )

    assert [slot.start for slot in found] == [at(day, "09:00"), at(day, "09:30")]
