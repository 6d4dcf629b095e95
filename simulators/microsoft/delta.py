"""Rounds of change tracking over a window of a calendar, their pages, and the links from one to the next."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, count

from simulators.clock import Clock
from simulators.microsoft.calendars import Calendar, Stored, extent
from simulators.microsoft.errors import GraphError, lost_state
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.rendering import Row
from simulators.microsoft.series import Window
from simulators.sealed import seal, unseal

_MOST_ROUNDS = 1000

Group = list[Row]
"""The rows of one event: a series is told whole."""


@dataclass(frozen=True, slots=True)
class DeltaToken:
    """Up to which `revision` a client knows a calendar between `start` and `end`. `previous` is where the round began
    that gave it, `path` where it serves."""

    path: str
    revision: int
    previous: int
    start: str
    end: str
    issued: str

    @property
    def window(self) -> Window:
        return Window(datetime.fromisoformat(self.start), datetime.fromisoformat(self.end))


@dataclass(frozen=True, slots=True)
class Round:
    path: str
    pages: list[list[Row]]
    delta_token: str


@dataclass(frozen=True, slots=True)
class Page:
    """`skip_token` leads to the next page, `delta_token` from the last one to the next round."""

    rows: list[Row]
    skip_token: str | None = None
    delta_token: str | None = None


@dataclass(slots=True)
class Rounds:
    """The rounds under way. What they found stands still while a client reads page after page."""

    clock: Clock
    quirks: Quirks
    _rounds: dict[str, Round] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)
    _used: set[str] = field(default_factory=set)

    def begin(self, path: str, calendar: Calendar, window: Window, size: int) -> Page:
        """The first page of all that is inside a window now."""
        stored = [each for each in calendar.events.values() if not each.is_removed]
        groups = [_inside(each, window, self.quirks) for each in stored]
        return self._first(path, calendar, window, 0, filter(None, groups), size)

    def increment(self, path: str, calendar: Calendar, text: str, size: int) -> Page:
        """The first page of what changed since a delta token was given. Raises `GraphError`."""
        token = self.read(path, calendar, text)
        since = token.previous if self.quirks.replays else token.revision
        limit = self._revision(calendar)
        changed = [each for each in calendar.events.values() if since < each.revision <= limit]
        window = token.window
        groups = [_inside(each, window, self.quirks) or _gone(each, window, self.quirks) for each in changed]
        return self._first(path, calendar, window, token.revision, groups, size)

    def next(self, path: str, text: str) -> Page:
        """The page of a skip token. Raises `GraphError`."""
        name, _, number = text.partition(".")
        found = self._rounds.get(name)
        if found is None or found.path != path or not number.isdecimal():
            raise self._lost()
        return self._page(name, int(number))

    def read(self, path: str, calendar: Calendar, text: str) -> DeltaToken:
        """The token of a calendar. Raises `GraphError` where it is garbled, another calendar's or too old."""
        content = unseal(text)
        if content is None or content.get("path") != path:
            raise lost_state("InvalidDeltaToken")
        token = DeltaToken(**content)
        age, most = self.clock.now() - datetime.fromisoformat(token.issued), self.quirks.delta_link_days
        is_spent = self.quirks.serves_links_once and text in self._used
        if token.revision < calendar.oldest_revision or is_spent or (most is not None and age > timedelta(days=most)):
            raise self._lost()
        self._used.add(text)
        return token

    def forget(self) -> None:
        """Every skip token given out so far becomes invalid."""
        self._rounds.clear()

    def _lost(self) -> GraphError:
        return lost_state(self.quirks.delta_error)

    def _revision(self, calendar: Calendar) -> int:
        """Up to which revision a round knows the calendar."""
        latest = self.clock.now() - timedelta(seconds=self.quirks.list_lag_seconds)
        later = [each.revision for each in calendar.events.values() if each.changed_at > latest]
        return min(later) - 1 if later else calendar.revision

    def _first(
        self, path: str, calendar: Calendar, window: Window, previous: int, groups: Iterable[Group], size: int
    ) -> Page:
        now, revision = self.clock.now().isoformat(), self._revision(calendar)
        token = DeltaToken(path, revision, previous, window.start.isoformat(), window.end.isoformat(), now)
        listed = list(groups)
        if self.quirks.reverses_items:
            listed = [group[::-1] for group in listed[::-1]]
        if self.quirks.repeats_items:
            listed = [[_before(row) for row in group] for group in listed] + listed
        pages = _cut(listed, min(size, self.quirks.short_pages or size), splits=self.quirks.splits_series)
        name = f"R{next(self._numbers)}"
        if len(self._rounds) == _MOST_ROUNDS:
            del self._rounds[next(iter(self._rounds))]
        self._rounds[name] = Round(path, [*([[]] * self.quirks.empty_pages), *pages], seal(asdict(token)))
        return self._page(name, 0)

    def _page(self, name: str, number: int) -> Page:
        found = self._rounds[name]
        rows = found.pages[number] if number < len(found.pages) else []
        if number + 1 < len(found.pages):
            return Page(rows, f"{name}.{number + 1}")
        if self.quirks.endless_pages != "no":
            following = len(found.pages) if self.quirks.endless_pages == "same token" else number + 1
            return Page(rows, f"{name}.{following}")
        return Page(rows, None, None if self.quirks.omits_delta_link else found.delta_token)


def view_rows(stored: Stored, window: Window) -> Group:
    """What is inside a window of an event: itself, or its occurrences and exceptions without their master."""
    if stored.series is not None:
        days = stored.days_inside(window)
        return [Row(stored, "exception" if day in stored.exceptions else "occurrence", day) for day in days]
    try:
        return [Row(stored, "event")] if window.has(*extent(stored.resource)) else []
    except (KeyError, TypeError, ValueError):
        return [Row(stored, "event")]  # Somebody put an event without a time.


def _inside(stored: Stored, window: Window, quirks: Quirks) -> Group:
    if stored.is_removed:
        return []
    rows = view_rows(stored, window)
    is_led = stored.series is not None and rows and not quirks.omits_masters
    return [Row(stored, "event"), *rows] if is_led else rows


def _gone(stored: Stored, window: Window, quirks: Quirks) -> Group:
    """An event that is not, or not any more, in the window; whether it ever was is not known."""
    days = stored.days_inside(window) if quirks.removes_occurrences else []
    return [Row(stored, "removed"), *(Row(stored, "removed", day) for day in days)]


def _before(row: Row) -> Row:
    """A row as it was before its event's last change, if it can be told."""
    previous = row.stored.previous
    if previous is None or row.kind != "event":
        return row
    return row._replace(stored=replace(row.stored, resource=previous))


def _cut(groups: list[Group], size: int, *, splits: bool) -> list[list[Row]]:
    """Pages of about `size` rows."""
    if splits:
        rows = list(chain.from_iterable(groups))
        return [rows[at : at + size] for at in range(0, len(rows), size)] or [[]]
    pages: list[list[Row]] = [[]]
    for group in groups:
        if pages[-1] and len(pages[-1]) + len(group) > size:
            pages.append([])
        pages[-1] = [*pages[-1], *group]
    return pages
