"""What every resolver has at hand: the use cases, who asks, and look-ups shared by one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import ChangeContent
from calendar_sync.domain.errors import NotAuthenticated
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, OccurrenceId, RunId, WebhookDeliveryId
from calendar_sync.domain.meetings import alone
from calendar_sync.domain.occurrences import Occurrence, OccurrenceContent
from calendar_sync.domain.webhooks import WebhookAttempt
from calendar_sync.events.meetings import differences
from calendar_sync.services import Services
from resolvers.histories import histories
from schema.types.calendar import Calendar
from schema.types.change import EventChangeConnection
from schema.types.connection import ConnectedAccount
from schema.types.decision import AutoJoinDecision
from schema.types.event import Event
from schema.types.loading import FirstOf, Loaders
from schema.types.meeting import Meeting
from schema.types.schedule import SyncSchedule
from schema.types.sync import SyncRun

_LARGEST_BATCH = 1000


@dataclass(frozen=True)
class Context:
    """Of one request. `caller` is `None` where it came without credentials: only the schema itself is told then."""

    services: Services
    caller: Actor | None
    trace_id: str

    @property
    def actor(self) -> Actor:
        """Raises `NotAuthenticated`."""
        if self.caller is None:
            raise NotAuthenticated("Authentication is required to access this resource.")
        return self.caller

    @cached_property
    def loaders(self) -> Loaders:
        look_up = _LookUp(self.services, self.actor)
        return Loaders(
            contents=DataLoader(look_up.contents, max_batch_size=_LARGEST_BATCH),
            meetings=DataLoader(look_up.meetings, max_batch_size=_LARGEST_BATCH),
            calendars=DataLoader(look_up.calendars),
            calendars_of=DataLoader(look_up.calendars_of),
            connections=DataLoader(look_up.connections),
            decisions=DataLoader(look_up.decisions, max_batch_size=_LARGEST_BATCH),
            schedules=DataLoader(look_up.schedules),
            webhook_attempts=DataLoader(look_up.webhook_attempts),
            runs=DataLoader(look_up.runs),
            changes=DataLoader(look_up.changes, max_batch_size=_LARGEST_BATCH),
            histories=DataLoader(look_up.histories),
            occurrences_of=DataLoader(look_up.occurrences_of, max_batch_size=_LARGEST_BATCH),
        )


@dataclass(frozen=True, slots=True)
class _LookUp:
    """Answers many keys with one query each; whatever is not the actor's is not there."""

    services: Services
    actor: Actor

    async def contents(self, keys: list[OccurrenceId]) -> Sequence[OccurrenceContent | None]:
        found = await self.services.events.contents(self.actor, keys)
        return [found.get(key) for key in keys]

    async def meetings(self, keys: list[Occurrence]) -> Sequence[Meeting]:
        """One that went while it was looked at is alone in its meeting."""
        found = await self.services.meetings.of(self.actor, [key.id for key in keys])
        meetings = [found.get(key.id) or alone(key) for key in keys]
        return [Meeting.of(meeting, differences(meeting)) for meeting in meetings]

    async def calendars(self, keys: list[CalendarId]) -> Sequence[Calendar | None]:
        found = {calendar.id: calendar for calendar in await self.services.connections.calendars(self.actor)}
        return [Calendar.of(found[key]) if key in found else None for key in keys]

    async def calendars_of(self, keys: list[ConnectionId]) -> Sequence[Sequence[Calendar]]:
        found = await self.services.connections.calendars_of(self.actor, keys)
        return [[Calendar.of(calendar) for calendar in found.get(key, ())] for key in keys]

    async def connections(self, keys: list[ConnectionId]) -> Sequence[ConnectedAccount | None]:
        found = {seen.connection.id: seen for seen in await self.services.connections.list(self.actor)}
        return [
            ConnectedAccount.of(found[key].connection, found[key].event_count) if key in found else None for key in keys
        ]

    async def decisions(self, keys: list[OccurrenceId]) -> Sequence[AutoJoinDecision | None]:
        found = await self.services.decisions.decisions(self.actor, keys)
        return [AutoJoinDecision.of(found[key]) if key in found else None for key in keys]

    async def schedules(self, keys: list[ConnectionId]) -> Sequence[SyncSchedule | None]:
        found = await self.services.schedules.schedules(self.actor, keys)
        return [SyncSchedule.of(found[key]) if key in found else None for key in keys]

    async def webhook_attempts(self, keys: list[WebhookDeliveryId]) -> Sequence[Sequence[WebhookAttempt]]:
        found = await self.services.webhooks.attempts(self.actor, keys)
        return [found.get(key, ()) for key in keys]

    async def runs(self, keys: list[RunId]) -> Sequence[SyncRun | None]:
        found = await self.services.sync.runs_by_ids(self.actor, keys)
        return [SyncRun.of(found[key]) if key in found else None for key in keys]

    async def changes(self, keys: list[int]) -> Sequence[ChangeContent | None]:
        found = await self.services.feed.contents(self.actor, keys)
        return [found.get(key) for key in keys]

    async def histories(self, keys: list[FirstOf]) -> Sequence[EventChangeConnection | GraphQLError]:
        return await histories(self.services.feed, self.actor, keys)

    async def occurrences_of(self, keys: list[FirstOf]) -> Sequence[Sequence[Event]]:
        most = max(key.first for key in keys)
        found = await self.services.feed.occurrences(self.actor, {key.event for key in keys}, most)
        return [[Event.of(each) for each in found.get(key.event, ())[: key.first]] for key in keys]


Info = strawberry.Info[Context, None]
