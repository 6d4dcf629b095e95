"""Which occurrences are one real meeting, seen through several calendars.

Two are copies of the same meeting if they have a *mark* in common, and copies of copies are copies too. The marks:

- The iCalendar UID, with the instant at which the series has the occurrence, before it was moved: all calendars that
  an invitation went to have both. So a copy that was moved, declined or called off in one of them is still a copy.
  Zoom gives its own events no UID but a number, which is a mark among Zoom's events alone.
- The meeting that its link leads to, with the start. So Zoom's own event is found with the invitations to it, and
  somebody's own entry with the link in it. A personal room is one meeting at a time: the next starts later. What was
  called off has no such mark, for its room may be used by another.

All of it is about values, so it serves one user's calendars and those of an organisation alike.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from calendar_sync.domain.events import MeetingLink
from calendar_sync.domain.identifiers import MeetingId, OccurrenceId
from calendar_sync.domain.link_wrappers import parse_address
from calendar_sync.domain.meeting_links import meeting_key
from calendar_sync.domain.meeting_platforms import OTHER_PLATFORM
from calendar_sync.domain.occurrences import Occurrence
from calendar_sync.domain.providers import ProviderName

Mark = tuple[str, str, datetime | None]
"""What it is a mark by (`uid`, `zoom`, `link`), the name there, and the instant."""

_WITHOUT_UID: Final = {ProviderName.ZOOM: "zoom"}


@dataclass(frozen=True, slots=True)
class Sighting:
    """What of an occurrence says which meeting it is.

    `original_start` is the instant at which its series has it (of an all-day series, midnight UTC of the day), `None`
    for what is in no series. `link` is the one to join by.
    """

    id: OccurrenceId
    provider: ProviderName
    uid: str
    original_start: datetime | None
    starts_at: datetime
    link: MeetingLink | None
    is_cancelled: bool

    def marks(self) -> Iterator[Mark]:
        yield _WITHOUT_UID.get(self.provider, "uid"), self.uid, self.original_start
        if self.link is not None and not self.is_cancelled:
            yield "link", link_identity(self.link), self.starts_at


@dataclass(frozen=True, slots=True)
class Meeting:
    """The copies of one meeting: those that take place first, then by start and identifier. There is one at least."""

    id: MeetingId
    copies: tuple[Occurrence, ...]


def alone(occurrence: Occurrence) -> Meeting:
    """The meeting of an occurrence that has no other copy."""
    return Meeting(meeting_id([occurrence.id]), (occurrence,))


def link_identity(link: MeetingLink) -> str:
    """What is the same in all links into the same room: no passcode, no upper case, no host that is another's alias.

    Of a platform that is not known any part may tell rooms apart: it is the address as it stands.
    """
    address = parse_address(link.url)
    if address is None or link.platform == OTHER_PLATFORM:
        return link.url
    return meeting_key(link) or f"{link.platform}:{address.hostname}{address.path.rstrip('/').lower()}"


def same_meetings(sightings: Iterable[Sighting]) -> Sequence[Sequence[Sighting]]:
    """The sightings by meeting, each once: what is connected by marks in common, over however many others."""
    groups: dict[Mark, list[Sighting]] = {}
    for sighting in {sighting.id: sighting for sighting in sightings}.values():
        marks = list(sighting.marks())
        joined = {id(group): group for mark in marks if (group := groups.get(mark)) is not None}
        largest, *others = sorted(joined.values(), key=len, reverse=True) or [[]]
        for group in others:
            largest.extend(group)
            groups.update((mark, largest) for member in group for mark in member.marks())
        largest.append(sighting)
        groups.update((mark, largest) for mark in marks)
    return list({id(group): group for group in groups.values()}.values())


def meeting_id(copies: Iterable[OccurrenceId]) -> MeetingId:
    """The identifier of the meeting that these are all the copies of, whichever of them was asked for."""
    return MeetingId(f"mcmtg_{min(copies).removeprefix('mcevt_')}")


def copy_of(meeting: MeetingId) -> OccurrenceId:
    """A copy that the meeting had when it was given this identifier. The meeting is still that copy's."""
    return OccurrenceId(f"mcevt_{meeting.removeprefix('mcmtg_')}")
