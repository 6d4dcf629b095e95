"""Exceptions to a series: moved, cancelled and rewritten instances, one at a time or from one on."""

from dataclasses import replace

import pytest

from calendar_sync.domain.events import Details, Event, Override, Recurrence
from calendar_sync.recurrence import Expansion, expand
from tests.recurrence.builders import YEARS, at, keys, override, series, starts, time, wall, window

WEEK = window("2026-01-05", "2026-01-12")
DAILY = "FREQ=DAILY;COUNT=10"


def daily(*overrides: Override, exceptions: tuple[str, ...] = ()) -> Event:
    """At nine, for an hour, for ten days from Monday, 5 January 2026, in UTC."""
    return series("2026-01-05T09:00", DAILY, overrides=overrides, exceptions=exceptions)


def told(expansion: Expansion) -> list[str]:
    """Each instance as `day hh:mm-hh:mm title`."""
    return [f"{each.starts_at:%d %H:%M}-{each.ends_at:%H:%M} {each.details.title}" for each in expansion.instances]


class TestOneInstance:
    def test_a_moved_instance_is_where_it_went_and_known_by_where_it_was(self) -> None:
        event = daily(override("2026-01-06T09:00", time("2026-01-06T14:00")))

        moved = expand(event, WEEK).instances[1]

        assert (moved.starts_at, moved.ends_at) == (at("2026-01-06T14:00"), at("2026-01-06T15:00"))
        assert moved.original_start == "2026-01-06T09:00:00"
        assert moved.details.title == "override"
        assert moved.time == time("2026-01-06T14:00")

    def test_a_hole_has_no_instance(self) -> None:
        event = daily(override("2026-01-06T09:00", None))

        assert told(expand(event, window("2026-01-05", "2026-01-08"))) == [
            "05 09:00-10:00 series",
            "07 09:00-10:00 series",
        ]

    def test_an_instance_moved_into_the_window_appears(self) -> None:
        event = daily(override("2026-01-14T09:00", time("2026-01-06T14:00")))

        assert told(expand(event, window("2026-01-06T12:00", "2026-01-07"))) == ["06 14:00-15:00 override"]

    def test_an_instance_moved_out_of_the_window_does_not(self) -> None:
        event = daily(override("2026-01-06T09:00", time("2026-02-06T09:00")))

        assert told(expand(event, window("2026-01-05", "2026-01-08"))) == [
            "05 09:00-10:00 series",
            "07 09:00-10:00 series",
        ]

    def test_an_instance_moved_past_the_last_one_appears(self) -> None:
        event = daily(override("2026-01-06T09:00", time("2030-02-06T09:00")))

        assert told(expand(event, window("2030-01-01", "2031-01-01"))) == ["06 09:00-10:00 override"]

    def test_an_override_of_no_instance_is_one_more(self) -> None:
        event = daily(override("2026-01-06T11:00", time("2026-01-06T14:00")))

        assert told(expand(event, window("2026-01-06", "2026-01-07"))) == [
            "06 09:00-10:00 series",
            "06 14:00-15:00 override",
        ]
        assert keys(expand(event, window("2026-01-06T12:00", "2026-01-07"))) == ["2026-01-06T11:00:00"]

    def test_a_hole_of_no_instance_is_nothing(self) -> None:
        event = daily(override("2026-01-06T11:00", None))

        assert told(expand(event, window("2026-01-06", "2026-01-07"))) == ["06 09:00-10:00 series"]

    def test_an_instance_that_is_excluded_too_is_gone(self) -> None:
        event = daily(override("2026-01-06T09:00", time("2026-01-06T14:00")), exceptions=("2026-01-06T09:00",))

        assert told(expand(event, window("2026-01-06", "2026-01-07"))) == []

    def test_dtstart_can_be_moved(self) -> None:
        event = daily(override("2026-01-05T09:00", time("2026-01-05T08:00")))

        assert told(expand(event, window("2026-01-05", "2026-01-06"))) == ["05 08:00-09:00 override"]

    def test_it_may_be_in_another_zone(self) -> None:
        event = daily(override("2026-01-06T09:00", time("2026-01-06T09:00", zone="Asia/Tokyo")))

        moved = expand(event, window("2026-01-06", "2026-01-06T08:00")).instances

        assert [(each.starts_at, each.time.zone) for each in moved] == [(at("2026-01-06T00:00"), "Asia/Tokyo")]

    def test_a_day_of_a_timed_series_may_be_all_day_and_the_other_way_round(self) -> None:
        to_day = daily(override("2026-01-06T09:00", time("2026-01-06")))
        to_time = series("2026-01-05", DAILY, overrides=[override("2026-01-06", time("2026-01-06T09:00"))])

        assert told(expand(to_day, window("2026-01-06", "2026-01-07"))) == ["06 00:00-00:00 override"]
        assert told(expand(to_time, window("2026-01-06", "2026-01-07"))) == ["06 09:00-10:00 override"]
        assert keys(expand(to_time, window("2026-01-06", "2026-01-07"))) == ["2026-01-06"]

    def test_two_instances_may_be_moved_to_the_same_time(self) -> None:
        event = daily(
            override("2026-01-06T09:00", time("2026-01-07T09:00")),
            override("2026-01-08T09:00", time("2026-01-07T09:00")),
        )

        assert keys(expand(event, window("2026-01-06", "2026-01-09"))) == [
            "2026-01-06T09:00:00",
            "2026-01-07T09:00:00",
            "2026-01-08T09:00:00",
        ]

    def test_an_override_whose_end_is_before_its_start_has_no_length(self) -> None:
        event = daily(override("2026-01-06T09:00", time("2026-01-06T14:00", "2026-01-06T13:00")))

        assert told(expand(event, window("2026-01-06", "2026-01-07"))) == ["06 14:00-14:00 override"]


class TestThisAndFuture:
    def test_later_instances_move_along_and_take_length_and_details(self) -> None:
        longer = time("2026-01-07T11:00", "2026-01-07T13:30")
        event = daily(override("2026-01-07T09:00", longer, title="later", onwards=True))

        assert told(expand(event, window("2026-01-06", "2026-01-10"))) == [
            "06 09:00-10:00 series",
            "07 11:00-13:30 later",
            "08 11:00-13:30 later",
            "09 11:00-13:30 later",
        ]

    def test_later_instances_are_still_known_by_where_they_were(self) -> None:
        event = daily(override("2026-01-07T09:00", time("2026-01-08T11:00"), onwards=True))

        assert keys(expand(event, window("2026-01-08", "2026-01-10"))) == ["2026-01-07T09:00:00", "2026-01-08T09:00:00"]

    def test_the_next_one_takes_over_and_counts_from_the_original(self) -> None:
        event = daily(
            override("2026-01-06T09:00", time("2026-01-06T10:00"), title="first", onwards=True),
            override("2026-01-08T09:00", time("2026-01-08T07:00"), title="second", onwards=True),
        )

        assert told(expand(event, window("2026-01-05", "2026-01-10"))) == [
            "05 09:00-10:00 series",
            "06 10:00-11:00 first",
            "07 10:00-11:00 first",
            "08 07:00-08:00 second",
            "09 07:00-08:00 second",
        ]

    def test_an_override_of_one_instance_stands_within(self) -> None:
        event = daily(
            override("2026-01-06T09:00", time("2026-01-06T10:00"), title="all", onwards=True),
            override("2026-01-07T09:00", time("2026-01-07T15:00"), title="one"),
            override("2026-01-08T09:00", None),
        )

        assert told(expand(event, window("2026-01-06", "2026-01-10"))) == [
            "06 10:00-11:00 all",
            "07 15:00-16:00 one",
            "09 10:00-11:00 all",
        ]

    def test_without_a_time_the_series_ends_there(self) -> None:
        event = daily(override("2026-01-07T09:00", None, onwards=True))

        assert told(expand(event, YEARS)) == ["05 09:00-10:00 series", "06 09:00-10:00 series"]

    def test_it_holds_from_its_day_on_even_if_no_instance_is_there(self) -> None:
        event = daily(override("2026-01-07T00:00", time("2026-01-07T01:00"), title="later", onwards=True))

        assert told(expand(event, window("2026-01-07", "2026-01-08"))) == [
            "07 01:00-02:00 later",
            "07 10:00-11:00 later",
        ]

    @pytest.mark.parametrize("moved_to", ["2026-05-01T09:00", "2026-07-01T09:00"])
    def test_a_shift_of_a_month_reaches_into_the_window(self, moved_to: str) -> None:
        original = "2026-06-01T09:00"
        shift = wall(moved_to) - wall(original)
        event = series("2026-01-05T09:00", "FREQ=DAILY", overrides=[override(original, time(moved_to), onwards=True)])

        shifted = expand(event, window("2026-08-01", "2026-08-03"))

        assert starts(shifted) == [at("2026-08-01T09:00"), at("2026-08-02T09:00")]
        assert keys(shifted) == [(wall(f"2026-08-0{day}T09:00") - shift).isoformat() for day in (1, 2)]

    def test_longer_instances_that_began_before_the_window_are_in_it(self) -> None:
        long = time("2026-01-06T09:00", "2026-01-10T09:00")
        event = daily(override("2026-01-06T09:00", long, onwards=True))

        assert len(expand(event, window("2026-01-09T12:00", "2026-01-09T13:00")).instances) == 4

    def test_the_shift_is_on_the_clock(self) -> None:
        moment = time("2026-03-01T09:00", zone="Europe/Zurich")
        moved = time("2026-03-02T10:00", zone="Europe/Zurich")
        event = series(moment, "FREQ=DAILY", overrides=[override("2026-03-02T09:00", moved, onwards=True)])

        summer = expand(event, window("2026-06-01", "2026-06-02"))

        assert starts(summer) == [at("2026-06-01T08:00")]

    def test_a_move_to_another_zone_is_measured_on_the_clock_of_the_series(self) -> None:
        moment = time("2026-01-05T09:00", zone="Europe/Zurich")
        moved = time("2026-01-06T09:00", zone="Europe/London")  # ten in Zurich
        event = series(moment, "FREQ=DAILY", overrides=[override("2026-01-06T09:00", moved, onwards=True)])

        later = expand(event, window("2026-01-07", "2026-01-08")).instances

        assert [(each.time.start, each.time.zone) for each in later] == [(wall("2026-01-07T10:00"), "Europe/Zurich")]

    def test_a_timed_series_can_go_on_all_day(self) -> None:
        event = daily(override("2026-01-07T09:00", time("2026-01-07"), onwards=True))

        (day,) = expand(event, window("2026-01-08T12:00", "2026-01-08T13:00")).instances

        assert day.time == time("2026-01-08")
        assert day.original_start == "2026-01-08T09:00:00"

    def test_an_all_day_series_can_go_on_timed(self) -> None:
        event = series("2026-01-05", DAILY, overrides=[override("2026-01-07", time("2026-01-07T09:00"), onwards=True)])

        (later,) = expand(event, window("2026-01-08", "2026-01-09")).instances

        assert later.time == time("2026-01-08T09:00")
        assert later.original_start == "2026-01-08"


class TestOrphans:
    """Exceptions whose series is not in this calendar."""

    def test_one_alone_is_an_event_like_any_other(self) -> None:
        orphan = Event("1", "1@test", time("2026-01-06T09:00"), Details(), is_orphan=True)

        assert keys(expand(orphan, WEEK)) == [""]

    def test_several_are_a_series_without_instances_of_its_own(self) -> None:
        orphans = Event(
            "1",
            "1@test",
            time("2026-01-06T09:00"),
            Details(),
            recurrence=Recurrence(),
            overrides=(
                override("2026-01-06T09:00", time("2026-01-06T10:00")),
                override("2026-01-08T09:00", time("2026-01-08T10:00")),
            ),
            is_orphan=True,
        )

        assert keys(expand(orphans, WEEK)) == ["2026-01-06T09:00:00", "2026-01-08T09:00:00"]
        assert starts(expand(replace(orphans, overrides=orphans.overrides[1:]), WEEK)) == [at("2026-01-08T10:00")]

    def test_a_single_event_with_exceptions_has_them_besides_its_own_instance(self) -> None:
        event = replace(daily(override("2026-01-08T09:00", time("2026-01-08T10:00"))), recurrence=None)

        assert keys(expand(event, WEEK)) == ["2026-01-05T09:00:00", "2026-01-08T09:00:00"]
