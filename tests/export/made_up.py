"""Event objects of every kind, made up by Hypothesis: of what providers and `providers.icalendar` give."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from calendar_sync.domain.events import (
    Attendee,
    Details,
    Event,
    EventStatus,
    EventTime,
    MeetingLink,
    Override,
    Person,
    Recurrence,
    ResponseStatus,
    Visibility,
    Window,
)
from calendar_sync.domain.meeting_links import find_meeting_links
from providers.icalendar.vtimezone import canonical_text, observances

NOWHERE = """\
BEGIN:VTIMEZONE
TZID:Nowhere
BEGIN:STANDARD
DTSTART:20081026T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0217
TZOFFSETTO:+0117
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20080330T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0117
TZOFFSETTO:+0217
END:DAYLIGHT
END:VTIMEZONE
"""
"""No zone on earth: it has no name but its own. Its clocks are set when those of Berlin are."""

DAY = timedelta(days=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;COUNT=40;INTERVAL=3",
    "FREQ=WEEKLY;BYDAY=MO,WE,SU;INTERVAL=2",
    "FREQ=MONTHLY;BYDAY=-1SU",
    "FREQ=MONTHLY;BYMONTHDAY=-1,1,15",
    "FREQ=YEARLY;BYDAY=SU;BYMONTH=3,10",
)

# Beside any characters, those that mean something in iCalendar, and those that somebody may take for a line's end.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from(
    [*",;:\\\"^'\n\t=@", "\r", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "é", "😀", "語"]
)
TEXTS = st.text(_CHARACTERS, max_size=90).map(str.strip).map(lambda text: text or None)
NAMES = st.none() | st.sampled_from(["Ada", "Bo \"the 'Great'\"", "Çağla; Öz, Dr. 😀", "x" * 90, "a^b:c", "two\nlines"])
EMAILS = st.none() | st.sampled_from(
    ["ada@example.com", "bo+cal@example.com", "o'brien%x@example.org", "ü@example.com"]
)
URLS = st.none() | st.sampled_from(["https://example.com/a,b;c?d=e&f=%20#g", "https://example.com/" + "x" * 120])
CONFERENCES = st.lists(
    st.sampled_from(
        [
            "https://zoom.us/j/123456789?pwd=abc",
            "https://meet.google.com/abc-defg-hij",
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%7d",
        ]
    ),
    max_size=2,
    unique=True,
)


def _links(urls: list[str]) -> tuple[MeetingLink, ...]:
    return find_meeting_links(urls, None, [])


PEOPLE = st.builds(Person, EMAILS, NAMES).filter(lambda one: bool(one.email or one.name))
ATTENDEES = st.lists(
    st.builds(Attendee, EMAILS, NAMES, st.sampled_from(ResponseStatus), st.booleans(), st.booleans()).filter(
        lambda one: bool(one.email or one.name)
    ),
    max_size=3,
    unique_by=lambda one: one.email or one.name,
).map(lambda found: tuple(sorted(found, key=lambda one: (one.email or "", one.name or ""))))
DETAILS = st.builds(
    Details,
    title=TEXTS,
    description=TEXTS,
    location=TEXTS,
    status=st.sampled_from([EventStatus.CONFIRMED, EventStatus.TENTATIVE]),
    organizer=st.none() | PEOPLE,
    attendees=ATTENDEES,
    links=CONFERENCES.map(_links),
    url=URLS,
    visibility=st.sampled_from(Visibility),
    is_busy=st.booleans(),
)
PLAIN_DETAILS = st.builds(Details, title=st.sampled_from(["series", "exception", "other"]))


@st.composite
def kinds(draw: st.DrawFn) -> EventTime:
    """A zone, or the whole day."""
    zone = draw(st.sampled_from([*ZONES, "Nowhere", None]))
    rules = canonical_text(observances(NOWHERE.splitlines())) if zone == "Nowhere" else None
    return EventTime(datetime(2026, 1, 1), datetime(2026, 1, 1), zone or "UTC", zone is None, zone_rules=rules)  # noqa: DTZ001 - a wall clock


@st.composite
def times(draw: st.DrawFn, like: EventTime, day: date, hours: st.SearchStrategy[int]) -> EventTime:
    """A time on `day`, of the kind of `like`."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock
    if like.all_day:
        return replace(like, start=midnight, end=midnight + draw(st.integers(1, 3)) * DAY)
    start = midnight + timedelta(hours=draw(hours), minutes=30)
    return replace(like, start=start, end=start + timedelta(minutes=15) * draw(st.integers(0, 40)))


# Clocks are set on the last Sundays of March and October in Berlin, the second of March and the first of November
# in New York, the first of April and of October on Lord Howe.
DAYS = st.sampled_from([date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 8)]) | st.dates(
    date(2025, 6, 1), date(2026, 12, 31)
)
ANY_HOUR, SAFE_HOURS = st.integers(0, 23), st.integers(5, 13)


@st.composite
def event_objects(
    draw: st.DrawFn,
    details: st.SearchStrategy[Details] = DETAILS,
    hours: st.SearchStrategy[int] = ANY_HOUR,
    uids: st.SearchStrategy[str] = st.uuids().map(str),
) -> Event:
    """Single events and series, with exceptions, holes, extra dates, or expanded by their provider."""
    like, uid = draw(kinds()), draw(uids)
    event = Event(uid, uid, draw(times(like, draw(DAYS), hours)), draw(details))
    form = draw(st.sampled_from(["single", "ruled", "ruled", "listed"]))
    if form == "single":
        return event
    days = st.lists(st.integers(1, 60), max_size=4, unique=True).map(sorted)
    starts = days.map(lambda found: tuple(event.time.start + day * DAY for day in found))
    event = replace(event, recurrence=draw(_recurrences(event, form, starts)))
    return replace(event, overrides=draw(_overrides(event, details, starts, hours)))


@st.composite
def _recurrences(
    draw: st.DrawFn, event: Event, form: str, starts: st.SearchStrategy[tuple[datetime, ...]]
) -> Recurrence:
    if form == "listed":
        span = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
        dates = draw(starts)
        return Recurrence(("FREQ=DAILY",), dates=dates or (event.time.start,), listed=span)
    last = event.time.start.date() + draw(st.integers(0, 90)) * DAY
    kind = draw(st.sampled_from(["", "", f";UNTIL={last:%Y%m%d}", f";UNTIL={last:%Y%m%d}T120000Z"]))
    rule = draw(st.sampled_from(RULES))
    days = () if event.time.all_day else tuple(start.date() for start in draw(starts))
    return Recurrence(
        (rule if "COUNT" in rule else rule + kind,), dates=draw(starts), exceptions=draw(starts), excluded_days=days
    )


@st.composite
def _overrides(
    draw: st.DrawFn,
    event: Event,
    details: st.SearchStrategy[Details],
    starts: st.SearchStrategy[tuple[datetime, ...]],
    hours: st.SearchStrategy[int],
) -> tuple[Override, ...]:
    return tuple(
        Override(
            original,
            draw(st.none() | times(event.time, original.date() + draw(st.integers(-2, 2)) * DAY, hours)),
            draw(details),
            this_and_future=draw(st.sampled_from([False, False, True])),
        )
        for original in draw(starts)
    )
