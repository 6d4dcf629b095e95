"""From an event object to its instances within a window."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from calendar_sync.domain.events import Event, Instance, Window
from calendar_sync.recurrence.limits import LAST_WALL, Budget, Limits, StepsExhausted
from calendar_sync.recurrence.series import Series, instants
from calendar_sync.recurrence.zones import Zones, later

_END: Final = LAST_WALL.replace(tzinfo=UTC)
_LOOKS_BACK: Final = (*(timedelta(minutes=10) * 32**power for power in range(5)), timedelta(days=4_000_000))


@dataclass(frozen=True, slots=True)
class Expansion:
    """`instances` are sorted by `starts_at`, and no two have the same `original_start`.

    `truncated` says that a limit was met, so that there may be more. `problems` are sentences about what the event
    says but could not be followed: a rule that was left out, a time zone that was read as UTC.
    """

    instances: tuple[Instance, ...]
    truncated: bool
    problems: tuple[str, ...] = ()


def expand(event: Event, window: Window, *, limits: Limits = Limits()) -> Expansion:
    """The instances of `event` that are under way at any time in `window`, or of no length and start in it.

    A single event gives its one instance whatever the window; whoever stores it decides. No event makes this raise,
    or cost more than `limits` allows.

    The clock rules, all on the wall clock of the series' zone:

    - Starts are made on the wall clock. One that the zone skips comes out later by the length of the gap, one that
      occurs twice is the first (RFC 5545 §3.3.5). Where a moved and a regular start fall together there is one
      instance, known by the regular one.
    - The end keeps its place on the clock too: 22:00-06:00 is that in every night, although it lasts seven or nine
      hours when the clocks change. (RFC 5545 §3.8.5.3 would keep the exact length given by DTEND; calendars show, and
      people mean, what stands here.) An end in another zone is measured on the clock of the start, so a flight takes
      equally long all year round. All-day instances keep their number of days.
    - DTSTART is the first instance and counts for COUNT, whether or not its rule makes it, unless UNTIL is before it.
      UNTIL as a date means to the end of that day, without `Z` the clock of the series, with `Z` an instant.
    - An override replaces the instance of its `original_start`, or adds one where there is none, and stands wherever
      it was moved to; EXDATE of the same start takes it away. THISANDFUTURE shifts later instances by as much, on the
      wall clock, gives them its length and details, up to the next THISANDFUTURE; without `time` it ends the series.
    """
    zones = Zones()
    if event.recurrence is None and not event.overrides:
        single = Instance("", *instants(event.time, zones), event.time, event.details)
        return Expansion((single,), truncated=False, problems=tuple(zones.problems))
    series = Series(event, zones)
    regular, truncated = _regular(series, window, limits.max_instances, Budget(limits.max_steps))
    moved = [instance for instance in series.overrides() if _overlaps(instance, window)]
    # An original start names one instance, the first, where dates on an all-day series, say, are no midnights.
    known = {instance.original_start: instance for instance in reversed([*moved, *regular])}
    ordered = sorted(known.values(), key=lambda instance: (instance.starts_at, instance.original_start))
    return Expansion(
        tuple(ordered[: limits.max_instances]),
        truncated or len(ordered) > limits.max_instances,
        (*series.starts.problems, *zones.problems),
    )


def ends_at(event: Event, *, limits: Limits = Limits()) -> datetime | None:
    """When the last instance of `event` ends (UTC); `None` if there is no last one, or `limits` hide it.

    A series that has no instance at all ends with what would be its first.
    """
    zones, budget = Zones(), Budget(limits.max_steps)
    if event.recurrence is None and not event.overrides:
        return instants(event.time, zones)[1]
    series = Series(event, zones)
    try:
        last = series.last_start(budget)
    except StepsExhausted:
        last = None
    if last is None:
        return None
    found, truncated = _latest(series, last, limits.max_instances, budget)
    ends = [instance.ends_at for instance in (*found, *series.overrides())]
    return None if truncated else max(ends, default=instants(event.time, zones)[1])


def _latest(series: Series, last: datetime, most: int, budget: Budget) -> tuple[list[Instance], bool]:
    """The instances that end within some span before `last` or after it: the shortest span that has any."""
    for span in _LOOKS_BACK:
        found, truncated = _regular(series, Window(later(last, -span), _END), most, budget)
        if found or truncated:
            return found, truncated
    return [], False


def _regular(series: Series, window: Window, most: int, budget: Budget) -> tuple[list[Instance], bool]:
    """The instances without an override of their own, and whether a limit cut them short."""
    found: dict[tuple[datetime, datetime], Instance] = {}
    try:
        for start in series.starts.starts(*series.reach(window), budget):
            segment = series.segment(start)
            if segment is None:
                continue
            instance = series.instance(start, segment)
            if _overlaps(instance, window):
                found[segment.since, instance.starts_at] = instance
            if len(found) > most:
                break
    except StepsExhausted:
        return list(found.values()), True
    return list(found.values()), len(found) > most


def _overlaps(instance: Instance, window: Window) -> bool:
    if instance.starts_at == instance.ends_at:
        return window.start <= instance.starts_at < window.end
    return instance.starts_at < window.end and instance.ends_at > window.start
