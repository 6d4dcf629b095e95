"""Connected accounts: what is read, and how it fares. Not named `Connection`, which Relay keeps for its lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from calendar_sync.domain.connections import Connection
from schema.types.enums import ConnectionStatus, ProviderName
from schema.types.loaded import loaded
from schema.types.schedule import SyncSchedule

if TYPE_CHECKING:
    from schema.types.calendar import Calendar


@strawberry.type(description="An account at a provider that is connected, with the calendars it gives.")
class ConnectedAccount:
    id: strawberry.ID = strawberry.field(
        description="`tcred_…`, the same again when the account is connected anew. In REST: `credential_id`."
    )
    provider: ProviderName = strawberry.field(description="The service it is an account of.")
    account_email: str | None = strawberry.field(description="The account's e-mail address, where the provider tells.")
    status: ConnectionStatus = strawberry.field(description="Whether it can be read.")
    event_count: int = strawberry.field(
        description="How many events are stored of it; each occurrence of a series counts."
    )
    last_sync_at: datetime | None = strawberry.field(description="When all its calendars were last read completely.")
    last_error: str | None = strawberry.field(description="Why the last sync failed, if it did.")
    created_at: datetime = strawberry.field(description="When it was first connected.")

    @loaded(
        "Its calendars, as its last sync listed them.",
        lambda account, loaders: loaders.calendars_of.load(account.id),
    )
    def calendars(
        self, calendars: "Sequence[Calendar]"
    ) -> list[Annotated["Calendar", strawberry.lazy("schema.types.calendar")]]:
        return list(calendars)

    @loaded(
        "When it is synced next, and why then; `null` once it is disconnected.",
        lambda account, loaders: loaders.schedules.load(account.id),
    )
    def schedule(self, schedule: SyncSchedule | None) -> SyncSchedule | None:
        return schedule

    @classmethod
    def of(cls, connection: Connection, event_count: int) -> "ConnectedAccount":
        return cls(
            id=strawberry.ID(connection.id),
            provider=connection.provider,
            account_email=connection.account_email,
            status=connection.status,
            event_count=event_count,
            last_sync_at=connection.last_sync_at,
            last_error=connection.last_error,
            created_at=connection.created_at,
        )
