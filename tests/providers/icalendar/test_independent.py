"""What is read here, expanded, is what another reader and expander makes of the same feed, where that can read it."""

import warnings
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from calendar_sync.domain.events import EventStatus, Window
from calendar_sync.domain.providers import Upsert
from calendar_sync.recurrence import expand
from providers.icalendar import read_feed
from tests.providers.icalendar.test_oddities import FEEDS

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 3, 12, tzinfo=UTC))
HOME = ZoneInfo("Europe/Paris")
READABLE_TO_BOTH = [
    "all_day",
    "all_day_with_duration",
    "all_day_without_end",
    "birthday_without_a_year",
    "duration_of_a_day_when_clocks_change",
    "end_in_another_zone",
    "end_in_utc",
    "exception_before_its_master",
    "exception_by_another_zone",
    "exception_by_floating_time",
    "exception_by_local_time",
    "exception_by_utc",
    "exception_by_utc_in_an_all_day_series",
    "exception_this_and_future",
    "exception_to_a_single_event",
    "exception_twice",
    "exdates_in_every_form",
    "floating_without_a_calendars_zone",
    "line_feeds_only",
    "orphan",
    "orphans",
    "parameters_quoted_and_escaped",
    "rdates_and_periods",
    "rule_in_disorder",
    "series_in_utc_alone",
    "series_in_utc_with_a_calendars_zone",
    "text_escapes",
    "uid_in_two_revisions",
    "utc",
    "without_end",
    "zone_customized_defined",
    "zone_of_its_own_rules",
    "zone_renamed",
    "zone_vendor_prefix",
    "zone_windows_name_undefined",
    "zone_with_location",
]

Listed = tuple[datetime, datetime, str | None]


def ours(raw: bytes) -> list[Listed]:
    feed = read_feed(raw, default_zone=HOME.key)
    events = [change.event for change in feed.changes if isinstance(change, Upsert)]
    instances = [instance for event in events for instance in expand(event, WINDOW).instances]
    return sorted(
        (one.starts_at, one.ends_at, one.details.title)
        for one in instances
        if one.details.status is not EventStatus.CANCELLED
    )


def theirs(raw: bytes) -> list[Listed]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendar = icalendar.Calendar.from_ical(raw)
        events = recurring_ical_events.of(calendar).between(WINDOW.start, WINDOW.end)
    return sorted(
        (_instant(event.start), _instant(event.end), str(event["SUMMARY"]))
        for event in events
        if event.get("STATUS") != "CANCELLED"
    )


def _instant(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=HOME)
    return (moment if moment.tzinfo else moment.replace(tzinfo=HOME)).astimezone(UTC)


@pytest.mark.parametrize("oddity", READABLE_TO_BOTH)
def test_another_reader_comes_to_the_same_instances(oddity: str) -> None:
    raw = (FEEDS / f"{oddity}.ics").read_bytes()

    assert ours(raw) == theirs(raw)
    assert ours(raw) != [] or oddity == "birthday_without_a_year"
