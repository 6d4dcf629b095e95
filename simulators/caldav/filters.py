"""The filter of a calendar-query (RFC 4791 §9.7), as far as clients use it: components and time ranges."""

from datetime import UTC, date, datetime, time, timedelta

from dateutil.rrule import rrulestr
from icalendar import Calendar as ICalendar
from icalendar import Component, vRecur
from lxml import etree

from simulators.caldav.dav import CALDAV
from simulators.caldav.store import CalendarObject

_FAR = 100_000
"""How many instances of a series are looked at."""


class UnsupportedFilter(Exception):
    """The filter asks for something this server cannot test."""


def matches(stored: CalendarObject, query: etree._Element) -> bool:
    """Whether an object passes the `C:filter` of a query. Raises `UnsupportedFilter`."""
    calendar = query.find(f"{CALDAV}filter/{CALDAV}comp-filter[@name='VCALENDAR']")
    if calendar is None:
        raise UnsupportedFilter
    return all(_component_matches(stored, each) for each in calendar)


def _component_matches(stored: CalendarObject, component: etree._Element) -> bool:
    if component.tag != f"{CALDAV}comp-filter":
        raise UnsupportedFilter
    if stored.component != component.get("name"):
        return False
    for test in component:
        if test.tag != f"{CALDAV}time-range":
            raise UnsupportedFilter
        if not _overlaps(stored, _instant(test.get("start")), _instant(test.get("end"))):
            return False
    return True


def _instant(text: str | None) -> datetime | None:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if text else None


def _overlaps(stored: CalendarObject, start: datetime | None, end: datetime | None) -> bool:
    """RFC 4791 §9.9, for any instance of the object."""
    first, last = start or datetime.min.replace(tzinfo=UTC), end or datetime.max.replace(tzinfo=UTC)
    components = ICalendar.from_ical(stored.body).walk(stored.component or "VEVENT")
    return any(_has_instance(each, first, last) for each in components)


def _has_instance(component: Component, first: datetime, last: datetime) -> bool:
    if "DTSTART" not in component:
        return False
    begins = component.decoded("DTSTART")
    length = _length(component, begins)
    starts = [_aware(begins)] if "RRULE" not in component else _series(component, _aware(begins))
    return any(begin < last and (begin + length > first or (not length and begin >= first)) for begin in starts)


def _series(component: Component, begins: datetime) -> list[datetime]:
    rule: str = vRecur(component["RRULE"]).to_ical().decode()  # type: ignore[no-untyped-call]  # of icalendar
    zone = begins.tzinfo
    wall = rrulestr(rule, dtstart=begins.replace(tzinfo=None), ignoretz=True)
    return [begin.replace(tzinfo=zone) for begin, _ in zip(wall, range(_FAR), strict=False)]


def _length(component: Component, begins: date) -> timedelta:
    if "DTEND" in component:
        return _aware(component.decoded("DTEND")) - _aware(begins)
    if "DURATION" in component:
        length: timedelta = component.decoded("DURATION")
        return length
    return timedelta() if isinstance(begins, datetime) else timedelta(days=1)


def _aware(value: date) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
