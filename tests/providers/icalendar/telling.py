"""Says what an event object is in plain text, so that expectations can be read."""

from collections.abc import Iterator
from datetime import datetime

from calendar_sync.domain.events import Event, EventStatus, EventTime, Override
from calendar_sync.domain.providers import Quarantine, Upsert


def tell(change: Upsert | Quarantine | None) -> str:
    """`Standup | 05.01. 09:00 - 10:00 Europe/Berlin`, and indented under it how it repeats."""
    if change is None:
        return "nothing"
    if isinstance(change, Quarantine):
        return f"quarantine: {change.reason}"
    return "\n    ".join([" | ".join(_headline(change.event)), *_repetition(change.event)])


def _headline(event: Event) -> Iterator[str]:
    yield (event.details.title or "-").replace("\n", "\\n")
    yield _time(event.time)
    if event.details.status is not EventStatus.CONFIRMED:
        yield event.details.status.value
    if event.is_orphan:
        yield "orphan"


def _repetition(event: Event) -> Iterator[str]:
    if event.recurrence is not None:
        repetition = event.recurrence
        yield from (*repetition.rules, *(f"except {rule}" for rule in repetition.exception_rules))
        yield from (f"+ {_at(one)}" for one in repetition.dates)
        yield from (f"+ {_at(start)} to {_at(end)}" for start, end in repetition.periods)
        yield from (f"- {_at(one)}" for one in repetition.exceptions)
        yield from (f"- all of {one:%d.%m.}" for one in repetition.excluded_days)
    yield from map(_override, event.overrides)


def _override(one: Override) -> str:
    name = f"{_at(one.original_start)}{' and later' * one.this_and_future}"
    return f"{name} is off" if one.time is None else f"{name} is {one.details.title} {_time(one.time)}"


def _time(time: EventTime) -> str:
    if time.all_day:
        return f"{time.start:%d.%m.} until {time.end:%d.%m.} {time.zone}"
    start = _at(time.start) + "/1" * time.fold
    end = (f"{time.end:%H:%M}" if time.start.date() == time.end.date() else _at(time.end)) + "/1" * time.end_fold
    rules = " by its rules" if time.zone_rules is not None else ""
    return f"{start} - {end} {time.zone}{rules}" + (f" to {time.end_zone}" if time.end_zone else "")


def _at(wall: datetime) -> str:
    return f"{wall:%d.%m. %H:%M}"
