"""The use case of seeing one meeting through all calendars that have it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.events import MeetingLink
from calendar_sync.domain.identifiers import MeetingId, OccurrenceId
from calendar_sync.domain.meetings import Meeting, copy_of, link_identity
from calendar_sync.domain.occurrences import Occurrence
from calendar_sync.store.database import Database


@dataclass(frozen=True, slots=True)
class MeetingService:
    """Every answer is limited to what the actor's own connections hold."""

    database: Database

    async def of(self, actor: Actor, occurrences: Collection[OccurrenceId]) -> Mapping[OccurrenceId, Meeting]:
        """The meeting of each occurrence; those that are not there are left out."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.meetings.of(actor, occurrences)

    async def get(self, actor: Actor, meeting: MeetingId) -> Meeting:
        """By an identifier that it has or had: it changes when a copy comes in or goes. Raises `NotFound`."""
        found = await self.of(actor, [copy_of(meeting)])
        if not found:
            raise NotFound("meeting")
        return next(iter(found.values()))


def differences(meeting: Meeting) -> tuple[str, ...]:
    """The names of the compared fields in which copies differ. What one of them leaves open is no difference."""
    return tuple(name for name, said in _COMPARED.items() if len({said(copy) for copy in meeting.copies} - {None}) > 1)


def _room(occurrence: Occurrence) -> str | None:
    link, platform = occurrence.meeting_link, occurrence.meeting_platform
    return link_identity(MeetingLink(link, platform)) if link and platform else None


_COMPARED: Final[Mapping[str, Callable[[Occurrence], object]]] = {
    "title": lambda copy: copy.title,
    "start": lambda copy: copy.starts_on or copy.starts_at,
    "end": lambda copy: copy.ends_on or copy.ends_at,
    "is_all_day": lambda copy: copy.all_day,
    "status": lambda copy: copy.status,
    "organizer_email": lambda copy: copy.organizer_email,
    "meeting_link": _room,
}
