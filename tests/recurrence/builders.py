"""Events and windows for the specifications of this package, said in few words."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from calendar_sync.domain.events import Details, Event, EventTime, Override, Recurrence, Window
from calendar_sync.recurrence import Expansion, Limits, expand

UNBOUNDED = Limits(max_instances=10**9, max_steps=10**9)


def wall(text: str) -> datetime:
    """A naive time from `2026-01-05T09:00` or `2026-01-05`."""
    return datetime.fromisoformat(text)


def at(text: str) -> datetime:
    """An instant from `2026-01-05T09:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(at(start), at(end))


YEARS = window("0001-01-02", "9999-12-30")


def time(start: str, end: str | None = None, zone: str = "UTC", *, zone_rules: str | None = None) -> EventTime:
    """An hour long unless `end` says otherwise; all day if written without a time, then a day long."""
    all_day = "T" not in start
    default = timedelta(days=1) if all_day else timedelta(hours=1)
    return EventTime(
        wall(start), wall(end) if end else wall(start) + default, zone, all_day=all_day, zone_rules=zone_rules
    )


def series(
    of: EventTime | str,
    *rules: str,
    dates: Iterable[str] = (),
    exceptions: Iterable[str] = (),
    exception_rules: Iterable[str] = (),
    overrides: Iterable[Override] = (),
) -> Event:
    """A series titled `series`."""
    recurrence = Recurrence(
        rules=rules,
        exception_rules=tuple(exception_rules),
        dates=tuple(sorted(wall(each) for each in dates)),
        exceptions=tuple(sorted(wall(each) for each in exceptions)),
    )
    return Event(
        remote_id="1",
        uid="1@test",
        time=time(of) if isinstance(of, str) else of,
        details=Details(title="series"),
        recurrence=recurrence,
        overrides=tuple(overrides),
    )


def override(original: str, moved_to: EventTime | None, *, title: str = "override", onwards: bool = False) -> Override:
    return Override(wall(original), moved_to, Details(title=title), this_and_future=onwards)


def with_dates(event: Event, *more: datetime) -> Event:
    """`event` with more RDATEs."""
    assert event.recurrence is not None
    recurrence = replace(event.recurrence, dates=(*event.recurrence.dates, *more))
    return replace(event, recurrence=recurrence)


def starts(expansion: Expansion) -> list[datetime]:
    return [instance.starts_at for instance in expansion.instances]


def keys(expansion: Expansion) -> list[str]:
    return [instance.original_start for instance in expansion.instances]


def clock_starts(start: datetime, rule: str, low: datetime, high: datetime) -> list[datetime]:
    """What a rule makes from `low` until before `high`, as naive times, seen through events of no length in UTC."""
    moment = EventTime(start, start, "UTC")
    event = Event("1", "1@test", moment, Details(), Recurrence(rules=(rule,)))
    expansion = expand(event, Window(low.replace(tzinfo=UTC), high.replace(tzinfo=UTC)), limits=UNBOUNDED)
    assert expansion.problems == ()
    assert not expansion.truncated
    return [instance.starts_at.replace(tzinfo=None) for instance in expansion.instances]
