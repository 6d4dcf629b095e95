"""What the types ask of the request they are answered in: things looked up for a whole list at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import strawberry
from strawberry.dataloader import DataLoader

from calendar_sync.domain.changes import ChangeContent
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, EventId, OccurrenceId, RunId, WebhookDeliveryId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceContent
from calendar_sync.domain.webhooks import WebhookAttempt

if TYPE_CHECKING:
    from schema.types.calendar import Calendar
    from schema.types.change import EventChangeConnection
    from schema.types.connection import ConnectedAccount
    from schema.types.decision import AutoJoinDecision
    from schema.types.event import Event
    from schema.types.meeting import Meeting
    from schema.types.schedule import SyncSchedule
    from schema.types.sync import SyncRun


class FirstOf(NamedTuple):
    """A page of something of an event object: the first so many, or those after a cursor."""

    event: EventId
    first: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Loaders:
    """Each collects what the fields of one request ask for and looks it up in one query. `None`: it is not there."""

    contents: DataLoader[OccurrenceId, OccurrenceContent | None]
    meetings: "DataLoader[Occurrence, Meeting]"
    calendars: "DataLoader[CalendarId, Calendar | None]"
    calendars_of: "DataLoader[ConnectionId, Sequence[Calendar]]"
    connections: "DataLoader[ConnectionId, ConnectedAccount | None]"
    decisions: "DataLoader[OccurrenceId, AutoJoinDecision | None]"
    schedules: "DataLoader[ConnectionId, SyncSchedule | None]"
    webhook_attempts: DataLoader[WebhookDeliveryId, Sequence[WebhookAttempt]]
    runs: "DataLoader[RunId, SyncRun | None]"
    changes: DataLoader[int, ChangeContent | None]
    histories: "DataLoader[FirstOf, EventChangeConnection]"
    occurrences_of: "DataLoader[FirstOf, Sequence[Event]]"


class Loading(Protocol):
    @property
    def loaders(self) -> Loaders: ...


Info = strawberry.Info[Loading, None]
