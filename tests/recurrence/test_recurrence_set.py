"""What is in a series and what is not: windows, ends, extra dates and exclusions."""

from dataclasses import replace
from datetime import date

import pytest

from calendar_sync.domain.events import Details, Event, EventTime
from calendar_sync.recurrence import expand
from tests.recurrence.builders import YEARS, at, keys, series, starts, time, wall, window


def days(event: Event) -> list[str]:
    """The days on which instances start, by the clock of the series, in ten years of UTC."""
    return [f"{each.time.start:%m-%d}" for each in expand(event, window("2020-01-01", "2030-01-01")).instances]


class TestWindow:
    @pytest.mark.parametrize("event_day", ["1990-01-01T09:00", "2026-01-06T09:00", "2090-01-01T09:00"])
    def test_a_single_event_is_given_back_wherever_it_is(self, event_day: str) -> None:
        event = Event("1", "1@test", time(event_day), Details(title="once"))

        (instance,) = expand(event, window("2026-01-05", "2026-01-12")).instances

        assert (instance.original_start, instance.starts_at) == ("", at(event_day))
        assert instance.time == event.time
        assert instance.details == event.details

    def test_a_series_shows_what_is_under_way_in_the_window(self) -> None:
        event = series("2026-01-01T09:00", "FREQ=DAILY")

        at_edges = expand(event, window("2026-01-06T09:30", "2026-01-08T09:00"))

        assert keys(at_edges) == ["2026-01-06T09:00:00", "2026-01-07T09:00:00"]

    def test_what_ends_as_the_window_begins_is_not_in_it(self) -> None:
        event = series("2026-01-01T09:00", "FREQ=DAILY")

        assert keys(expand(event, window("2026-01-06T10:00", "2026-01-07T09:01"))) == ["2026-01-07T09:00:00"]

    def test_what_has_no_length_is_in_the_window_if_it_starts_there(self) -> None:
        event = series(time("2026-01-01T09:00", "2026-01-01T09:00"), "FREQ=DAILY")

        assert keys(expand(event, window("2026-01-06T09:00", "2026-01-07T09:00"))) == ["2026-01-06T09:00:00"]

    def test_instances_longer_than_their_distance_overlap(self) -> None:
        event = series(time("2026-01-01T09:00", "2026-01-04T09:00"), "FREQ=DAILY")

        overlapping = expand(event, window("2026-02-01T12:00", "2026-02-01T13:00"))

        assert keys(overlapping) == ["2026-01-30T09:00:00", "2026-01-31T09:00:00", "2026-02-01T09:00:00"]

    def test_a_series_before_the_window_shows_nothing(self) -> None:
        event = series("2026-01-01T09:00", "FREQ=DAILY;COUNT=3")

        assert starts(expand(event, window("2027-01-01", "2028-01-01"))) == []

    def test_all_day_instances_are_under_way_on_their_own_midnights(self) -> None:
        event = series(time("2026-01-01", zone="Pacific/Auckland"), "FREQ=DAILY")

        (instance,) = expand(event, window("2026-01-05T12:00", "2026-01-05T13:00")).instances

        assert instance.original_start == "2026-01-06"
        assert (instance.starts_at, instance.ends_at) == (at("2026-01-05T11:00"), at("2026-01-06T11:00"))
        assert instance.time == time("2026-01-06", zone="Pacific/Auckland")

    def test_an_empty_window_shows_nothing(self) -> None:
        event = series("2026-01-01T09:00", "FREQ=DAILY")

        assert starts(expand(event, window("2026-01-06T09:00", "2026-01-06T09:00"))) == []

    def test_the_ends_of_the_calendar_are_no_obstacle(self) -> None:
        old = series(time("0001-01-01T00:00", zone="Asia/Tokyo"), "FREQ=YEARLY;INTERVAL=1000")
        new = series(time("9998-12-31T23:00", zone="America/New_York"), "FREQ=HOURLY")

        assert len(expand(old, YEARS).instances) == 9
        assert len(expand(new, YEARS).instances) == 1


class TestUntil:
    def daily(self, until: str, start: str = "2026-01-01T09:00", zone: str = "Europe/Zurich") -> list[str]:
        return days(series(time(start, zone=zone), f"FREQ=DAILY;UNTIL={until}"))

    def test_an_instant_is_included(self) -> None:
        assert self.daily("20260103T080000Z") == ["01-01", "01-02", "01-03"]
        assert self.daily("20260103T075959Z") == ["01-01", "01-02"]

    def test_a_date_means_to_the_end_of_that_day_where_the_series_is(self) -> None:
        assert self.daily("20260103") == ["01-01", "01-02", "01-03"]
        assert self.daily("20260103", "2026-01-01T23:30") == ["01-01", "01-02", "01-03"]
        assert self.daily("20260103", "2026-01-01T00:30", "Asia/Tokyo") == ["01-01", "01-02", "01-03"]

    def test_a_time_without_zone_is_on_the_clock_of_the_series(self) -> None:
        assert self.daily("20260103T090000") == ["01-01", "01-02", "01-03"]
        assert self.daily("20260103T085959") == ["01-01", "01-02"]

    @pytest.mark.parametrize(
        "until", ["20260103", "20260103T000000", "20260103T000000Z", "20260103T235959Z", "20260102T230000Z"]
    )
    def test_an_all_day_series_ends_with_the_day_that_is_meant(self, until: str) -> None:
        assert self.daily(until, "2026-01-01") == ["01-01", "01-02", "01-03"]

    def test_beside_count_the_earlier_ends_the_series(self) -> None:
        assert self.daily("20260103T080000Z;COUNT=2") == ["01-01", "01-02"]
        assert self.daily("20260102T080000Z;COUNT=3") == ["01-01", "01-02"]

    def test_before_dtstart_it_leaves_nothing(self) -> None:
        assert self.daily("20251231") == []

    @pytest.mark.parametrize("until", ["99991231T235959Z", "99991231", "99990101T000000"])
    def test_at_the_end_of_all_days_it_is_no_end(self, until: str) -> None:
        event = series("2026-01-01T09:00", f"FREQ=YEARLY;UNTIL={until}")

        assert len(expand(event, window("9990-01-01", "9999-12-31")).instances) == 9


class TestCount:
    def test_dtstart_counts_whether_its_rule_makes_it_or_not(self) -> None:
        assert days(series("2026-01-07T09:00", "FREQ=WEEKLY;BYDAY=MO;COUNT=3")) == ["01-07", "01-12", "01-19"]
        assert days(series("2026-01-05T09:00", "FREQ=WEEKLY;BYDAY=MO;COUNT=3")) == ["01-05", "01-12", "01-19"]

    def test_what_is_excluded_counts(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=DAILY;COUNT=3", exceptions=["2026-01-06T09:00"])

        assert days(event) == ["01-05", "01-07"]

    def test_days_counted_from_both_ends_of_a_month_may_fall_together(self) -> None:
        event = series("2026-01-01T09:00", "FREQ=MONTHLY;BYMONTHDAY=1,-28;COUNT=6")

        assert days(event) == ["01-01", "01-04", "02-01", "03-01", "03-04", "04-01"]

    def test_one_is_dtstart_alone(self) -> None:
        assert days(series("2026-01-07T09:00", "FREQ=WEEKLY;BYDAY=MO;COUNT=1")) == ["01-07"]

    def test_minus_one_is_no_count(self) -> None:
        assert len(days(series("2026-01-05T09:00", "FREQ=YEARLY;COUNT=-1"))) == 4


class TestDates:
    def test_they_are_instances_beside_those_of_the_rule(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=DAILY;COUNT=2", dates=["2026-02-01T15:00", "2025-12-31T09:00"])

        assert days(event) == ["12-31", "01-05", "01-06", "02-01"]
        assert keys(expand(event, window("2026-02-01", "2026-02-02"))) == ["2026-02-01T15:00:00"]

    def test_without_a_rule_dtstart_is_the_other_instance(self) -> None:
        assert days(series("2026-01-05T09:00", dates=["2026-01-09T09:00"])) == ["01-05", "01-09"]

    def test_one_that_the_rule_makes_too_is_there_once(self) -> None:
        assert days(series("2026-01-05T09:00", "FREQ=DAILY;COUNT=2", dates=["2026-01-06T09:00"])) == ["01-05", "01-06"]

    def test_on_an_all_day_series_there_is_one_of_a_day(self) -> None:
        event = series("2026-01-05", "FREQ=DAILY;COUNT=2", dates=["2026-01-06T09:00", "2026-01-06T10:00"])

        expansion = expand(event, window("2026-01-01", "2026-02-01"))

        assert keys(expansion) == ["2026-01-05", "2026-01-06"]
        assert starts(expansion) == [at("2026-01-05"), at("2026-01-06")]

    def test_a_period_has_its_own_length(self) -> None:
        event = with_periods(series("2026-01-05T09:00", "FREQ=DAILY;COUNT=2"), ("2026-01-09T09:00", "2026-01-09T12:30"))

        last = expand(event, window("2026-01-05", "2026-02-01")).instances[-1]

        assert (last.starts_at, last.ends_at) == (at("2026-01-09T09:00"), at("2026-01-09T12:30"))

    @pytest.mark.parametrize("start", ["2026-01-05T09:00", "2026-01-06T09:00"])
    def test_a_period_that_the_rule_makes_too_keeps_its_own_length(self, start: str) -> None:
        event = with_periods(series("2026-01-05T09:00", "FREQ=DAILY;COUNT=2"), (start, f"{start[:10]}T12:30"))

        ends = {each.starts_at: each.ends_at for each in expand(event, window("2026-01-05", "2026-02-01")).instances}

        assert len(ends) == 2
        assert ends[at(start)] == at(f"{start[:10]}T12:30")

    def test_a_long_period_that_began_before_the_window_is_in_it(self) -> None:
        event = with_periods(series("2026-01-05T09:00", "FREQ=DAILY;COUNT=2"), ("2026-01-09T09:00", "2026-03-09T09:00"))

        assert keys(expand(event, window("2026-03-01", "2026-03-02"))) == ["2026-01-09T09:00:00"]


class TestExclusions:
    def test_an_exception_takes_its_instance_away(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=DAILY;COUNT=3", exceptions=["2026-01-06T09:00", "2026-01-07T08:00"])

        assert days(event) == ["01-05", "01-07"]

    def test_an_exception_takes_dtstart_and_dates_away(self) -> None:
        event = series(
            "2026-01-05T09:00",
            "FREQ=DAILY;COUNT=2",
            dates=["2026-02-01T09:00"],
            exceptions=["2026-01-05T09:00", "2026-02-01T09:00"],
        )

        assert days(event) == ["01-06"]

    def test_an_excluded_day_takes_all_of_that_day_away(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=HOURLY;INTERVAL=6;COUNT=8")
        assert event.recurrence is not None
        event = replace(event, recurrence=replace(event.recurrence, excluded_days=(date(2026, 1, 6),)))

        assert days(event) == ["01-05", "01-05", "01-05", "01-07"]

    def test_a_rule_of_exceptions_takes_away_what_it_makes(self) -> None:
        event = series(
            "2026-01-05T09:00",
            "FREQ=DAILY;COUNT=8",
            exception_rules=["FREQ=WEEKLY;BYDAY=TU,TH", "FREQ=DAILY;INTERVAL=7"],
        )

        assert days(event) == ["01-07", "01-09", "01-10", "01-11"]

    def test_a_rule_of_exceptions_may_make_more_than_the_rule(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=WEEKLY;COUNT=3", exception_rules=["FREQ=DAILY;INTERVAL=2"])

        assert days(event) == ["01-12"]

    def test_a_rule_of_exceptions_leaves_a_dtstart_that_it_does_not_make(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=DAILY;COUNT=3", exception_rules=["FREQ=WEEKLY;BYDAY=TU;COUNT=1"])

        assert days(event) == ["01-05", "01-07"]

    def test_a_rule_of_exceptions_can_end(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=DAILY;COUNT=4", exception_rules=["FREQ=DAILY;UNTIL=20260106T120000Z"])

        assert days(event) == ["01-07", "01-08"]

    def test_a_rule_of_exceptions_takes_dates_away(self) -> None:
        event = series(
            "2026-01-05T09:00",
            "FREQ=DAILY;COUNT=1",
            dates=["2026-01-06T09:00"],
            exception_rules=["FREQ=DAILY;INTERVAL=1"],
        )

        assert days(event) == []


class TestRules:
    def test_several_add_up(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=WEEKLY;COUNT=3", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4")

        assert days(event) == ["01-05", "01-07", "01-12", "01-14", "01-19"]

    def test_one_that_cannot_be_followed_is_left_out_and_told(self) -> None:
        event = series("2026-01-05T09:00", "FREQ=DAILY;COUNT=2", "FREQ=DAILY;INTERVAL=0")

        expansion = expand(event, window("2026-01-01", "2027-01-01"))

        assert len(expansion.instances) == 2
        assert expansion.problems == ("INTERVAL of the recurrence rule must be a number from 1 to 999999999.",)

    def test_a_series_whose_only_rule_cannot_be_followed_keeps_dtstart(self) -> None:
        assert days(series("2026-01-05T09:00", "FREQ=FORTNIGHTLY")) == ["01-05"]

    def test_an_all_day_series_cannot_repeat_within_the_day(self) -> None:
        expansion = expand(series("2026-01-05", "FREQ=HOURLY"), window("2026-01-01", "2027-01-01"))

        assert keys(expansion) == ["2026-01-05"]
        assert expansion.problems == ("The recurrence rule repeats within a day, which an all-day event cannot.",)

    def test_a_number_before_a_weekday_has_no_meaning_within_a_week_or_less(self) -> None:
        assert days(series("2026-01-05T09:00", "FREQ=WEEKLY;BYDAY=1MO,-1WE;COUNT=4")) == [
            "01-05",
            "01-07",
            "01-12",
            "01-14",
        ]
        assert days(series("2026-01-05T09:00", "FREQ=DAILY;BYDAY=2MO;COUNT=2")) == ["01-05", "01-12"]

    def test_a_number_before_a_weekday_has_no_meaning_in_numbered_weeks(self) -> None:
        assert days(series("2026-05-11T09:00", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=2MO;COUNT=2")) == ["05-11", "05-17"]

    def test_an_all_day_series_has_no_times(self) -> None:
        event = series("2026-01-05", "FREQ=DAILY;COUNT=2;BYHOUR=9,10;BYMINUTE=30")

        assert starts(expand(event, window("2026-01-01", "2027-01-01"))) == [at("2026-01-05"), at("2026-01-06")]

    def test_a_zone_that_is_not_known_is_read_as_utc_and_told(self) -> None:
        for name in ("Mars/Olympus", "Europe/", "../etc/passwd", "x" * 5000, ""):
            event = series(time("2026-01-05T09:00", zone=name), "FREQ=DAILY;COUNT=1")

            expansion = expand(event, window("2026-01-01", "2027-01-01"))

            assert starts(expansion) == [at("2026-01-05T09:00")]
            assert expansion.problems == ("The event is in a time zone that is not known.",)

    def test_a_single_event_in_a_zone_that_is_not_known_tells_so_too(self) -> None:
        event = Event(
            "1", "1@test", EventTime(wall("2026-01-05T09:00"), wall("2026-01-05T10:00"), "Nowhere"), Details()
        )

        assert expand(event, window("2026-01-01", "2027-01-01")).problems == (
            "The event is in a time zone that is not known.",
        )


def with_periods(event: Event, *periods: tuple[str, str]) -> Event:
    assert event.recurrence is not None
    walls = tuple((wall(start), wall(end)) for start, end in periods)
    return replace(event, recurrence=replace(event.recurrence, periods=walls))
