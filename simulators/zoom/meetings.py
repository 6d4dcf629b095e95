"""Meetings as Zoom keeps them, and their occurrences."""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from secrets import token_bytes, token_hex
from typing import Any
from zoneinfo import ZoneInfo

from simulators.control import NotFound
from simulators.zoom.recurrence import Recurrence

JsonObject = dict[str, Any]

INSTANT, SCHEDULED, NO_FIXED_TIME, RECURRING, SCREEN_SHARE = 1, 2, 3, 8, 10
_LONGEST_HISTORY = 10_000
_EXPIRY = timedelta(days=30)


class NoSuchOccurrence(NotFound):
    """The meeting has no occurrence of that id."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`id` is the original start in milliseconds since 1970: it stays when the occurrence is moved."""

    id: str
    start: datetime
    duration: int
    is_deleted: bool = False

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.duration)

    def shown(self) -> JsonObject:
        status = "deleted" if self.is_deleted else "available"
        return {
            "occurrence_id": self.id,
            "start_time": written(self.start),
            "duration": self.duration,
            "status": status,
        }


@dataclass(slots=True, eq=False)
class Meeting:
    """`start` is an instant, `None` of types 1 and 3; `duration` is in minutes.

    `spoilt` are members that its rows in lists have instead of what they should.
    """

    id: int
    host_id: str
    host_email: str
    topic: str
    type: int
    start: datetime | None
    duration: int = 60
    time_zone: str = "Europe/Zurich"
    agenda: str = ""
    recurrence: Recurrence | None = None
    invitees: list[str] = field(default_factory=list)
    pmi: str | None = None
    created: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    passcode: str = field(default_factory=lambda: token_hex(4))
    uuid: str = field(default_factory=lambda: "/" + b64encode(token_bytes(11)).decode())
    moved: dict[str, Occurrence] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    spoilt: JsonObject = field(default_factory=dict)

    @property
    def join_url(self) -> str:
        return f"https://acme.zoom.us/j/{self.pmi or self.id}?pwd={self.passcode}.1"

    def occurrences(self, now: datetime, most: int) -> list[Occurrence]:
        """Those there were, deleted ones included, and at most `most` that are not over; a single meeting is one."""
        if self.start is None:
            return []
        if self.recurrence is None:
            return [Occurrence("", self.start, self.duration)]
        found: list[Occurrence] = []
        ahead = 0
        starts = self.recurrence.starts(self.start, ZoneInfo(self.time_zone))
        for start in islice(starts, _LONGEST_HISTORY):
            occurrence = self._occurrence(start)
            ahead += occurrence.end > now
            if ahead > most:
                break
            found.append(occurrence)
        return found

    def _occurrence(self, start: datetime) -> Occurrence:
        name = occurrence_id(start)
        moved = self.moved.get(name)
        place = (start, self.duration) if moved is None else (moved.start, moved.duration)
        return Occurrence(name, *place, is_deleted=name in self.deleted)

    def next(self, now: datetime, most: int) -> Occurrence | None:
        """The one that lists show: the next that is not over, else the last."""
        held = [each for each in self.occurrences(now, most) if not each.is_deleted]
        last = held[-1] if held else None
        return min((each for each in held if each.end > now), key=lambda each: each.start, default=last)

    def is_over(self, now: datetime, most: int) -> bool:
        following = self.next(now, most)
        return self.start is not None and (following is None or following.end <= now)

    def is_expired(self, now: datetime, most: int) -> bool:
        """Zoom forgets a meeting thirty days after it was last due."""
        return self.is_over(now - _EXPIRY, most)

    # What its host does

    def change(self, **values: Any) -> None:  # noqa: ANN401 - those of Meeting
        """New values for the whole meeting. Another time, or another recurrence, undoes what single ones had."""
        for name, value in values.items():
            setattr(self, name, value)
        if values.keys() & {"start", "recurrence", "time_zone"}:
            self.moved.clear()
            self.deleted.clear()

    def move(self, name: str, start: datetime, duration: int | None = None) -> None:
        """Another time for one occurrence. Raises `NoSuchOccurrence`."""
        self._check(name)
        self.moved[name] = Occurrence(name, start.astimezone(UTC), duration or self.duration)

    def cancel(self, name: str) -> None:
        """Delete one occurrence. Raises `NoSuchOccurrence`."""
        self._check(name)
        self.deleted.add(name)

    def _check(self, name: str) -> None:
        if self.recurrence is None or self.start is None:
            raise NoSuchOccurrence(name)
        starts = islice(self.recurrence.starts(self.start, ZoneInfo(self.time_zone)), _LONGEST_HISTORY)
        if name not in {occurrence_id(start) for start in starts}:
            raise NoSuchOccurrence(name)


def occurrence_id(start: datetime) -> str:
    return str(int(start.timestamp() * 1000))


def written(moment: datetime) -> str:
    """How Zoom writes a time: UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
