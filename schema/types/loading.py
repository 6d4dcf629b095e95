"""What the types ask of the request they are answered in: things looked up for a whole list at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import strawberry
from strawberry.dataloader import DataLoader

from calendar_sync.domain.identifiers import CalendarId, ConnectionId, OccurrenceId
from calendar_sync.domain.occurrences import OccurrenceContent

if TYPE_CHECKING:
    from schema.types.calendar import Calendar
    from schema.types.connection import ConnectedAccount
    from schema.types.decision import AutoJoinDecision
    from schema.types.schedule import SyncSchedule


@dataclass(frozen=True, slots=True)
class Loaders:
    """Each collects what the fields of one request ask for and looks it up in one query. `None`: it is not there."""

    contents: DataLoader[OccurrenceId, OccurrenceContent | None]
    calendars: "DataLoader[CalendarId, Calendar | None]"
    calendars_of: "DataLoader[ConnectionId, Sequence[Calendar]]"
    connections: "DataLoader[ConnectionId, ConnectedAccount | None]"
    decisions: "DataLoader[OccurrenceId, AutoJoinDecision | None]"
    schedules: "DataLoader[ConnectionId, SyncSchedule | None]"


class Loading(Protocol):
    @property
    def loaders(self) -> Loaders: ...


Info = strawberry.Info[Loading, None]
