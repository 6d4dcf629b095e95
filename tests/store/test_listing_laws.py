"""Any list, of any events, is what looking at each of them finds: in order, page by page, each once; and so counted."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.events import (
    Attendee,
    AutoJoinStatus,
    Details,
    Event,
    EventStatus,
    EventTime,
    Instance,
    MeetingLink,
    Override,
    Person,
    Recurrence,
    ResponseStatus,
)
from calendar_sync.domain.folding import folded
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, EventId, event_id
from calendar_sync.domain.occurrences import Days, Occurrence, OccurrenceFilter
from calendar_sync.domain.providers import ProviderName, Removal
from calendar_sync.recurrence import expand
from calendar_sync.store import narrowing
from calendar_sync.store.database import Database
from tests.builders import WINDOW, ZONE, a_calendar, a_connection, an_event, wall
from tests.store.conftest import Place, a_place

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGIN = wall("2026-03-27T00:00")
"""Two days before the clocks of Europe are put forward."""
LENGTHS = [timedelta(), HOUR, DAY, 1.5 * DAY, 2 * DAY, 2 * DAY + HOUR, 3 * DAY, 5 * DAY, 20 * DAY]
ZONES = [ZONE, "UTC", "America/Havana", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
PEOPLE = ["ada@example.com", "bob@example.com", "eve@example.com"]
TEXTS = ["Review", "Straße", "ROOM 1", "Ada"]
PLATFORMS = ["zoom", "teams"]

moments = st.integers(0, 24 * 8).map(lambda hours: BEGIN + hours * HOUR / 2)
instants = moments.map(lambda moment: moment.replace(tzinfo=UTC))
days = st.integers(0, 5).map(lambda number: (BEGIN + number * DAY).date())
people = st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True).map(sorted)


@st.composite
def times(draw: st.DrawFn, *, all_day: bool, zone: str) -> EventTime:
    if all_day:
        start = datetime.combine(draw(days), datetime.min.time())
        return EventTime(start, start + draw(st.integers(1, 6)) * DAY, zone, all_day=True)
    start = draw(moments)
    return EventTime(start, start + draw(st.sampled_from(LENGTHS)), zone)


@st.composite
def details(draw: st.DrawFn) -> Details:
    own = st.builds(lambda answer: Attendee("me@example.com", response=answer, is_self=True), st.sampled_from(ANSWERS))
    others = [Attendee(email) for email in draw(people)]
    return Details(
        title=draw(st.sampled_from([None, *TEXTS])),
        location=draw(st.sampled_from([None, "Room 1", "Ada street"])),
        status=draw(st.sampled_from(EventStatus)),
        organizer=draw(st.none() | st.builds(Person, st.sampled_from(PEOPLE), st.sampled_from([None, "Ada"]))),
        attendees=(*others, *draw(st.lists(own, max_size=1))),
        links=tuple(MeetingLink(f"https://{name}.example/1", name) for name in draw(links)),
    )


ANSWERS = list(ResponseStatus)
links = st.lists(st.sampled_from(PLATFORMS), max_size=1)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Its name is given to it later."""
    all_day, zone = draw(st.booleans()), draw(st.sampled_from(ZONES))
    time, said = draw(times(all_day=all_day, zone=zone)), draw(details())
    uid = draw(st.sampled_from(["one", "two", "three"]))
    if draw(st.booleans()):
        return Event("", uid, time, said)
    moved = Override(time.start + DAY, draw(times(all_day=all_day, zone=zone)), draw(details()))
    rule = f"FREQ=DAILY;COUNT={draw(st.integers(1, 4))}"
    return Event("", uid, time, said, Recurrence(rules=(rule,)), (moved,) if draw(st.booleans()) else ())


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "starts_after": instants,
    "starts_before": instants,
    "overlaps_after": instants,
    "overlaps_before": instants,
    "days": st.builds(
        lambda pair, zone: Days(min(pair), max(pair), zone), st.tuples(days, days), st.sampled_from(ZONES)
    ),
    "provider": st.sampled_from([ProviderName.CALDAV, ProviderName.ICS]),
    "calendar_ids": st.lists(st.integers(0, 3), max_size=3, unique=True),
    "connection_ids": st.lists(st.integers(0, 2), max_size=2, unique=True),
    "statuses": st.lists(st.sampled_from(EventStatus), max_size=2, unique=True),
    "auto_join_status": st.sampled_from([AutoJoinStatus.PENDING, AutoJoinStatus.DISABLED]),
    "has_meeting_link": st.booleans(),
    "meeting_platform": st.sampled_from(PLATFORMS),
    "is_all_day": st.booleans(),
    "is_recurring": st.booleans(),
    "responses": st.lists(st.sampled_from(ANSWERS), max_size=3, unique=True),
    "organizer_email": st.sampled_from([*PEOPLE, "ADA@example.com"]),
    "attendee_email": st.sampled_from([*PEOPLE, "ADA@example.com", "me@example.com"]),
    "series_ids": st.lists(st.integers(0, 6), max_size=3, unique=True),
    "uid": st.sampled_from(["one", "two", "none"]),
    "text": st.sampled_from(["review", "STRASSE", "room 1", "ada", "e"]),
}
some_fields = st.lists(st.sampled_from(list(FIELDS)), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FIELDS[name] for name in names})
)
one_of_time = st.sampled_from(["days", "overlaps_after"]).flatmap(
    lambda name: st.fixed_dictionaries({name: FIELDS[name]})
)
filters = some_fields | one_of_time


@dataclass(frozen=True)
class Known:
    """An occurrence as it is stored, and what it was stored of."""

    stored: Occurrence
    event: Event
    instance: Instance


def meets(known: Known, wanted: OccurrenceFilter) -> bool:
    """What each part of a filter means, said again."""
    stored, instance, said = known.stored, known.instance, known.instance.details
    mine = next((attendee.response for attendee in said.attendees if attendee.is_self), None)
    texts = (said.title, said.location, said.organizer.name if said.organizer else None)
    start, end = instance.starts_at, instance.ends_at
    checks: dict[str, Callable[[Any], bool]] = {
        "starts_after": lambda value: start >= value,
        "starts_before": lambda value: start < value,
        "overlaps_after": lambda value: end > value or start >= value,
        "overlaps_before": lambda value: start < value,
        "days": lambda value: is_on(instance, value),
        "provider": lambda value: stored.provider == value,
        "calendar_ids": lambda value: stored.calendar_id in value,
        "connection_ids": lambda value: stored.connection_id in value,
        "statuses": lambda value: said.status in value,
        "auto_join_status": lambda value: stored.auto_join_status == value,
        "has_meeting_link": lambda value: bool(said.links) == value,
        "meeting_platform": lambda value: any(link.platform == value for link in said.links[:1]),
        "is_all_day": lambda value: instance.time.all_day == value,
        "is_recurring": lambda value: (known.event.recurrence is not None) == value,
        "responses": lambda value: mine in value,
        "organizer_email": lambda value: said.organizer is not None and said.organizer.email == value.lower(),
        "attendee_email": lambda value: value.lower() in {attendee.email for attendee in said.attendees},
        "series_ids": lambda value: stored.series_id in value,
        "uid": lambda value: known.event.uid == value,
        "text": lambda value: any(folded(value) in folded(text) for text in texts if text),
    }
    given = {name: getattr(wanted, name) for name in checks}
    return all(checks[name](value) for name, value in given.items() if value is not None)


def is_on(instance: Instance, wanted: Days) -> bool:
    """Whether at some quarter of an hour of it, clocks in the zone show one of these days."""
    if instance.time.all_day:
        return instance.time.start.date() <= wanted.last and instance.time.end.date() > wanted.first
    zone = ZoneInfo(wanted.zone)
    shown = (moment.astimezone(zone).date() for moment in quarters(instance))
    return any(wanted.first <= day <= wanted.last for day in shown)


def quarters(instance: Instance) -> Iterator[datetime]:
    moment = instance.starts_at
    yield moment
    while (moment := moment + HOUR / 4) < instance.ends_at:
        yield moment


@dataclass(frozen=True)
class Shelf:
    """A user with two accounts, three calendars between them, and what is in these."""

    place: Place
    places: Sequence[Place]
    known: Sequence[Known]

    def filter(self, chosen: dict[str, Any]) -> OccurrenceFilter:
        """With numbers for what has an identifier; one number more is for one that is not there."""
        calendars = [*(place.calendar.id for place in self.places), CalendarId("cal_none")]
        connections = [*dict.fromkeys(place.connection.id for place in self.places), ConnectionId("tcred_none")]
        series = [*dict.fromkeys(known.stored.series_id for known in self.known)] or [EventId("evt_none")]
        named: dict[str, Sequence[str]] = {
            "calendar_ids": calendars,
            "connection_ids": connections,
            "series_ids": series,
        }
        fields: dict[str, Any] = {
            name: [named[name][number % len(named[name])] for number in value] if name in named else value
            for name, value in chosen.items()
        }
        return OccurrenceFilter(**fields)


numbers = count()


async def a_shelf(database: Database, wanted: Sequence[Event], decided: int) -> Shelf:
    place = await a_place(database, f"someone-{next(numbers)}@example.com")
    other = await a_connection(database, place.actor, identity="other", provider=ProviderName.ICS)
    beside = replace(place, calendar=await a_calendar(database, place.connection, "beside"))
    places = [place, beside, Place(database, place.actor, other, await a_calendar(database, other))]
    named = [replace(event, remote_id=f"e{number}") for number, event in enumerate(wanted)]
    for number, where in enumerate(places):
        await where.apply(*named[number :: len(places)])
    for stored in (await place.occurrences())[:decided]:
        async with database.begin() as tx:
            await tx.events.set_auto_join(place.actor, stored.id, AutoJoinStatus.DISABLED)
    made = {
        (event_id(where.calendar.id, event.remote_id), instance.original_start): (event, instance)
        for number, where in enumerate(places)
        for event in named[number :: len(places)]
        for instance in expand(event, WINDOW).instances
    }
    occurrences = await place.occurrences()
    assert len(occurrences) == len(made)
    known = [Known(stored, *made[stored.series_id, stored.original_start]) for stored in occurrences]
    return Shelf(place, places, known)


async def walked(place: Place, wanted: OccurrenceFilter, size: int, *, descending: bool) -> list[Occurrence]:
    seen: list[Occurrence] = []
    while True:
        after = (seen[-1].starts_at, seen[-1].id) if seen else None
        async with place.database.begin(write=False, actor=place.actor) as tx:
            page = await tx.events.page(place.actor, wanted, after=after, limit=size, descending=descending)
        seen += page.items
        if not page.has_more:
            return seen
        assert len(page.items) == size


async def counted(place: Place, wanted: OccurrenceFilter) -> int | None:
    async with place.database.begin(write=False, actor=place.actor) as tx:
        return (await tx.events.page(place.actor, wanted, limit=1, count=True)).total


async def check(database: Database, wanted: Sequence[Event], decided: int, asked: Sequence[dict[str, Any]]) -> None:
    shelf = await a_shelf(database, wanted, decided)
    for number, chosen in enumerate(asked):
        given, descending = shelf.filter(chosen), bool(number % 2)
        expected = sorted(
            (known.stored for known in shelf.known if meets(known, given)),
            key=lambda each: (each.starts_at, each.id),
            reverse=descending,
        )
        assert await walked(shelf.place, given, 1 + number % 4, descending=descending) == expected, given
        assert await counted(shelf.place, given) == len(expected), given


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Database]:
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()


LAW = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
stores = {
    "wanted": st.lists(events(), min_size=1, max_size=9),
    "decided": st.integers(0, 2),
    "asked": st.lists(filters, min_size=1, max_size=8),
}


@given(bounds=st.sampled_from([(2_000, 8), (1, 1)]), **stores)
@settings(LAW, max_examples=30)
async def test_any_list_is_what_looking_at_each_finds(
    sqlite_url: str,
    bounds: tuple[int, int],
    wanted: Sequence[Event],
    decided: int,
    asked: Sequence[dict[str, Any]],
) -> None:
    async with opened(sqlite_url) as database:
        with pytest.MonkeyPatch.context() as patch:
            for name, bound in zip(("_FEW", "_MOST_BRANCHES"), bounds, strict=True):
                patch.setattr(narrowing, name, bound)  # so that few are enough to be many
            await check(database, wanted, decided, asked)


@given(**stores)
@settings(LAW, max_examples=6)
async def test_any_list_on_postgresql(
    postgresql_url: str, wanted: Sequence[Event], decided: int, asked: Sequence[dict[str, Any]]
) -> None:
    async with opened(postgresql_url) as database:
        await check(database, wanted, decided, asked)


@given(size=st.integers(1, 3), moves=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=8))
@settings(LAW, max_examples=10)
async def test_whatever_comes_and_goes_between_pages_what_stays_is_seen_once(
    sqlite_url: str, size: int, moves: Sequence[tuple[int, int]]
) -> None:
    database = await Database.open(sqlite_url)
    place = await a_place(database, f"someone-{next(numbers)}@example.com")
    staying = [an_event(f"stays {number}", start=BEGIN + 4 * number * HOUR, title="Stays") for number in range(8)]
    passing = [an_event(f"passes {number}", start=BEGIN + 4 * number * HOUR, title="Passes") for number in range(8)]
    await place.apply(*staying, *passing)
    waiting, seen = list(moves), list[Occurrence]()
    while True:
        after = (seen[-1].starts_at, seen[-1].id) if seen else None
        async with database.begin(write=False) as tx:
            page = await tx.events.page(place.actor, OccurrenceFilter(), after=after, limit=size)
        seen += page.items
        if not page.has_more:
            break
        if waiting:
            number, hour = waiting.pop()
            name = f"passes {number}"
            await place.apply(Removal(name) if hour > 30 else an_event(name, start=BEGIN + hour * HOUR, title="Passes"))
    stayed = [each for each in seen if each.title == "Stays"]
    assert [each.starts_at for each in stayed] == sorted(each.starts_at for each in stayed)
    assert len(stayed) == len({each.id for each in stayed}) == len(staying)
    assert [(each.starts_at, each.id) for each in seen] == sorted({(each.starts_at, each.id) for each in seen})
    await database.close()


HOURS = [
    ("2026-03-29", ZONE, 23),
    ("2026-10-25", ZONE, 25),
    ("2026-03-09", ZONE, 24),
    ("2026-04-05", "Australia/Lord_Howe", 24.5),
    ("2026-03-08", "America/Havana", 23),
    ("2011-12-30", "Pacific/Apia", 0),
]


@pytest.mark.parametrize(("day", "zone", "hours"), HOURS)
async def test_a_day_has_the_hours_that_its_clocks_give_it(place: Place, day: str, zone: str, hours: float) -> None:
    around = datetime.combine(date.fromisoformat(day), datetime.min.time()) - 2 * DAY
    halves = [EventTime(around + number * HOUR / 2, around + (number + 1) * HOUR / 2, "UTC") for number in range(240)]
    await place.apply(*(an_event(str(number), time=time) for number, time in enumerate(halves)))
    wanted = Days(date.fromisoformat(day), date.fromisoformat(day), zone)
    assert len(await place.occurrences(OccurrenceFilter(days=wanted))) == 2 * hours
