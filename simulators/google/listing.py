"""Which events a query finds, and in which order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from simulators.google.calendars import Calendar, Stored
from simulators.google.event_query import Bounds, EventQuery
from simulators.google.quirks import Quirks
from simulators.google.rendering import View, etag, start_of
from simulators.google.series import Instance, Series
from simulators.google.times import JsonObject, instant, rfc3339

_SEARCHED = ("summary", "description", "location")


@dataclass(frozen=True)
class EventListing:
    """The answer to `events.list`, before it is cut into pages."""

    view: View
    query: EventQuery
    quirks: Quirks
    now: datetime

    @property
    def calendar(self) -> Calendar:
        return self.view.calendar

    @cached_property
    def revision(self) -> int:
        """Up to which revision this listing knows the calendar: where its increment begins."""
        return self.calendar.revision_at(self.now - timedelta(seconds=self.quirks.list_lag_seconds))

    def items(self) -> list[JsonObject]:
        chosen = [stored for stored in self._candidates() if self._is_wanted(stored)]
        if self.query.single_events:
            items = [item for stored in chosen for item in self._expanded(stored)]
        else:
            chosen = [stored for stored in chosen if self._overlaps(stored)]
            items = [self.view.event(stored) for stored in self._ordered(chosen)]
        return self._sorted(items)

    # Without expansion

    def _candidates(self) -> list[Stored]:
        if self.query.since is not None:
            changed = self.calendar.changes_since(self.query.since.revision)
            found = self._with_cascades(changed) if self.quirks.lists_cascades else changed
        else:
            found = [stored for stored in self.calendar.events.values() if self._is_listed(stored)]
        return [stored for stored in found if stored.revision <= self.revision]

    def _with_cascades(self, changed: list[Stored]) -> list[Stored]:
        ids = {stored.id for stored in changed}
        buried = {stored.id for stored in changed if stored.is_removed}
        cascaded = [
            stored
            for stored in self.calendar.events.values()
            if stored.is_removed and stored.master_id in buried and stored.id not in ids
        ]
        return [*changed, *cascaded]

    def _is_listed(self, stored: Stored) -> bool:
        """Whether a full listing has it: removed events only if asked for, holes as long as their series lives."""
        is_new = self.query.updated_min is not None and self._updated(stored) >= self.query.updated_min
        if self.query.updated_min is not None and not is_new:
            return False
        if stored.is_removed or (stored.is_cancelled and not self.calendar.master_of(stored)):
            return self.query.show_deleted or is_new
        return True

    def _updated(self, stored: Stored) -> datetime:
        return stored.changed_at if stored.is_removed else rfc3339(stored.resource["updated"])

    def _is_wanted(self, stored: Stored) -> bool:
        query, event = self.query, self.calendar.effective(stored)
        if stored.is_hidden and not query.show_hidden_invitations:
            return False
        if query.event_types and event.get("eventType", "default") not in query.event_types:
            return False
        if query.ical_uid is not None and event.get("iCalUID") != query.ical_uid:
            return False
        properties = event.get("extendedProperties", {})
        return (
            (query.text is None or _mentions(event, query.text))
            and _has_properties(properties.get("private", {}), query.private_properties)
            and _has_properties(properties.get("shared", {}), query.shared_properties)
        )

    def _overlaps(self, stored: Stored) -> bool:
        bounds = self.query.bounds
        if bounds == Bounds():
            return True
        series = self.calendar.series(stored.resource)
        if series is not None:
            return bool(series.instances(bounds.time_min, bounds.time_max, most=1))
        try:
            return bounds.contain(*self._extent(stored))
        except (KeyError, TypeError, ValueError):
            return True  # Somebody put an event without a time.

    def _extent(self, stored: Stored) -> tuple[datetime, datetime]:
        event, zone = self.calendar.effective(stored), self.calendar.zone
        is_hole = stored.is_cancelled and stored.master_id is not None
        start = instant(event["originalStartTime" if is_hole else "start"], zone)
        return start, start + (instant(event["end"], zone) - instant(event["start"], zone))

    def _ordered(self, chosen: list[Stored]) -> Iterable[Stored]:
        return sorted(chosen, key=lambda stored: stored.master_id is None) if self.quirks.exceptions_first else chosen

    # With expansion

    def _expanded(self, stored: Stored) -> Iterator[JsonObject]:
        """The instances of a series that have no exception, or what else is stored."""
        is_gone = stored.is_removed or stored.is_cancelled
        shows_gone = self.query.show_deleted or self.query.since is not None or self.query.updated_min is not None
        if is_gone and not shows_gone:
            return
        if self.query.since is not None:
            yield from self._vanished(stored, self.query.since.revision)
        if self.calendar.series(stored.resource) is not None:
            yield from self._instances(stored)
        elif self._overlaps(stored) and not self._is_regular_again(stored):
            yield self.view.event(stored)

    def _is_regular_again(self, stored: Stored) -> bool:
        """Whether an exception is gone and its series has the plain instance in its place."""
        return stored.is_removed and stored.master_id is not None and self.calendar.instance(stored.id) is not None

    def _instances(self, master: Stored) -> Iterator[JsonObject]:
        series = self.calendar.series(master.resource)
        exceptions = {each.id for each in self.calendar.exceptions(master.id)}
        regular = [each for each in self._regular(series) if each.id not in exceptions] if series else []
        if not master.is_removed:
            yield from (self.view.instance(master, each) for each in regular)
        elif self.query.since is None:
            yield from (self._hole(master, each) for each in regular)

    def _hole(self, master: Stored, instance_: Instance) -> JsonObject:
        return self.view.hole(instance_.id, master.id, instance_.start, etag(instance_.id, master.revision))

    def _regular(self, series: Series) -> list[Instance]:
        return series.instances(self.query.bounds.time_min, self.query.bounds.time_max)

    def _vanished(self, stored: Stored, revision: int) -> Iterator[JsonObject]:
        """What an event was shown as at a revision, and is no more: itself before it recurred, or instances."""
        before = [resource for at, resource in self.calendar.replaced.get(stored.id, []) if at > revision]
        if stored.resource.get("recurrence") and any(not resource.get("recurrence") for resource in before):
            yield self.view.tombstone(stored)
        gone: dict[str, Instance] = {}
        for series in filter(None, map(self.calendar.series, before)):
            gone |= {each.id: each for each in self._regular(series)}
        left = None if stored.is_removed else self.calendar.series(stored.resource)
        kept = {each.id for each in self._regular(left)} if left else set()
        for each in gone.values():
            if each.id not in kept and self._is_free(each.id):
                yield self._hole(stored, each)

    def _is_free(self, instance_id: str) -> bool:
        """Whether no exception that this listing has, or had, speaks for an instance."""
        stored = self.calendar.events.get(instance_id)
        since = self.query.since.revision if self.query.since else 0
        return stored is None or (stored.is_removed and stored.revision <= since)

    def _sorted(self, items: list[JsonObject]) -> list[JsonObject]:
        match self.query.order_by:
            case "startTime":
                return sorted(items, key=lambda item: start_of(item, self.calendar.zone))
            case "updated":
                return sorted(items, key=lambda item: str(item.get("updated", "")))
        return items


def instances_of(
    view: View, master: Stored, bounds: Bounds, original: str | None, *, show_deleted: bool
) -> list[JsonObject]:
    """The answer to `events.instances`. `original` is the start of the one instance that is wanted."""
    calendar = view.calendar
    series = calendar.series(master.resource)
    exceptions = {each.id: each for each in calendar.exceptions(master.id)}
    regular = series.instances(bounds.time_min, bounds.time_max) if series else []
    items = [view.instance(master, each) for each in regular if each.id not in exceptions]
    for exception in exceptions.values():
        item = view.event(exception)
        if exception.is_cancelled and not show_deleted:
            continue
        start, end = (instant(item.get(name) or item["originalStartTime"], calendar.zone) for name in ("start", "end"))
        if bounds.contain(start, end):
            items.append(item)
    if original is not None:
        items = [item for item in items if _starts_at(item["originalStartTime"], original)]
    return sorted(items, key=lambda item: start_of(item, calendar.zone))


def _starts_at(when: JsonObject, text: str) -> bool:
    if "date" in when:
        return bool(when["date"] == text)
    try:
        return rfc3339(when["dateTime"]) == rfc3339(text)
    except ValueError:
        return False


def _mentions(event: JsonObject, text: str) -> bool:
    people = [event.get("organizer", {}), *event.get("attendees", [])]
    said = [str(event.get(name, "")) for name in _SEARCHED]
    said += [str(person.get(name, "")) for person in people for name in ("displayName", "email")]
    whole = "\n".join(said).lower()
    return all(term in whole for term in text.lower().split())


def _has_properties(properties: JsonObject, wanted: tuple[str, ...]) -> bool:
    return all(properties.get(name) == value for name, _, value in (each.partition("=") for each in wanted))
