"""Which occurrence is which when an event object changes: its identifier never does.

What follows an occurrence (the user's decision on auto-join, a planned session) hangs on its identifier. So an
instance keeps it while it lives, also when the whole series is moved, when a single event becomes a series, and back.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from calendar_sync.domain.events import EventTime
from calendar_sync.domain.identifiers import EventId, OccurrenceId, occurrence_id


def assign(
    event: EventId,
    stored: Mapping[str, OccurrenceId],
    wanted: Iterable[str],
    *,
    before: EventTime,
    after: EventTime,
    taken: Collection[OccurrenceId] = (),
) -> dict[str, OccurrenceId]:
    """The identifier of each wanted instance, by original start (as `Instance` has it).

    `stored` are the identifiers of the instances there were, `before` and `after` the times of the event itself.
    In this order:

    1. an instance whose original start is still there keeps its identifier;
    2. of the others, one whose original start, shifted by as much as the event was on its wall clock, is there now
       keeps it in its new place;
    3. what is left is new, and named by its original start. Where a moved instance took that name along (it is among
       `stored` or `taken`), the attempt is counted up.

    A single event counts as a series whose one instance starts where it does. So the series it becomes keeps its
    identifier for the instance at its old start, else at its new one; a series that becomes single likewise.
    """
    if not stored and not taken:
        return {original: occurrence_id(event, original) for original in wanted}
    places = {_place(original, after): original for original in wanted}
    moved = {_place(original, before): identifier for original, identifier in stored.items()}
    kept = {place: moved[place] for place in places if place in moved}
    shift = after.start - before.start
    for place, identifier in moved.items():
        target = _shifted(place, shift, all_day=after.all_day)
        if place not in kept and target in places:
            kept.setdefault(target, identifier)
    used = {*stored.values(), *taken}
    return {
        original: kept[place] if place in kept else _unused(event, original, used) for place, original in places.items()
    }


def _place(original: str, time: EventTime) -> str:
    """Where an instance stands in its series; a single event's stands at the event's start."""
    return original or wall_text(time.start, all_day=time.all_day)


def wall_text(start: datetime, *, all_day: bool) -> str:
    """A start as `Instance.original_start` has it."""
    return start.date().isoformat() if all_day else start.isoformat()


def _shifted(place: str, shift: timedelta, *, all_day: bool) -> str | None:
    """`None` past the ends of time. The second of two equal times (`/1`) is shifted to the one there is."""
    try:
        return wall_text(datetime.fromisoformat(place.removesuffix("/1")) + shift, all_day=all_day)
    except OverflowError:
        return None


def _unused(event: EventId, original: str, used: Collection[OccurrenceId]) -> OccurrenceId:
    attempt = 0
    while (identifier := occurrence_id(event, original, attempt=attempt)) in used:
        attempt += 1
    return identifier
