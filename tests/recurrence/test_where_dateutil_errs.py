"""Rules that python-dateutil gets wrong: each test shows its answer and ours, which is what RFC 5545 says."""

from datetime import datetime, timedelta

from dateutil.rrule import rrulestr

from tests.recurrence.builders import clock_starts, wall


def ours(start: str, rule: str, days: int) -> list[datetime]:
    return clock_starts(wall(start), rule, wall(start), wall(start) + timedelta(days=days))


def dateutils(start: str, rule: str, days: int) -> list[datetime]:
    return rrulestr(rule, dtstart=wall(start)).between(wall(start), wall(start) + timedelta(days=days), inc=True)


def test_plain_and_numbered_weekdays_may_stand_together() -> None:
    start, rule = "2026-01-05T09:00", "FREQ=MONTHLY;BYDAY=MO,-2TU"

    assert dateutils(start, rule, 30) == []
    assert ours(start, rule, 30) == [
        wall("2026-01-05T09:00"),
        wall("2026-01-12T09:00"),
        wall("2026-01-19T09:00"),
        wall("2026-01-20T09:00"),  # the last Tuesday but one
        wall("2026-01-26T09:00"),
        wall("2026-02-02T09:00"),
    ]


def test_positions_count_from_the_beginning_of_the_first_week_not_from_dtstart() -> None:
    start, rule = "2026-01-07T09:00", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2"  # a Wednesday

    assert dateutils(start, rule, 8) == [wall("2026-01-09T09:00"), wall("2026-01-14T09:00")]
    assert ours(start, rule, 8) == [wall("2026-01-07T09:00"), wall("2026-01-14T09:00")]


def test_a_week_number_without_a_weekday_takes_the_weekday_of_dtstart() -> None:
    start, rule = "2026-05-13T09:00", "FREQ=YEARLY;BYWEEKNO=20"  # a Wednesday

    assert len(dateutils(start, rule, 380)) == 12  # Wednesday to Sunday, and a whole week of 2027
    assert ours(start, rule, 380) == [wall("2026-05-13T09:00"), wall("2027-05-19T09:00")]


def test_a_dtstart_that_its_rule_does_not_make_is_the_first_instance() -> None:
    start, rule = "2026-01-07T09:00", "FREQ=WEEKLY;BYDAY=MO"  # a Wednesday

    assert dateutils(start, rule, 8) == [wall("2026-01-12T09:00")]
    assert ours(start, rule, 8) == [wall("2026-01-07T09:00"), wall("2026-01-12T09:00")]


def test_a_dtstart_that_its_rule_does_not_make_counts() -> None:
    start, rule = "2026-01-07T09:00", "FREQ=WEEKLY;BYDAY=MO;COUNT=2"

    assert dateutils(start, rule, 30) == [wall("2026-01-12T09:00"), wall("2026-01-19T09:00")]
    assert ours(start, rule, 30) == [wall("2026-01-07T09:00"), wall("2026-01-12T09:00")]


def test_the_first_week_counted_from_the_end_may_begin_in_the_old_year() -> None:
    start, rule = "1996-06-03T09:00", "FREQ=YEARLY;BYWEEKNO=-52;BYDAY=MO"  # 1997 has 52 weeks, from December 30

    assert dateutils(start, rule, 300) == []
    assert ours(start, rule, 300) == [wall("1996-06-03T09:00"), wall("1996-12-30T09:00")]


def test_the_last_week_of_a_year_may_end_in_the_new_one_on_whatever_day_weeks_start() -> None:
    start, rule = "2022-06-01T09:00", "FREQ=YEARLY;BYWEEKNO=52;BYDAY=SU;WKST=TU"  # its week 52 is from December 27

    assert dateutils(start, rule, 250) == []
    assert ours(start, rule, 250) == [wall("2022-06-01T09:00"), wall("2023-01-01T09:00")]
