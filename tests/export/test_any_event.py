"""Whatever an event says, the feed is a calendar, and the other events are in it."""

from unittest import TestCase

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Event
from calendar_sync.domain.export_feeds import ExportFeed
from calendar_sync.export.writing import FeedWriter
from calendar_sync.store.payload import encode
from tests.builders import an_event
from tests.export.feeds import BUSY, FEED, REFRESH, entry_of, feed_of, read_back
from tests.recurrence.test_any_event import EVENTS


@given(event=EVENTS, feed=st.sampled_from([FEED, BUSY]))
@settings(max_examples=60, deadline=None)
def test_it_is_written(event: Event, feed: ExportFeed) -> None:
    with TestCase().assertNoLogs("calendar_sync.export"):
        text = feed_of(event, an_event("other"), feed=feed)

    calendar = icalendar.Calendar.from_ical(text)
    assert [error for component in calendar.walk() for error in component.errors] == []
    assert len({str(one["UID"]) for one in calendar.walk("VEVENT")}) <= 2


def test_what_cannot_be_written_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    broken, good = an_event("broken"), an_event("good")
    entries = [entry_of(0, broken), entry_of(1, good)]
    writer = FeedWriter(FEED, entries, REFRESH)

    writer.write(entries, {entries[0].id: "{}", entries[1].id: encode(good).payload})

    assert [one.uid for one in read_back(b"".join(writer.text().pieces()))] == [good.uid]
    assert [record.event_id for record in caplog.records] == [entries[0].id]  # type: ignore[attr-defined] # an extra
