"""Subscriptions at Microsoft's Graph, as they are stored once they are open, and what Microsoft sends about them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from secrets import token_hex
from typing import Any

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.identifiers import ChannelId, new_channel_id
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.push import Channel
from calendar_sync.store.channels import StoredChannel, hashed
from calendar_sync.store.database import Database
from tests.builders import a_calendar, a_connection, an_actor

_NUMBERS = count()


@dataclass(frozen=True)
class Subscription:
    database: Database
    actor: Actor
    connection: Connection
    channel: ChannelId
    id: str
    client_state: str

    def item(self, **changed: object) -> dict[str, object]:
        """One change as Microsoft tells it."""
        told = {"subscriptionId": self.id, "clientState": self.client_state, "changeType": "updated"}
        return {**told, "resource": "Users/1/Events/2", "resourceData": {"id": "2"}, **changed}

    async def stored(self) -> StoredChannel | None:
        async with self.database.begin(write=False) as tx:
            return next(iter(await tx.channels.of_connection(self.connection.id)), None)

    async def pending(self) -> tuple[int, int]:
        """The number of the last request for a run, and of the last one that a run has served."""
        async with self.database.begin(write=False) as tx:
            standings = await tx.requests.standings([self.connection.id], datetime.now(UTC))
        standing = standings[self.connection.id]
        return standing.requested, standing.done


async def a_subscription(database: Database, *, expires_in: timedelta = timedelta(days=6)) -> Subscription:
    """One that is open, of a new user's Outlook account."""
    actor = await an_actor(database, f"graph{next(_NUMBERS)}@example.com")
    connection = await a_connection(database, actor, provider=ProviderName.OUTLOOK_CALENDAR)
    calendar = await a_calendar(database, connection)
    channel, remote_id, token, now = new_channel_id(), token_hex(18), token_hex(32), datetime.now(UTC)
    async with database.begin() as tx:
        await tx.channels.add(channel, calendar, "https://calendars.example/", hashed(token), now, now)
        remote = Channel(remote_id, None, now + expires_in)
        await tx.channels.opened(channel, remote, now + expires_in / 2)
    return Subscription(database, actor, connection, channel, remote_id, token)


def body(*items: object) -> dict[str, Any]:
    return {"value": list(items)}
