"""From the components of one UID to one event object: the master, its exceptions, or exceptions without a master."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from calendar_sync.domain.events import Details, Event, EventStatus, EventTime, Override, Recurrence
from providers.icalendar.context import Component
from providers.icalendar.details import details
from providers.icalendar.recurrence import SeriesClock, is_recurring, recurrence, series_start
from providers.icalendar.times import Moment, event_time, moment
from providers.icalendar.values import Unreadable


@dataclass(frozen=True, slots=True)
class EventObject:
    """The components that make up one event object. Without a master its exceptions are orphans."""

    remote_id: str
    master: Component | None
    exceptions: Sequence[Component]

    @property
    def components(self) -> Sequence[Component]:
        return (*((self.master,) if self.master else ()), *self.exceptions)


def event_objects(components: Sequence[Component]) -> list[EventObject]:
    """Sort out all components of one UID.

    Of revisions of the same event the latest holds. Where several masters start at different times and none repeats,
    the producer uses one UID for many events: each is an object of its own, named by UID and start.
    """
    uid = components[0].uid
    masters = [one for one in components if not one.is_exception]
    exceptions = [one for one in components if one.is_exception]
    by_start: dict[str, list[Component]] = {}
    for one in masters:
        by_start.setdefault(one.first("DTSTART"), []).append(one)
    if len(by_start) < 2 or any(is_recurring(one.properties) for one in masters):
        return [EventObject(uid, _latest(masters) if masters else None, exceptions)]
    objects = [EventObject(f"{uid}#{start}", _latest(same), ()) for start, same in by_start.items()]
    return [*objects, EventObject(uid, None, exceptions)] if exceptions else objects


def _latest(revisions: Iterable[Component]) -> Component:
    """Of equal revisions, the last."""
    return max(reversed(list(revisions)), key=lambda one: one.revision)


def read_event(found: EventObject, *, remote_id: str) -> Event:
    """The event object. Raises `Unreadable`.

    One of many under one UID has the name it is told apart by as its UID: else all would be copies of one meeting.
    """
    for component in found.components:
        component.check_size()
    master = found.master
    if master is None:
        return _orphans(found.exceptions, remote_id)
    event = _event(master, found.exceptions, remote_id)
    return event if event.uid == found.remote_id else replace(event, uid=found.remote_id)


def _event(master: Component, exceptions: Sequence[Component], remote_id: str) -> Event:
    """A master that is cancelled is kept as such, and all its exceptions are cancelled with it."""
    repeats = is_recurring(master.properties)
    start = _start(master)
    if repeats:
        start = series_start(master.properties, master.reading.zones, start)
    time = event_time(master.properties, master.reading.zones, start=start)
    event = Event(remote_id, master.uid, time, _details(master))
    if not repeats and not exceptions:
        return event
    clock = _clock(start, time, master)
    overrides = _overrides(exceptions, clock, time)
    if event.details.status is EventStatus.CANCELLED:
        overrides = tuple(replace(one, time=None) for one in overrides)
    repetition = recurrence(master.properties, master.reading.zones, clock) if repeats else Recurrence()
    return replace(event, recurrence=repetition, overrides=overrides)


def _start(component: Component) -> Moment:
    if "DTSTART" not in component.properties:
        raise Unreadable("It does not say when it starts.")
    return moment(component.properties["DTSTART"][0], component.reading.zones, name="start")


def _clock(start: Moment, time: EventTime, component: Component) -> SeriesClock:
    zone = component.reading.zones.home if time.all_day or start.zone is None else start.zone
    return SeriesClock(zone, time.start, time.all_day)


def _details(component: Component) -> Details:
    read = details(component.properties, component.reading.my_addresses)
    return replace(read, status=EventStatus.CANCELLED) if component.reading.is_cancellation else read


def _overrides(exceptions: Sequence[Component], clock: SeriesClock, series: EventTime) -> tuple[Override, ...]:
    """Sorted by original start. Of several for the same instance, the latest holds."""
    found: dict[datetime, list[Component]] = {}
    for one in exceptions:
        found.setdefault(clock.original_start(_instance(one)), []).append(one)
    return tuple(_override(_latest(found[original]), original, clock, series) for original in sorted(found))


def _instance(exception: Component) -> Moment:
    return moment(exception.properties["RECURRENCE-ID"][0], exception.reading.zones, name="RECURRENCE-ID")


def _override(component: Component, original: datetime, clock: SeriesClock, series: EventTime) -> Override:
    content = _details(component)
    time: EventTime | None = None
    if content.status is not EventStatus.CANCELLED:
        time = _moved(component, clock) or _unmoved(series, original)
    bounds = component.properties["RECURRENCE-ID"][0].parameters().get("RANGE", "")
    return Override(original, time, content, this_and_future=bounds.upper() == "THISANDFUTURE")


def _moved(component: Component, clock: SeriesClock) -> EventTime | None:
    if "DTSTART" not in component.properties:
        return None
    start = _start(component)
    if start.is_utc and not clock.all_day:
        start = start.at(clock.zone)
    return event_time(component.properties, component.reading.zones, start=start)


def _unmoved(series: EventTime, original: datetime) -> EventTime:
    """The instance where it would be without the exception, which says nothing of its time."""
    start = original.replace(fold=0)
    return replace(
        series, start=start, end=start + (series.end - series.start), fold=original.fold, end_fold=original.fold
    )


def _orphans(exceptions: Sequence[Component], remote_id: str) -> Event:
    """A single orphan is a plain event; several are a series of exceptions only, on the clock of the first."""
    instances = [(_instance(one), one) for one in exceptions]
    earliest = min(instance.wall for instance, _ in instances)
    first = _latest(one for instance, one in instances if instance.wall == earliest)
    start = _start(first) if "DTSTART" in first.properties else _instance(first)
    time = event_time(first.properties, first.reading.zones, start=start)
    event = Event(remote_id, first.uid, time, _details(first), is_orphan=True)
    overrides = _overrides(exceptions, _clock(start, time, first), time)
    return event if len(overrides) == 1 else replace(event, recurrence=Recurrence(), overrides=overrides)
