"""A store of many events, written in bulk: one user with most of them, others beside, over five years."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.events import (
    Attendee,
    Details,
    Event,
    EventStatus,
    EventTime,
    Instance,
    MeetingLink,
    Person,
    Recurrence,
    ResponseStatus,
)
from calendar_sync.domain.identifiers import RunId, connection_id, event_id, occurrence_id
from calendar_sync.domain.providers import ProviderName, RemoteCalendar
from calendar_sync.store import attendee_lists
from calendar_sync.store.bulk import RowValues, insert_rows
from calendar_sync.store.database import Database
from calendar_sync.store.occurrence_rows import new_row
from calendar_sync.store.payload import encode
from calendar_sync.store.tables import events, occurrences

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPAN = timedelta(days=5 * 365)
SELDOM = "seldom@example.com"
"""Who attends and calls for hardly anything."""

_FIRST = NOW - SPAN * 4 / 5
_BATCH = 20_000
_OTHERS = 20
_BIG = 0.8  # of all, the one user's
_ACCOUNTS = (ProviderName.GOOGLE_CALENDAR, ProviderName.OUTLOOK_CALENDAR, ProviderName.ZOOM, ProviderName.ICS)
_PLATFORMS = ("zoom",) * 40 + ("google_meet",) * 30 + ("teams",) * 29 + ("webex",)
_TOPICS = ("Review", "Planning", "Stand-up", "Interview", "Retrospective", "Lunch", "Call with", "Demo of", "Budget")


@dataclass(frozen=True, slots=True)
class Owner:
    actor: Actor
    calendars: Sequence[Calendar]
    """The last one holds next to nothing."""


async def fill(database: Database, number: int) -> Owner:
    """Store so many occurrences; the user who has most of them."""
    async with database.begin() as tx:
        if tx.connection.dialect.name == "sqlite":  # room for all indexes: writing is not what is measured
            await tx.connection.exec_driver_sql("PRAGMA cache_size = -500000")
    chance = random.Random(1)
    big = await _owner(database, "big@example.com", calendars=3)
    others = [await _owner(database, f"user{number}@example.com", calendars=1) for number in range(_OTHERS)]
    written, serial = 0, 0
    while written < number:
        owner = big if chance.random() < _BIG else chance.choice(others)
        event_rows: list[RowValues] = []
        rows: list[RowValues] = []
        while len(rows) < min(_BATCH, number - written):
            calendar = owner.calendars[-1] if chance.random() < 1e-4 else chance.choice(owner.calendars[:-1])
            event_rows.append(_event(chance, calendar, serial, rows))
            serial += 1
        async with database.begin() as tx:
            await insert_rows(tx.connection, events, event_rows)
            await insert_rows(tx.connection, occurrences, rows)
            await attendee_lists.keep(tx.connection, owner.actor.user_id, rows)
        written += len(rows)
    return big


async def _owner(database: Database, email: str, *, calendars: int) -> Owner:
    """With accounts at all providers, so many calendars in each, and one more in the last."""
    async with database.begin() as tx:
        organization = await tx.accounts.create_organization(email, now=NOW)
        user = await tx.accounts.create_user(organization, email, is_admin=False, now=NOW)
    actor = Actor(user.id, user.organization_id)
    found: list[Calendar] = []
    for provider in _ACCOUNTS:
        names = range(calendars + (provider is _ACCOUNTS[-1]))
        async with database.begin() as tx:
            connection = await tx.connections.save(
                id=connection_id(user.id, provider, email),
                actor=actor,
                provider=provider,
                identity=email,
                email=email,
                ciphertext="none",
                now=NOW,
            )
            listed = [RemoteCalendar(str(name), name=str(name)) for name in names]
            found += sorted(await tx.calendars.reconcile(connection, listed, NOW), key=lambda each: str(each.remote))
    return Owner(actor, found)


def _event(chance: random.Random, calendar: Calendar, serial: int, rows: list[RowValues]) -> RowValues:
    """Its row; those of its occurrences are added to `rows`."""
    recurrence = Recurrence(rules=("FREQ=WEEKLY",)) if chance.random() < 0.04 else None
    details = _details(chance, serial)
    starts_at = _FIRST + timedelta(minutes=15 * chance.randrange(SPAN // timedelta(minutes=15)))
    lasts, all_day = _length(chance)
    if all_day:
        starts_at = starts_at.replace(hour=0, minute=0)
    event = Event(f"{serial}", f"{serial}@bench.example", _time(starts_at, lasts, all_day), details, recurrence)
    id = event_id(calendar.id, event.remote_id)
    rows.extend(
        new_row(calendar, id, event, instance, occurrence_id(id, instance.original_start), NOW)
        for instance in _instances(event, starts_at, lasts, chance.randrange(10, 60))
    )
    return {
        "id": id,
        "calendar_id": calendar.id,
        "connection_id": calendar.connection_id,
        "user_id": calendar.user_id,
        "organization_id": calendar.organization_id,
        "remote_id": event.remote_id,
        "uid": event.uid,
        "content_hash": id,
        "payload": encode(event).payload,
        "is_recurring": event.is_recurring,
        "is_truncated": False,
        "ends_at": None if event.is_recurring else starts_at + lasts,
        "run_id": RunId("run_bench"),
        "created_at": NOW,
        "updated_at": NOW,
    }


def _instances(event: Event, starts_at: datetime, lasts: timedelta, weeks: int) -> Iterator[Instance]:
    for week in range(weeks if event.is_recurring else 1):
        start = starts_at + timedelta(weeks=week)
        original = f"{start:%Y-%m-%dT%H:%M:%S}" if event.is_recurring else ""
        yield Instance(original, start, start + lasts, _time(start, lasts, event.time.all_day), event.details)


def _time(starts_at: datetime, lasts: timedelta, all_day: bool) -> EventTime:
    wall = starts_at.replace(tzinfo=None)
    return EventTime(wall, wall + lasts, "UTC", all_day)


def _length(chance: random.Random) -> tuple[timedelta, bool]:
    drawn = chance.random()
    if drawn < 0.05:
        return timedelta(days=1 if drawn < 0.04 else chance.randrange(2, 15)), True
    return timedelta(minutes=15 * chance.randrange(1, 9)), False


def _details(chance: random.Random, serial: int) -> Details:
    people = [f"person{int(chance.paretovariate(0.7)) % 3000}@example.com" for _ in range(chance.randrange(1, 7))]
    is_seldom = serial % 5000 == 7
    organizer = SELDOM if is_seldom else chance.choice(people)
    own = Attendee("owner@example.com", response=_response(chance), is_self=True)
    platform = chance.choice(_PLATFORMS)
    return Details(
        title=f"{chance.choice(_TOPICS)} {'zebra ' if is_seldom else ''}project {serial % 5000}",
        location=f"Room {chance.randrange(200)}",
        status=EventStatus.CONFIRMED if chance.random() < 0.97 else EventStatus.TENTATIVE,
        organizer=Person(organizer, organizer.partition("@")[0]),
        attendees=(own, *(Attendee(email) for email in sorted({organizer, *people}))),
        links=(MeetingLink(f"https://{platform}.example/{serial}", platform),) if chance.random() < 0.4 else (),
    )


def _response(chance: random.Random) -> ResponseStatus:
    drawn = chance.random()
    if drawn < 0.9:
        return ResponseStatus.ACCEPTED
    return ResponseStatus.NEEDS_ACTION if drawn < 0.97 else ResponseStatus.DECLINED
