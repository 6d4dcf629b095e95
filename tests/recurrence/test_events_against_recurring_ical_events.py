"""Whole events agree with recurring-ical-events: rules, extra dates, exclusions, exceptions, clocks being set.

Starts keep away from the hours in which clocks are set: there recurring-ical-events gives ends before starts.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import icalendar
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import Details, Event, EventTime, Override, Recurrence, Window
from calendar_sync.recurrence import expand
from tests.recurrence.builders import wall
from tests.recurrence.zone_texts import NEW_YORK

DAY = timedelta(days=1)
ZONES = {"Europe/Zurich": None, "America/Los_Angeles": None, "Australia/Lord_Howe": None, "US-Eastern": NEW_YORK}
RULES = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;COUNT=40",
    "FREQ=DAILY;UNTIL={until}",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;COUNT=100",
    "FREQ=WEEKLY;BYDAY=SA,SU",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYDAY=-1SU",
    "FREQ=MONTHLY;BYMONTHDAY=-1,1,15",
    "FREQ=YEARLY;BYMONTH=3,4,10,11;BYDAY=SU",
]


DAYS = st.integers(-3, 120)
HOURS = st.integers(5, 22)
LENGTHS = st.integers(1, 200).map(lambda quarters: quarters * timedelta(minutes=15))
WHOLE_DAYS = st.integers(1, 3).map(lambda days: days * DAY)


@st.composite
def times(draw: st.DrawFn, day: date, of: EventTime) -> EventTime:
    """A time on `day`, in the zone of `of` and all-day as that is."""
    start = wall(f"{day}") if of.all_day else wall(f"{day}T{draw(HOURS):02}:30")
    return replace(of, start=start, end=start + draw(WHOLE_DAYS if of.all_day else LENGTHS))


@st.composite
def overrides(draw: st.DrawFn, of: EventTime) -> list[Override]:
    days = draw(st.lists(DAYS, max_size=4, unique=True))
    originals = [of.start + day * DAY for day in days]
    moves = [draw(times(original.date() + draw(st.integers(-3, 3)) * DAY, of)) for original in originals]
    return [
        Override(original, move, Details(title=f"exception {number}"), this_and_future=draw(st.booleans()))
        for number, (original, move) in enumerate(zip(originals, moves, strict=True))
    ]


@st.composite
def events(draw: st.DrawFn) -> Event:
    zone = draw(st.sampled_from([*ZONES, None]))
    day = draw(st.dates(date(2025, 1, 1), date(2027, 1, 1)))
    kind = EventTime(
        wall(f"{day}"), wall(f"{day}"), zone or "UTC", all_day=zone is None, zone_rules=ZONES.get(zone or "")
    )
    own = draw(times(day, kind))
    until = f"{day + draw(st.integers(0, 100)) * DAY:%Y%m%d}{'' if own.all_day else 'T120000Z'}"
    some_days = st.lists(DAYS.map(lambda number: own.start + number * DAY), max_size=3, unique=True).map(sorted)
    return Event(
        remote_id="1",
        uid="1@test",
        time=own,
        details=Details(title="series"),
        recurrence=Recurrence(
            rules=(draw(st.sampled_from(RULES)).format(until=until),),
            dates=tuple(draw(some_days)),
            exceptions=tuple(draw(some_days)),
        ),
        overrides=tuple(draw(overrides(own))),
    )


@given(event=events(), before=st.integers(-10, 150), length=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_the_same_instances_are_in_a_window(event: Event, before: int, length: int) -> None:
    low = (event.time.start + before * DAY).replace(tzinfo=UTC)
    high = low + length * DAY

    ours = [
        (instance.starts_at, instance.ends_at, instance.details.title)
        for instance in expand(event, Window(low, high)).instances
    ]

    calendar = icalendar.Calendar.from_ical(_as_text(event))
    theirs = [
        (_instant(each.start), _instant(each.end), str(each["SUMMARY"]))
        for each in recurring_ical_events.of(calendar).between(low, high)
    ]
    assert sorted(ours) == sorted(theirs)


def _instant(moment: date) -> datetime:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)


def _as_text(event: Event) -> str:
    assert event.recurrence is not None
    lines = [f"RRULE:{rule}" for rule in event.recurrence.rules]
    lines += [_property("RDATE", each, event.time) for each in event.recurrence.dates]
    lines += [_property("EXDATE", each, event.time) for each in event.recurrence.exceptions]
    components = [_component(event.time, "series", lines)]
    for override in event.overrides:
        assert override.time is not None
        name = f"RECURRENCE-ID{';RANGE=THISANDFUTURE' if override.this_and_future else ''}"
        recurrence_id = _property(name, override.original_start, event.time)
        components.append(_component(override.time, str(override.details.title), [recurrence_id]))
    return f"BEGIN:VCALENDAR\n{event.time.zone_rules or ''}{''.join(components)}END:VCALENDAR\n"


def _component(of: EventTime, title: str, lines: list[str]) -> str:
    of_time = [_property("DTSTART", of.start, of), _property("DTEND", of.end, of)]
    return "\n".join(["BEGIN:VEVENT", "UID:1@test", f"SUMMARY:{title}", *of_time, *lines, "END:VEVENT", ""])


def _property(name: str, moment: datetime, of: EventTime) -> str:
    return f"{name};VALUE=DATE:{moment:%Y%m%d}" if of.all_day else f"{name};TZID={of.zone}:{moment:%Y%m%dT%H%M%S}"
