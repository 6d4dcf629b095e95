"""Calendars of connected accounts."""

from datetime import datetime

import strawberry

from calendar_sync.domain import connections as domain
from schema.types.connection import ConnectedAccount
from schema.types.enums import ProviderName
from schema.types.loaded import loaded


@strawberry.type(description="A calendar of a connected account.")
class Calendar:
    id: strawberry.ID = strawberry.field(description="`cal_…`")
    connection_id: strawberry.ID = strawberry.field(description="The account it belongs to: `tcred_…`")
    provider: ProviderName = strawberry.field(description="The service it is kept at.")
    name: str | None = strawberry.field(description="Its name, as its owner gave it.")
    description: str | None = strawberry.field(description="What its owner says about it.")
    color: str | None = strawberry.field(description="Its colour, as the provider writes it, mostly `#rrggbb`.")
    time_zone: str | None = strawberry.field(
        description="The IANA zone in which its all-day and floating events are meant, where the provider tells."
    )
    is_primary: bool = strawberry.field(description="Whether it is the account's main calendar.")
    is_read_only: bool = strawberry.field(description="Whether its owner can only read it at the provider.")
    is_selected: bool = strawberry.field(
        description="Whether it is read. One that is not selected is listed, but none of its events are kept."
    )
    last_synced_at: datetime | None = strawberry.field(description="When it was last read completely.")
    last_error: str | None = strawberry.field(description="Why it could not be read the last time, if so.")
    created_at: datetime = strawberry.field(description="When it was first seen here.")

    @loaded("The account it belongs to.", lambda calendar, loaders: loaders.connections.load(calendar.connection_id))
    def connection(self, connection: ConnectedAccount | None) -> ConnectedAccount | None:
        return connection

    @classmethod
    def of(cls, calendar: domain.Calendar) -> "Calendar":
        remote = calendar.remote
        return cls(
            id=strawberry.ID(calendar.id),
            connection_id=strawberry.ID(calendar.connection_id),
            provider=calendar.provider,
            name=remote.name,
            description=remote.description,
            color=remote.color,
            time_zone=remote.time_zone,
            is_primary=remote.is_primary,
            is_read_only=remote.is_read_only,
            is_selected=calendar.is_selected,
            last_synced_at=calendar.last_synced_at,
            last_error=calendar.last_error,
            created_at=calendar.created_at,
        )
