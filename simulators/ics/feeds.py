"""The feeds: what they hold, how oddly they are written, and what goes wrong when they are asked for."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Literal

Validators = Literal["both", "etag", "last-modified", "none", "new every time"]
Coding = Literal["identity", "gzip", "deflate"]
FaultKind = Literal[
    "status",  # `status` with `retry_after` and nothing else
    "redirect",  # `status` (301, 302, 303, 307, 308) to `location`
    "reset",  # the connection is cut before an answer
    "html",  # a login page with status 200
    "empty",  # nothing, with status 200
    "half",  # the first half of the feed, as if that were all
    "wrong length",  # half of what Content-Length announces, then the connection is cut
    "announced too large",  # a Content-Length of 10 GB
    "drip",  # one byte every 50 ms
    "stall",  # headers, then silence
    "endless",  # events without end
    "bomb",  # gzip that inflates to a gigabyte
    "double gzip",  # gzip in gzip, two codings
    "unknown coding",  # a Content-Encoding nobody asked for
    "garbled gzip",
    "many headers",
    "long header",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens instead of the feed, `times` times (`None`: until it is lifted)."""

    kind: FaultKind
    times: int | None = None
    status: int = 503
    retry_after: str | None = None
    location: str = ""


@dataclass(slots=True)
class Oddities:
    """How a feed differs from a well-mannered one. Each may be changed at any time."""

    validators: Validators = "both"
    answers_304: bool = True
    restamps: bool = False
    """Every answer carries new DTSTAMPs, as Google's and Outlook's do."""
    shuffles: bool = False
    """Events and their properties come in another order every time."""
    byte_order_mark: bool = False
    folds_inside_characters: bool = False
    line_end: str = "\r\n"
    charset: str = "utf-8"
    content_type: str | None = "text/calendar; charset=utf-8"
    coding: Coding = "gzip"
    """Used where the client accepts it."""
    cache_control: str | None = None
    user_agent_required: str | None = None
    """Clients that do not say this in their User-Agent get a 500, as from outlook.office365.com."""

    def change(self, **values: object) -> None:
        known = {each.name for each in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"There is no oddity called {name}.")
            setattr(self, name, value)


@dataclass(slots=True)
class Feed:
    """A calendar: its own properties and its events, each a list of content lines without BEGIN and END."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    events: dict[str, list[str]] = field(default_factory=dict)
    extra: str = ""
    """Components written before the events, as they are (VTIMEZONEs)."""
    oddities: Oddities = field(default_factory=Oddities)
    fault: Fault | None = None
    revision: int = 1
    modified: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    served: int = 0
    _failed: int = 0

    def put(
        self,
        uid: str,
        *,
        summary: str = "Planning",
        start: datetime | date = datetime(2026, 6, 1, 9, 0, tzinfo=UTC),
        end: datetime | date | None = None,
        more: Iterable[str] = (),
    ) -> None:
        """Add an event or replace the one with this uid. `more` are content lines as they stand (`RRULE:…`)."""
        lines = [_when("DTSTART", start), _when("DTEND", end or _usual_end(start)), f"SUMMARY:{_escaped(summary)}"]
        self.put_lines(uid, [*lines, *more])

    def put_lines(self, uid: str, lines: Iterable[str]) -> None:
        """The same with content lines of one's own; UID and DTSTAMP are added."""
        self.events[uid] = list(lines)
        self.touch()

    def remove(self, uid: str) -> None:
        del self.events[uid]
        self.touch()

    def touch(self) -> None:
        """The content changed: new validators. Times go on by at least a second, as Last-Modified counts."""
        self.revision += 1
        now = datetime.now(UTC).replace(microsecond=0)
        self.modified = max(now, self.modified + timedelta(seconds=1))

    def fail(self, kind: FaultKind, **details: object) -> None:
        self.fault = Fault(kind, **details)  # type: ignore[arg-type]  # checked by the dataclass's own names
        self._failed = 0

    def mend(self) -> None:
        self.fault = None

    def next_fault(self) -> Fault | None:
        """The fault that happens now, counted."""
        if self.fault is None or self.fault.times == self._failed:
            return None
        self._failed += 1
        return self.fault


def _usual_end(start: datetime | date) -> datetime | date:
    return start + (timedelta(hours=1) if isinstance(start, datetime) else timedelta(days=1))


def _when(name: str, moment: datetime | date) -> str:
    """DTSTART or DTEND: a date, a floating time, UTC, or a time in a named zone (RFC 5545 §3.3.5)."""
    if not isinstance(moment, datetime):
        return f"{name};VALUE=DATE:{moment:%Y%m%d}"
    if moment.tzinfo is None:
        return f"{name}:{moment:%Y%m%dT%H%M%S}"
    if moment.tzinfo is UTC:
        return f"{name}:{moment:%Y%m%dT%H%M%SZ}"
    return f"{name};TZID={moment.tzinfo}:{moment:%Y%m%dT%H%M%S}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
