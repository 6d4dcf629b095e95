"""The text of a feed, an event object after the other, packed until it is complete."""

import logging
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b

from icalendar import Calendar, vDuration

from calendar_sync.domain.events import Details, Event
from calendar_sync.domain.export_feeds import ExportedEntry, ExportFeed
from calendar_sync.domain.identifiers import EventId
from calendar_sync.export.busy import busy_only
from calendar_sync.export.components import Stamp, components
from calendar_sync.export.details import plain
from calendar_sync.export.spelling import spelled_out
from calendar_sync.export.zones import TimeZones
from calendar_sync.store.payload import decode, encode

FORMAT = 1
"""To be raised when the same events come out as another text: whoever has the feed has to read it again."""

_log = logging.getLogger(__name__)
_PRODUCER = "-//calendar-sync//Export//EN"
_END = b"END:VCALENDAR\r\n"


@dataclass(frozen=True, slots=True)
class FeedText:
    """A whole feed: `length` bytes in pieces. They are packed, since text like this is mostly air."""

    length: int
    _packed: tuple[bytes, ...]

    @classmethod
    def of(cls, pieces: Iterable[bytes], packed: Iterable[bytes], packed_length: int) -> "FeedText":
        head = b"".join(pieces)
        return cls(len(head) + packed_length + len(_END), (zlib.compress(head), *packed, zlib.compress(_END)))

    def pieces(self) -> Iterator[bytes]:
        return map(zlib.decompress, self._packed)


class FeedWriter:
    """Writes the events of `entries`, which come in their order. Equal events make equal bytes, whenever written.

    One UID is one event in a feed, while two calendars may hold copies. Copies that say the same are written once. Of
    copies that differ, the one stored first keeps the UID, each other is named by its own identifier and says in
    X-CALENDAR-SYNC-UID what its provider calls it.
    """

    def __init__(self, feed: ExportFeed, entries: Iterable[ExportedEntry], refresh: timedelta) -> None:
        self._feed = feed
        self._refresh = refresh
        self._copies = {uid for uid, count in Counter(entry.uid for entry in entries).items() if count > 1}
        self._said: dict[str, set[str]] = {}
        self._zones = TimeZones()
        self._packed: list[bytes] = []
        self._length = 0

    def write(self, entries: Iterable[ExportedEntry], payloads: Mapping[EventId, str]) -> None:
        """The next portion."""
        text = b"".join(self._event(entry, payloads[entry.id]) for entry in entries if entry.id in payloads)
        self._length += len(text)
        self._packed.append(zlib.compress(text))

    def text(self) -> FeedText:
        """What was written, as a calendar."""
        head: bytes = self._calendar().to_ical()
        pieces = (head.removesuffix(_END), *self._zones.definitions())
        return FeedText.of(pieces, self._packed, self._length)

    def _event(self, entry: ExportedEntry, payload: str) -> bytes:
        try:
            return self._components(entry, decode(entry.id, payload))
        except Exception as error:  # noqa: BLE001 - whatever one event does to a library, the others are still written
            _log.warning("An event cannot be exported.", extra={"event_id": entry.id, "error": type(error).__name__})
            return b""

    def _components(self, entry: ExportedEntry, event: Event) -> bytes:
        shown = busy_only(event) if self._feed.is_busy_only else event
        stamp = None if shown is None else self._stamp(entry, shown)
        if shown is None or stamp is None:
            return b""
        return b"".join(one.to_ical() for one in components(spelled_out(shown), stamp, self._zones))

    def _stamp(self, entry: ExportedEntry, shown: Event) -> Stamp | None:
        """`None` for what was said already."""
        own = f"{entry.id}@calendar-sync"
        said = self._said.setdefault(entry.uid, set()) if entry.uid in self._copies else set[str]()
        content = _content(shown) if entry.uid in self._copies else ""
        if content in said:
            return None
        is_first = not said
        said.add(content)
        if self._feed.is_busy_only:
            return Stamp(entry, own, is_dated=False)
        uid = plain(entry.uid)
        return Stamp(entry, uid) if is_first and uid else Stamp(entry, own, uid or None)

    def _calendar(self) -> Calendar:
        calendar = Calendar()
        calendar.add("prodid", _PRODUCER)
        calendar.add("version", "2.0")
        calendar.add("calscale", "GREGORIAN")
        calendar.add("method", "PUBLISH")
        for name in ("name", "x-wr-calname"):
            calendar.add(name, self._feed.name)
        calendar.add("refresh-interval", vDuration(self._refresh), parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(self._refresh))
        return calendar


def _content(event: Event) -> str:
    """What is written of an event, as one text: so without whose attendees are meant by whoever reads it."""
    overrides = tuple(replace(one, details=_impersonal(one.details)) for one in event.overrides)
    return encode(replace(event, details=_impersonal(event.details), overrides=overrides)).content_hash


def _impersonal(details: Details) -> Details:
    return replace(details, attendees=tuple(replace(one, is_self=False) for one in details.attendees))


def version_of(feed: ExportFeed, entries: Iterable[ExportedEntry], refresh: timedelta) -> str:
    """Another one for all that could come out as another text."""
    whole = blake2b(repr((FORMAT, feed.id, feed.name, feed.is_busy_only, refresh)).encode(), digest_size=16)
    for entry in entries:
        whole.update(f"{entry.id} {entry.content_hash} {entry.updated_at.timestamp()}\n".encode())
    return whole.hexdigest()
