"""Events, accounts and calendars for tests: each with defaults, so that a test says only what it is about."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Calendar, Connection
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
    Visibility,
    Window,
)
from calendar_sync.domain.identifiers import connection_id
from calendar_sync.domain.providers import ProviderName, RemoteCalendar
from calendar_sync.store.database import Database

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday, four weeks before the clocks of Europe are put forward."""
WINDOW = Window(NOW - timedelta(days=30), NOW + timedelta(days=365))
ZONE = "Europe/Berlin"


def wall(text: str) -> datetime:
    """A time on the wall clock, as `2026-03-09T09:00`, or midnight for a bare date."""
    return datetime.fromisoformat(text)


START = wall("2026-03-09T09:00")


class OtherDetails(TypedDict, total=False):
    """The fields of `Details` but for the title."""

    description: str | None
    location: str | None
    status: EventStatus
    organizer: Person | None
    attendees: tuple[Attendee, ...]
    links: tuple[MeetingLink, ...]
    url: str | None
    visibility: Visibility
    is_busy: bool


def a_time(
    start: datetime = START, *, lasts: timedelta = timedelta(hours=1), zone: str = ZONE, fold: int = 0
) -> EventTime:
    return EventTime(start, start + lasts, zone, fold=fold)


def an_all_day_time(day: str = "2026-03-09", *, days: int = 1, zone: str = ZONE) -> EventTime:
    return EventTime(wall(day), wall(day) + timedelta(days=days), zone, all_day=True)


def an_event(
    remote_id: str = "e1",
    *,
    time: EventTime | None = None,
    start: datetime = START,
    title: str | None = "Stand-up",
    uid: str | None = None,
    **details: Unpack[OtherDetails],
) -> Event:
    """A single event; further keywords are fields of its `Details`."""
    return Event(remote_id, uid or f"{remote_id}@example.com", time or a_time(start), Details(title=title, **details))


def a_series(
    remote_id: str = "s1",
    *,
    rule: str = "FREQ=WEEKLY",
    exceptions: Iterable[datetime] = (),
    overrides: Iterable[Override] = (),
    time: EventTime | None = None,
    start: datetime = START,
    title: str | None = "Stand-up",
    uid: str | None = None,
    **details: Unpack[OtherDetails],
) -> Event:
    """A series, by default weekly and endless; further keywords are fields of its `Details`."""
    return Event(
        remote_id,
        uid or f"{remote_id}@example.com",
        time or a_time(start),
        Details(title=title, **details),
        Recurrence(rules=(rule,), exceptions=tuple(exceptions)),
        tuple(overrides),
    )


def an_override(original_start: datetime, *, start: datetime | None = None, title: str | None = "Stand-up") -> Override:
    """An instance that was moved to `start` (or just renamed)."""
    return Override(original_start, a_time(start or original_start), Details(title=title))


def a_hole(original_start: datetime) -> Override:
    """An instance that was cancelled."""
    return Override(original_start, None, Details())


async def an_actor(
    database: Database, email: str | None = "someone@example.com", *, organization: str = "Acme", is_admin: bool = False
) -> Actor:
    """A new user, in a new organisation unless there is one of that name."""
    async with database.begin() as tx:
        home = await tx.accounts.organization_by_name(organization)
        home = home or await tx.accounts.create_organization(organization, now=NOW)
        user = await tx.accounts.create_user(home, email, is_admin=is_admin, now=NOW)
    return Actor(user.id, user.organization_id, user.is_admin)


async def a_connection(
    database: Database,
    actor: Actor,
    *,
    provider: ProviderName = ProviderName.CALDAV,
    identity: str = "someone",
    email: str | None = "someone@example.com",
) -> Connection:
    async with database.begin() as tx:
        return await tx.connections.save(
            id=connection_id(actor.user_id, provider, identity),
            actor=actor,
            provider=provider,
            identity=identity,
            email=email,
            ciphertext="not a secret",
            now=NOW,
        )


async def a_calendar(database: Database, connection: Connection, remote_id: str = "main") -> Calendar:
    """A calendar beside those that the connection has already."""
    async with database.begin() as tx:
        known = [calendar.remote for calendar in await tx.calendars.of_connection(connection.id)]
        listed = await tx.calendars.reconcile(connection, [*known, RemoteCalendar(remote_id, name=remote_id)], NOW)
    return next(calendar for calendar in listed if calendar.remote.remote_id == remote_id)
