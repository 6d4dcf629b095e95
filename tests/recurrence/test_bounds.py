"""No event costs more than its limits: work is counted in executed lines, never in seconds."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Details, Event, EventTime, Override, Recurrence, Window
from calendar_sync.recurrence import Limits, ends_at, expand
from tests.recurrence.builders import at, keys, override, series, starts, time, wall, window
from tests.recurrence.definition import WEEKDAYS
from tests.recurrence.rules import rule_text, rules
from tests.recurrence.zone_texts import FIXED

if TYPE_CHECKING:
    from _typeshed import TraceFunction

YEAR = window("2026-01-01", "2027-02-01")
DAY = window("2026-06-01", "2026-06-02")
STEPS = 2_000
LINES_PER_STEP = 75  # what takes most is an instance, at about seventy
LINES_BESIDES = 10_000


class Work:
    lines = 0


@contextmanager
def counted_work() -> Iterator[Work]:
    """Counts the lines that the recurrence package executes."""
    work = Work()

    def trace(frame: FrameType, event: str, arg: object) -> "TraceFunction | None":
        if "calendar_sync" not in frame.f_code.co_filename:
            return None
        if event == "line":
            work.lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield work
    finally:
        sys.settrace(before)


def many(count: int) -> str:
    return ",".join(str(number) for number in range(count))


EVERY_SECOND = f"BYHOUR={many(24)};BYMINUTE={many(60)};BYSECOND={many(60)}"
LONG_LIST = ",".join(f"{number % 53 + 1}{day}" for number in range(57) for day in WEEKDAYS)
OLD, NEW = "1970-01-01T09:00", "2026-06-01T09:00"

BOMBS = {
    "every second since 1970": (OLD, "FREQ=SECONDLY"),
    "every second from the window on": (NEW, "FREQ=SECONDLY"),
    "every second, on February 30": (OLD, "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
    "every second, on February 30, counted": (OLD, "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5"),
    "every second of which there is none": (OLD, "FREQ=SECONDLY;INTERVAL=3;BYSECOND=1"),
    "every third second of a minute that never is": (OLD, "FREQ=SECONDLY;INTERVAL=3600;BYMINUTE=1"),
    "every minute, the second of one": (OLD, "FREQ=MINUTELY;BYSETPOS=2"),
    "every minute since the year 1": ("0001-01-01T09:00", "FREQ=MINUTELY"),
    "every minute, counted": (OLD, "FREQ=MINUTELY;BYDAY=MO;COUNT=999999999"),
    "every hour of a day that never is": (OLD, "FREQ=HOURLY;BYYEARDAY=366;BYMONTH=1;COUNT=2"),
    "every day since the year 1": ("0001-01-01T09:00", "FREQ=DAILY"),
    "every day, counted far": (OLD, "FREQ=DAILY;COUNT=100000"),
    "Mondays, counted by days": ("1800-01-01T09:00", "FREQ=DAILY;BYDAY=MO;COUNT=100000"),
    "every day of all seconds": (OLD, f"FREQ=DAILY;{EVERY_SECOND}"),
    "every day of all seconds, picked": (OLD, f"FREQ=DAILY;{EVERY_SECOND};BYSETPOS=366,-366"),
    "every week of all seconds, picked": (OLD, f"FREQ=WEEKLY;BYDAY=MO,TU;{EVERY_SECOND};BYSETPOS=366,-366"),
    "every year of all seconds": (OLD, f"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;{EVERY_SECOND}"),
    "every week, on February 30": ("0001-01-01T09:00", "FREQ=WEEKLY;WKST=SU;BYMONTH=2;BYMONTHDAY=30;COUNT=5"),
    "every month, on February 31": ("0001-01-01T09:00", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31;COUNT=5"),
    "every year, on February 30": ("0001-01-01T09:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5"),
    "every year by long lists": ("0001-01-01T09:00", f"FREQ=YEARLY;BYDAY={LONG_LIST};COUNT=999999"),
    "every year by all its days and weeks": (
        "0001-01-01T09:00",
        f"FREQ=YEARLY;BYYEARDAY={many(367)[2:]};BYWEEKNO={many(54)[2:]};COUNT=999999",
    ),
    "every month on a day that never is": ("0001-01-01T09:00", "FREQ=MONTHLY;BYYEARDAY=366;BYWEEKNO=20;COUNT=5"),
    "every month of a year on a day that never is": (
        "0001-01-01T09:00",
        f"FREQ=YEARLY;BYMONTH={many(13)[2:]};BYYEARDAY=366;BYWEEKNO=20;COUNT=5",
    ),
    "every month by all its days in one week": (
        "0001-01-01T09:00",
        f"FREQ=MONTHLY;BYYEARDAY={many(367)[2:]};BYWEEKNO=53;COUNT=999999",
    ),
    **{
        f"an interval out of all calendars, {frequency.lower()}": (OLD, f"FREQ={frequency};INTERVAL=999999999")
        for frequency in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
    },
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("span", [YEAR, DAY], ids=["year", "day"])
def test_a_rule_costs_no_more_than_its_steps(name: str, span: Window) -> None:
    start, rule = BOMBS[name]

    with counted_work() as work:
        expand(series(start, rule), span, limits=Limits(max_steps=STEPS))

    assert work.lines <= STEPS * LINES_PER_STEP + LINES_BESIDES


@pytest.mark.parametrize("name", BOMBS)
def test_looking_for_the_end_costs_no_more_than_its_steps(name: str) -> None:
    start, rule = BOMBS[name]

    with counted_work() as work:
        ends_at(series(start, f"{rule};UNTIL=20400101"), limits=Limits(max_steps=STEPS))

    assert work.lines <= STEPS * LINES_PER_STEP + LINES_BESIDES


@pytest.mark.parametrize("name", BOMBS)
def test_a_rule_of_exceptions_costs_no_more_than_its_steps(name: str) -> None:
    start, rule = BOMBS[name]
    event = series(start, "FREQ=SECONDLY", exception_rules=[rule, rule])

    with counted_work() as work:
        expand(event, YEAR, limits=Limits(max_steps=STEPS))

    assert work.lines <= STEPS * LINES_PER_STEP + LINES_BESIDES


@given(parts=rules(counted=False), days=st.integers(0, 700_000))
@settings(max_examples=60, deadline=None)
def test_no_rule_whatever_costs_more_than_its_steps(parts: dict[str, str], days: int) -> None:
    start = wall("0001-01-01T09:00") + timedelta(days=days)
    event = series(start.isoformat(), rule_text({**parts, "COUNT": "99999"}))

    with counted_work() as work:
        expand(event, YEAR, limits=Limits(max_steps=500))

    assert work.lines <= 500 * LINES_PER_STEP + LINES_BESIDES


class TestTruncation:
    def test_the_first_instances_of_a_window_are_found_however_many_there_are(self) -> None:
        expansion = expand(series(time(OLD, OLD), "FREQ=SECONDLY"), DAY)

        assert expansion.truncated
        assert starts(expansion) == [at("2026-06-01") + timedelta(seconds=second) for second in range(3000)]

    def test_as_many_as_may_be_are_not_cut(self) -> None:
        event = series("2026-06-01T09:00", "FREQ=DAILY;COUNT=5")

        assert not expand(event, YEAR, limits=Limits(max_instances=5)).truncated
        assert expand(event, YEAR, limits=Limits(max_instances=4)).truncated
        assert len(expand(event, YEAR, limits=Limits(max_instances=4)).instances) == 4

    def test_what_was_found_until_then_is_given(self) -> None:
        event = series("2026-06-01T09:00", "FREQ=SECONDLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0")

        expansion = expand(event, YEAR, limits=Limits(max_steps=1000))

        assert expansion.truncated
        assert 1 < len(expansion.instances) < 100

    def test_exceptions_are_there_even_if_their_series_is_cut(self) -> None:
        moved = override("2026-06-05T09:00", time("2026-06-05T10:00"))
        event = series("1800-01-01T09:00", "FREQ=DAILY;BYDAY=FR;COUNT=99999", overrides=[moved])

        expansion = expand(event, YEAR, limits=Limits(max_steps=1000))

        assert expansion.truncated
        assert keys(expansion) == ["2026-06-05T09:00:00"]

    def test_exceptions_count_as_instances(self) -> None:
        overrides = [override(f"2026-06-0{day}T09:00", time(f"2026-06-0{day}T10:00")) for day in range(1, 9)]
        event = series("2026-06-01T09:00", "FREQ=DAILY;COUNT=8", overrides=overrides)

        expansion = expand(event, YEAR, limits=Limits(max_instances=3))

        assert expansion.truncated
        assert keys(expansion) == [f"2026-06-0{day}T09:00:00" for day in (1, 2, 3)]


class TestWhatIsCheap:
    """The window is reached by arithmetic: so many steps are enough, wherever DTSTART is."""

    @pytest.mark.parametrize("start", ["2026-05-28T09:00", "1900-01-01T09:00", "0001-01-01T09:00"])
    @pytest.mark.parametrize(
        "rule",
        [
            "FREQ=DAILY",
            "FREQ=DAILY;COUNT=9999999",
            "FREQ=DAILY;INTERVAL=3;BYHOUR=9,17;COUNT=9999999",
            "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=9999999",
            "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1;COUNT=9999999",
            "FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=9999999",
            "FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=9999999",
            "FREQ=MONTHLY;COUNT=9999999",
            "FREQ=HOURLY;INTERVAL=5;COUNT=999999999",
            "FREQ=YEARLY;BYMONTH=6;BYDAY=1MO",
            "FREQ=SECONDLY;INTERVAL=40000",
        ],
    )
    def test_old_series(self, start: str, rule: str) -> None:
        expansion = expand(series(start, rule), window("2026-06-01", "2026-07-01"), limits=Limits(max_steps=350))

        assert not expansion.truncated
        assert expansion.instances

    @pytest.mark.parametrize("rule", ["FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MINUTELY;BYSETPOS=2"])
    def test_rules_that_make_nothing(self, rule: str) -> None:
        expansion = expand(series(OLD, rule), YEAR, limits=Limits(max_steps=500))

        assert (expansion.instances, expansion.truncated) == ((), False)


class TestMuchOfEverything:
    """What is not counted in steps grows with the event's own size and no faster."""

    def lines(self, event: Event) -> int:
        with counted_work() as work:
            expand(event, YEAR)
        return work.lines

    def test_exclusions(self) -> None:
        exceptions = [f"{wall('2026-01-01T09:00') + timedelta(days=day)}" for day in range(2000)]

        expansion = expand(series("2026-01-01T09:00", "FREQ=DAILY", exceptions=exceptions), YEAR)

        assert (expansion.instances, expansion.truncated) == ((), False)
        assert self.lines(series("2026-01-01T09:00", "FREQ=DAILY", exceptions=exceptions)) < 50_000

    def test_dates_and_exceptions(self) -> None:
        small, large = (self.lines(_crowded(count)) for count in (200, 800))

        assert large < 4.5 * small

    def test_zones_known_by_text_alone(self) -> None:
        few, more = _abroad(10), _abroad(20)

        assert self.lines(more) < 1.5 * self.lines(few)
        assert "The event is in more time zones than can be followed." in expand(few, YEAR).problems

    def test_instances_of_a_thousand_years(self) -> None:
        event = series(time("0900-01-01T09:00", "1900-01-01T09:00"), "FREQ=DAILY")

        expansion = expand(event, YEAR)

        assert expansion.truncated
        assert len(expansion.instances) == 3000

    def test_a_shift_of_a_thousand_years(self) -> None:
        moved = override("1026-01-01T09:00", time("2026-01-01T09:00"), onwards=True)
        event = series("1000-01-01T09:00", "FREQ=MONTHLY", overrides=[moved])

        expansion = expand(event, window("2026-02-01", "2026-03-01"))

        assert keys(expansion) == ["1026-02-01T09:00:00"]
        assert not expansion.truncated


def _abroad(count: int) -> Event:
    """A series with exceptions in as many zones."""
    text = FIXED.replace("END:STANDARD", "RRULE:FREQ=YEARLY\nEND:STANDARD")
    days = [wall(NEW) + timedelta(days=day) for day in range(count)]
    times = [EventTime(day, day, f"{count}", zone_rules=f"{text}{number * ' '}") for number, day in enumerate(days)]
    overrides = [Override(of.start, of, Details()) for of in times]
    return series(NEW, "FREQ=DAILY", overrides=overrides)


def _crowded(count: int) -> Event:
    days = [wall("2026-01-01T09:00") + timedelta(hours=hour) for hour in range(count)]
    recurrence = Recurrence(
        rules=("FREQ=YEARLY",),
        dates=tuple(day.replace(fold=1) for day in days),
        exceptions=tuple(days[::2]),
        periods=tuple((day, day + timedelta(hours=2)) for day in days),
    )
    overrides = tuple(
        Override(day, EventTime(day, day, "UTC"), Details(), this_and_future=number % 2 == 0)
        for number, day in enumerate(days[1::2])
    )
    return replace(series("2026-01-01T09:00"), recurrence=recurrence, overrides=overrides)
