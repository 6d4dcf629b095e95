"""Ends the channels of an account that is disconnected, while its provider still lets us."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection, ConnectionStatus
from calendar_sync.domain.errors import CalendarSyncError, ProviderError
from calendar_sync.domain.oauth import TokenSource
from calendar_sync.domain.providers import Provider, ProviderName
from calendar_sync.domain.push import Channel, PushClient
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import unseal

_log = logging.getLogger(__name__)

_LONGEST_SECONDS = 5.0  # for all together: a user is waiting, and a channel that is left over ends within a week


@dataclass(frozen=True, slots=True)
class ChannelCloser:
    """`tokens` gives those of accounts by OAuth."""

    database: Database
    keyring: Keyring
    providers: Mapping[ProviderName, Provider]
    tokens: Callable[[Connection], TokenSource | None]

    async def close(self, connection: Connection) -> None:
        """Best effort: what fails is logged. The rows stay, and go with the connection."""
        owner = Actor(connection.user_id, connection.organization_id)
        async with self.database.begin(write=False, actor=owner) as tx:
            stored = await tx.channels.of_connection(connection.id)
            ciphertext = await tx.connections.ciphertext(connection.id)
        channels = [channel.remote for channel in stored if channel.remote is not None]
        tokens = self.tokens(connection)
        if not channels or tokens is None or connection.status is not ConnectionStatus.ACTIVE:
            return
        try:
            account = unseal(self.keyring, connection.id, ciphertext)
            opened = self.providers[connection.provider].open(replace(account, credentials={}, tokens=tokens))
            async with asyncio.timeout(_LONGEST_SECONDS), opened as client:
                if isinstance(client, PushClient):
                    await _unwatch(client, channels)
        except (CalendarSyncError, TimeoutError):
            _log.warning("Not every channel could be ended.", extra={"connection": connection.id})


async def _unwatch(client: PushClient, channels: list[Channel]) -> None:
    for channel in channels:
        with suppress(ProviderError):
            await client.unwatch(channel)
