"""Series whose zone sets its clocks, in both directions: what people see stays where it was on the clock."""

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Details, EventTime, Instance, Override, Window
from calendar_sync.recurrence import expand
from tests.recurrence.builders import UNBOUNDED, at, series, time, wall, window, with_dates
from tests.recurrence.zone_texts import LORD_HOWE, ZURICH


def instances(of: EventTime, rule: str, start: str, end: str) -> list[Instance]:
    return list(expand(series(of, rule), window(start, end)).instances)


def seen(instance: Instance) -> str:
    """Day and times as the clocks of the series show them, and the real length."""
    time, length = instance.time, instance.ends_at - instance.starts_at
    return f"{time.start:%m-%d %H:%M}-{time.end:%H:%M} {length}"


# In Zurich clocks go from 02:00 to 03:00 on 29 March 2026 and from 03:00 to 02:00 on 25 October.
SPRING = ("2026-03-27T12:00", "2026-03-30T12:00")
AUTUMN = ("2026-10-23T12:00", "2026-10-26T12:00")
ZURICHS = [("Europe/Zurich", None), ("Customized Time Zone", ZURICH)]


@pytest.mark.parametrize(("zone", "rules"), ZURICHS)
class TestZurich:
    def daily(self, start: str, end: str, zone: str, rules: str | None, span: tuple[str, str]) -> list[str]:
        moment = time(f"2026-01-01T{start}", f"2026-01-0{1 if start < end else 2}T{end}", zone, zone_rules=rules)
        return [seen(instance) for instance in instances(moment, "FREQ=DAILY", *span)]

    def test_a_morning_meeting_stays_in_the_morning(self, zone: str, rules: str | None) -> None:
        moment = time("2026-01-01T09:00", "2026-01-01T09:45", zone, zone_rules=rules)

        spring = instances(moment, "FREQ=DAILY", "2026-03-28", "2026-03-30")
        autumn = instances(moment, "FREQ=DAILY", "2026-10-24", "2026-10-26")

        assert [each.starts_at for each in spring] == [at("2026-03-28T08:00"), at("2026-03-29T07:00")]
        assert [each.starts_at for each in autumn] == [at("2026-10-24T07:00"), at("2026-10-25T08:00")]

    def test_a_night_keeps_its_end_on_the_clock(self, zone: str, rules: str | None) -> None:
        assert self.daily("22:00", "06:00", zone, rules, SPRING) == [
            "03-27 22:00-06:00 8:00:00",
            "03-28 22:00-06:00 7:00:00",
            "03-29 22:00-06:00 8:00:00",
        ]
        assert self.daily("22:00", "06:00", zone, rules, AUTUMN) == [
            "10-23 22:00-06:00 8:00:00",
            "10-24 22:00-06:00 9:00:00",
            "10-25 22:00-06:00 8:00:00",
        ]

    def test_a_start_that_the_clocks_skip_comes_later_and_keeps_its_length(self, zone: str, rules: str | None) -> None:
        assert self.daily("02:15", "02:45", zone, rules, SPRING) == [
            "03-28 02:15-02:45 0:30:00",
            "03-29 03:15-03:45 0:30:00",
            "03-30 02:15-02:45 0:30:00",
        ]
        assert self.daily("02:30", "03:30", zone, rules, SPRING)[1] == "03-29 03:30-04:30 1:00:00"

    def test_a_start_that_came_later_is_still_under_way(self, zone: str, rules: str | None) -> None:
        moment = time("2026-01-01T02:30", "2026-01-01T03:30", zone, zone_rules=rules)

        under_way = instances(moment, "FREQ=DAILY", "2026-03-29T02:15", "2026-03-29T02:20")

        assert [seen(each) for each in under_way] == ["03-29 03:30-04:30 1:00:00"]

    def test_an_end_that_the_clocks_skip_comes_later(self, zone: str, rules: str | None) -> None:
        assert self.daily("01:30", "02:30", zone, rules, SPRING) == [
            "03-28 01:30-02:30 1:00:00",
            "03-29 01:30-03:30 1:00:00",
            "03-30 01:30-02:30 1:00:00",
        ]

    def test_a_start_that_comes_twice_is_the_first(self, zone: str, rules: str | None) -> None:
        moment = time("2026-01-01T02:30", "2026-01-01T02:45", zone, zone_rules=rules)

        (autumn,) = instances(moment, "FREQ=DAILY", "2026-10-25", "2026-10-26")

        assert (autumn.starts_at, autumn.ends_at) == (at("2026-10-25T00:30"), at("2026-10-25T00:45"))
        assert autumn.original_start == "2026-10-25T02:30:00"

    def test_a_moved_start_is_still_known_by_where_it_was_to_be(self, zone: str, rules: str | None) -> None:
        moment = time("2026-01-01T02:30", zone=zone, zone_rules=rules)

        (spring,) = instances(moment, "FREQ=DAILY", "2026-03-29", "2026-03-30")

        assert spring.original_start == "2026-03-29T02:30:00"
        assert spring.time.start == wall("2026-03-29T03:30")
        assert spring.starts_at == at("2026-03-29T01:30")

    def test_an_hour_that_is_skipped_makes_no_second_instance(self, zone: str, rules: str | None) -> None:
        moment = time("2026-03-29T00:30", "2026-03-29T00:40", zone, zone_rules=rules)

        hourly = instances(moment, "FREQ=HOURLY;COUNT=6", "2026-03-28", "2026-03-30")

        assert [each.original_start[11:16] for each in hourly] == ["00:30", "01:30", "03:30", "04:30", "05:30"]
        assert [each.starts_at.hour for each in hourly] == [23, 0, 1, 2, 3]

    def test_days_are_days_however_long(self, zone: str, rules: str | None) -> None:
        all_day = time("2026-01-01", "2026-01-02", zone, zone_rules=rules)

        (spring,) = instances(all_day, "FREQ=DAILY", "2026-03-29T12:00", "2026-03-29T13:00")
        (autumn,) = instances(all_day, "FREQ=DAILY", "2026-10-25T12:00", "2026-10-25T13:00")

        assert (spring.starts_at, spring.ends_at) == (at("2026-03-28T23:00"), at("2026-03-29T22:00"))
        assert (autumn.starts_at, autumn.ends_at) == (at("2026-10-24T22:00"), at("2026-10-25T23:00"))
        assert (spring.time.start, spring.time.end) == (wall("2026-03-29"), wall("2026-03-30"))

    def test_until_is_an_instant_near_a_change_of_the_clocks(self, zone: str, rules: str | None) -> None:
        # 01:15 UTC is 02:15 for the second time; the only 02:30 of that day was three quarters of an hour before.
        moment = time("2026-10-24T02:30", "2026-10-24T02:40", zone, zone_rules=rules)

        autumn = instances(moment, "FREQ=DAILY;UNTIL=20261025T011500Z", "2026-10-01", "2026-11-01")

        assert [each.starts_at for each in autumn] == [at("2026-10-24T00:30"), at("2026-10-25T00:30")]

    def test_until_before_a_moved_start_leaves_it_out(self, zone: str, rules: str | None) -> None:
        moment = time("2026-03-28T02:30", "2026-03-28T02:40", zone, zone_rules=rules)

        spring = instances(moment, "FREQ=DAILY;UNTIL=20260329T011500Z", "2026-03-01", "2026-04-01")

        assert [each.starts_at for each in spring] == [at("2026-03-28T01:30")]


def test_california() -> None:
    nightly = time("2026-01-01T22:00", "2026-01-02T06:00", "America/Los_Angeles")
    skipped = time("2026-01-01T02:30", "2026-01-01T03:00", "America/Los_Angeles")

    spring = instances(nightly, "FREQ=DAILY", "2026-03-07T20:00", "2026-03-09T12:00")
    autumn = instances(nightly, "FREQ=DAILY", "2026-10-31T20:00", "2026-11-02T12:00")

    assert [seen(each) for each in spring] == ["03-07 22:00-06:00 7:00:00", "03-08 22:00-06:00 8:00:00"]
    assert [seen(each) for each in autumn] == ["10-31 22:00-06:00 9:00:00", "11-01 22:00-06:00 8:00:00"]
    (moved,) = instances(skipped, "FREQ=DAILY", "2026-03-08T02:00", "2026-03-08T20:00")
    assert seen(moved) == "03-08 03:30-04:00 0:30:00"


@pytest.mark.parametrize(("zone", "rules"), [("Australia/Lord_Howe", None), ("Lord Howe", LORD_HOWE)])
def test_lord_howe_sets_its_clocks_by_half_an_hour(zone: str, rules: str | None) -> None:
    nightly = time("2026-01-01T22:00", "2026-01-02T06:00", zone, zone_rules=rules)
    skipped = time("2026-01-01T02:10", "2026-01-01T02:40", zone, zone_rules=rules)
    repeated = time("2026-01-01T01:45", "2026-01-01T01:50", zone, zone_rules=rules)

    autumn = instances(nightly, "FREQ=DAILY", "2026-04-03T12:00", "2026-04-05T10:00")
    spring = instances(nightly, "FREQ=DAILY", "2026-10-02T12:00", "2026-10-04T10:00")

    assert [seen(each) for each in autumn] == ["04-03 22:00-06:00 8:00:00", "04-04 22:00-06:00 8:30:00"]
    assert [seen(each) for each in spring] == ["10-02 22:00-06:00 8:00:00", "10-03 22:00-06:00 7:30:00"]
    (moved,) = instances(skipped, "FREQ=DAILY", "2026-10-03T15:00", "2026-10-03T20:00")
    assert seen(moved) == "10-04 02:40-03:10 0:30:00"
    (first,) = instances(repeated, "FREQ=DAILY", "2026-04-04T14:00", "2026-04-04T17:00")
    assert first.starts_at == at("2026-04-04T14:45")


def test_a_day_without_midnight_begins_when_it_begins() -> None:
    all_day = time("2018-11-03", zone="America/Sao_Paulo")  # clocks went from 00:00 to 01:00 on 4 November

    (sunday,) = instances(all_day, "FREQ=DAILY", "2018-11-04T12:00", "2018-11-04T13:00")

    assert (sunday.starts_at, sunday.ends_at) == (at("2018-11-04T03:00"), at("2018-11-05T02:00"))
    assert sunday.time.start == wall("2018-11-04")


def test_a_day_that_a_country_left_out_moves_on() -> None:
    daily = time("2011-12-28T09:00", zone="Pacific/Apia")  # no 30 December 2011 there

    apia = instances(daily, "FREQ=DAILY;COUNT=4", "2011-12-01", "2012-02-01")

    assert [each.original_start for each in apia] == [
        "2011-12-28T09:00:00",
        "2011-12-29T09:00:00",
        "2011-12-31T09:00:00",
    ]


class TestAnEndInAnotherZone:
    """From 10:00 in Zurich, eight hours in the air, to 12:00 in New York."""

    FLIGHT = EventTime(wall("2026-01-05T10:00"), wall("2026-01-05T12:00"), "Europe/Zurich", end_zone="America/New_York")

    def test_the_flight_takes_equally_long_all_year(self) -> None:
        flights = instances(self.FLIGHT, "FREQ=WEEKLY", "2026-01-01", "2026-12-31")

        assert {each.ends_at - each.starts_at for each in flights} == {timedelta(hours=8)}

    def test_its_end_is_told_where_it_ends(self) -> None:
        flights = instances(self.FLIGHT, "FREQ=WEEKLY", "2026-03-01", "2026-04-06")

        ends = {f"{each.time.start:%m-%d %H:%M}": f"{each.time.end:%H:%M}" for each in flights}

        assert ends == {
            "03-02 10:00": "12:00",
            "03-09 10:00": "13:00",  # New York's clocks are ahead of Zurich's by three weeks
            "03-16 10:00": "13:00",
            "03-23 10:00": "13:00",
            "03-30 10:00": "12:00",
        }
        assert {each.time.end_zone for each in flights} == {"America/New_York"}


class TestAStartAtTheSecondOfTwoEqualReadings:
    MOMENT = EventTime(wall("2026-10-25T02:30"), wall("2026-10-25T02:45"), "Europe/Zurich", fold=1, end_fold=1)

    def test_it_is_that_instant_and_says_so(self) -> None:
        first, second = instances(self.MOMENT, "FREQ=DAILY;COUNT=2", "2026-10-24", "2026-10-28")

        assert (first.starts_at, first.ends_at) == (at("2026-10-25T01:30"), at("2026-10-25T01:45"))
        assert first.original_start == "2026-10-25T02:30:00/1"
        assert (second.starts_at, second.ends_at) == (at("2026-10-26T01:30"), at("2026-10-26T01:45"))
        assert second.original_start == "2026-10-26T02:30:00"

    def test_an_end_at_a_second_reading_is_that_instant_too(self) -> None:
        moment = EventTime(wall("2026-10-25T02:15"), wall("2026-10-25T02:45"), "Europe/Zurich", end_fold=1)

        first, second = instances(moment, "FREQ=DAILY;COUNT=2", "2026-10-24", "2026-10-28")

        assert (first.starts_at, first.ends_at) == (at("2026-10-25T00:15"), at("2026-10-25T01:45"))
        assert first.time == moment
        assert second.ends_at - second.starts_at == timedelta(minutes=30)

    def test_both_readings_may_be_dates_of_one_series(self) -> None:
        event = series(
            time("2026-10-24T02:30", "2026-10-24T02:40", "Europe/Zurich"),
            dates=["2026-10-25T02:30"],
        )
        event = with_dates(event, wall("2026-10-25T02:30").replace(fold=1))

        expansion = expand(event, window("2026-10-25", "2026-10-26"))

        assert [(each.original_start, each.starts_at, each.ends_at) for each in expansion.instances] == [
            ("2026-10-25T02:30:00", at("2026-10-25T00:30"), at("2026-10-25T00:40")),
            ("2026-10-25T02:30:00/1", at("2026-10-25T01:30"), at("2026-10-25T01:40")),
        ]

    def test_its_exception_is_known_by_the_same_reading(self) -> None:
        moved = Override(self.MOMENT.start.replace(fold=1), time("2026-10-25T09:00"), Details())
        event = series(self.MOMENT, "FREQ=DAILY;COUNT=1", overrides=[moved])

        expansion = expand(event, window("2026-10-24", "2026-10-28"))

        assert [(each.original_start, each.starts_at) for each in expansion.instances] == [
            ("2026-10-25T02:30:00/1", at("2026-10-25T09:00"))
        ]

    def test_an_exception_of_a_second_reading_that_no_instance_has_is_one_of_the_first(self) -> None:
        moved = Override(wall("2026-10-25T02:30").replace(fold=1), time("2026-10-25T09:00"), Details())
        event = series(time("2026-10-24T02:30", zone="Europe/Zurich"), "FREQ=DAILY;COUNT=2", overrides=[moved])

        expansion = expand(event, window("2026-10-25", "2026-10-28"))

        assert [(each.original_start, each.starts_at) for each in expansion.instances] == [
            ("2026-10-25T02:30:00", at("2026-10-25T09:00"))
        ]


ZONES = ["Europe/Zurich", "America/Los_Angeles", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca"]


@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(wall("2015-01-01"), wall("2019-01-01")),
    minutes=st.integers(0, 2000),
    rule=st.sampled_from(["FREQ=DAILY", "FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=25", "FREQ=WEEKLY;BYDAY=SU,SA"]),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_a_window_shows_all_that_a_larger_one_does(
    zone: str, start: datetime, minutes: int, rule: str, data: st.DataObject
) -> None:
    """Fast-forwarding by the wall clock loses nothing where the clocks are set."""
    start = start.replace(second=0, microsecond=0)
    event = series(EventTime(start, start + timedelta(minutes=minutes), zone), rule)
    change = data.draw(st.sampled_from(_changes(zone)))
    low = change + timedelta(minutes=data.draw(st.integers(-200, 200)))
    high = low + timedelta(minutes=data.draw(st.integers(1, 200)))

    narrow = expand(event, Window(low, high), limits=UNBOUNDED).instances
    wide = expand(event, Window(low - timedelta(days=9), high + timedelta(days=9)), limits=UNBOUNDED).instances

    assert narrow == tuple(each for each in wide if _is_under_way(each, low, high))
    assert list(wide) == sorted(wide, key=lambda each: each.starts_at)
    assert all(each.starts_at <= each.ends_at for each in wide)


def _is_under_way(instance: Instance, low: datetime, high: datetime) -> bool:
    if instance.starts_at == instance.ends_at:
        return low <= instance.starts_at < high
    return instance.starts_at < high and instance.ends_at > low


@cache
def _changes(zone: str) -> list[datetime]:
    """Instants within an hour of which the clocks of a zone are set, in 2017 and 2018."""
    hours = [at("2017-01-01") + timedelta(hours=hour) for hour in range(2 * 365 * 24)]
    there = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hour for hour, before, after in zip(hours, there, there[1:], strict=False) if before != after]
