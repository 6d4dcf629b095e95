"""Instances as rows, and rows as the occurrences that are listed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row

from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.events import AutoJoinStatus, Details, Event, EventStatus, Instance
from calendar_sync.domain.folding import folded
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, EventId, OccurrenceId, UserId
from calendar_sync.domain.occurrences import Occurrence
from calendar_sync.domain.providers import ProviderName
from calendar_sync.recurrence.zones import Zones, to_instant
from calendar_sync.store.attendee_lists import addresses, list_id
from calendar_sync.store.tables import occurrences

_OURS = {"id", "created_at", "updated_at", "auto_join_status", "auto_join_override", "session_id"}
FROM_PROVIDER = tuple(column.name for column in occurrences.c if column.name not in _OURS)
"""The columns that say what the provider says. The others are the store's and the user's, and outlast a change."""

DERIVED = ("title_folded", "starts_on", "ends_on", "attendee_list", "is_busy", "response", "meeting_start")
"""Those that rows do not have that were stored by a version before them (`store.deriving`)."""

_APART = "\x1f"  # the unit separator, which nobody types


def new_row(
    calendar: Calendar, event_id: EventId, event: Event, instance: Instance, id: OccurrenceId, now: datetime
) -> dict[str, object]:
    """A complete row, as for an occurrence that nobody has decided anything about.

    `attendees` is no column: the addresses that `attendee_list` stands for, to be kept with it (`attendee_lists`).
    """
    details = instance.details
    link = details.links[0] if details.links else None
    return {
        "id": id,
        "event_id": event_id,
        "calendar_id": calendar.id,
        "connection_id": calendar.connection_id,
        "user_id": calendar.user_id,
        "provider": calendar.provider.value,
        "uid": event.uid,
        "original_start": instance.original_start,
        "title": details.title,
        "starts_at": instance.starts_at,
        "ends_at": instance.ends_at,
        "all_day": instance.time.all_day,
        "time_zone": instance.time.zone,
        "status": details.status.value,
        "organizer_email": details.organizer.email if details.organizer else None,
        "attendee_count": sum(not attendee.is_resource for attendee in details.attendees),
        "is_recurring": event.is_recurring,
        "meeting_link": link.url if link else None,
        "meeting_platform": link.platform if link else None,
        "auto_join_status": AutoJoinStatus.PENDING.value,
        "auto_join_override": None,
        "session_id": None,
        "created_at": now,
        "updated_at": now,
        **derived(calendar.user_id, event, instance),
    }


def derived(user: UserId, event: Event, instance: Instance) -> dict[str, object]:
    """The columns that rows of before do not have yet (`DERIVED`), and `attendees`."""
    details = instance.details
    attendees = addresses(details.attendees)
    days = instance.time if instance.time.all_day else None
    return {
        "title_folded": searched(details),
        "starts_on": days.start.date().isoformat() if days else None,
        "ends_on": days.end.date().isoformat() if days else None,
        "attendee_list": list_id(user, attendees),
        "attendees": attendees,
        "is_busy": details.is_busy,
        "response": next((attendee.response.value for attendee in details.attendees if attendee.is_self), None),
        "meeting_start": meeting_start(event, instance),
    }


def meeting_start(event: Event, instance: Instance) -> datetime | None:
    """The instant at which the series has the instance, before it was moved; `None` for what is in no series.

    Days are the same in all calendars, whatever their zones: a day's is midnight UTC. An exception without its series
    that does not say where it was is taken to be where it was.
    """
    own, text = event.time, instance.original_start
    if not text:
        if not event.is_orphan:
            return None
        return instance.time.start.replace(tzinfo=UTC) if instance.time.all_day else instance.starts_at
    original = datetime.fromisoformat(text.removesuffix("/1")).replace(fold=int(text.endswith("/1")))
    return original.replace(tzinfo=UTC) if own.all_day else to_instant(original, Zones().get(own.zone, own.zone_rules))


def says_the_same(row: Mapping[str, Any], other: Mapping[str, object]) -> bool:
    """Whether two rows differ in nothing that the provider says."""
    return all(row[name] == other[name] for name in FROM_PROVIDER)


def searched(details: Details) -> str | None:
    """What a search looks in: the title, the place and the organiser's name, apart from one another."""
    organizer = details.organizer.name if details.organizer else None
    texts = [text for text in (details.title, details.location, organizer) if text]
    return folded(_APART.join(texts)) if texts else None


def occurrence_of(row: Row[Any], last_synced_at: datetime | None) -> Occurrence:
    """`last_synced_at` is that of its calendar: as of then the occurrence was known to be as its provider has it."""
    return Occurrence(
        id=OccurrenceId(row.id),
        series_id=EventId(row.event_id),
        calendar_id=CalendarId(row.calendar_id),
        connection_id=ConnectionId(row.connection_id),
        user_id=UserId(row.user_id),
        provider=ProviderName(row.provider),
        uid=row.uid,
        original_start=row.original_start,
        title=row.title,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        all_day=row.all_day,
        time_zone=row.time_zone,
        status=EventStatus(row.status),
        organizer_email=row.organizer_email,
        attendee_count=row.attendee_count,
        is_recurring=row.is_recurring,
        meeting_link=row.meeting_link,
        meeting_platform=row.meeting_platform,
        auto_join_status=AutoJoinStatus(row.auto_join_status),
        session_id=row.session_id,
        synced_at=max(row.updated_at, last_synced_at or row.updated_at),
        created_at=row.created_at,
        starts_on=date.fromisoformat(row.starts_on) if row.starts_on else None,
        ends_on=date.fromisoformat(row.ends_on) if row.ends_on else None,
    )
