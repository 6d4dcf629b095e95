"""Feeds as they are written, of events said here, without a store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from calendar_sync.domain.events import Event
from calendar_sync.domain.export_feeds import ExportedEntry, ExportFeed
from calendar_sync.domain.identifiers import CalendarId, EventId, ExportFeedId, OrganizationId, UserId, event_id
from calendar_sync.domain.providers import Upsert
from calendar_sync.export.writing import FeedWriter
from calendar_sync.store.payload import encode
from providers.icalendar import read_feed
from tests.builders import NOW

FEED = ExportFeed(
    id=ExportFeedId("feed_1"),
    user_id=UserId("usr_1"),
    organization_id=OrganizationId("org_1"),
    name="Everything",
    is_busy_only=False,
    calendar_ids=None,
    created_at=NOW,
    last_read_at=None,
)
BUSY = replace(FEED, is_busy_only=True)
REFRESH = timedelta(minutes=5)


def entry_of(number: int, event: Event) -> ExportedEntry:
    """As if it had been stored a minute after the one before, and changed an hour after that."""
    stored_at = NOW + number * timedelta(minutes=1)
    id = event_id(CalendarId("cal_1"), f"{number} {event.remote_id}")
    return ExportedEntry(id, event.uid, encode(event).content_hash, stored_at, stored_at + timedelta(hours=1))


def feed_of(*events: Event, feed: ExportFeed = FEED, portion: int = 1000) -> bytes:
    """The feed of these events, the oldest first."""
    stored = [(entry_of(number, event), encode(event).payload) for number, event in enumerate(events)]
    writer = FeedWriter(feed, [entry for entry, _ in stored], REFRESH)
    for start in range(0, len(stored), portion):
        _write(writer, stored[start : start + portion])
    text = writer.text()
    whole = b"".join(text.pieces())
    assert len(whole) == text.length
    return whole


def _write(writer: FeedWriter, stored: Sequence[tuple[ExportedEntry, str]]) -> None:
    payloads: dict[EventId, str] = {entry.id: payload for entry, payload in stored}
    writer.write([entry for entry, _ in stored], payloads)


def read_back(feed: bytes, *, zone: str = "UTC", me: frozenset[str] = frozenset()) -> list[Event]:
    """What our own reader makes of a feed, which it must understand to the last event."""
    changes = read_feed(feed, default_zone=zone, my_addresses=me).changes
    read = [change.event for change in changes if isinstance(change, Upsert)]
    assert len(read) == len(changes), changes
    return read
