"""Access tokens of connected accounts: renewed ahead of their end or when refused, once per account at a time.

Within a process those who want the same account's token wait for one renewal. Between processes a lease in the row
decides (`calendar_sync.store.credentials`). A renewal that began is finished and stored, also when whoever asked for it
is gone: of a provider that rotates refresh tokens, the answer is the only way to the next one.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex

from calendar_sync.connections.endpoints import Endpoints, GrantRefused
from calendar_sync.connections.vendors import SETTINGS, Vendor
from calendar_sync.domain.connections import Connection, ConnectionStatus
from calendar_sync.domain.errors import Disconnected, StoreUnavailable, Unavailable
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.oauth import TokenSource
from calendar_sync.domain.providers import Account, ProviderName
from calendar_sync.store.credentials import StoredCredentials
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import seal, unseal

_log = logging.getLogger(__name__)

LEASE = timedelta(seconds=9)
"""What a process that died in a renewal holds the account up for; it is extended for as long as an answer takes."""
_EXTENSIONS = 3  # tries to extend it before it runs out
_LOOK_EVERY = 0.1  # seconds, at a renewal that another process has under way
_STORE_RETRIES = (0.1, 0.5, 2.0)  # seconds between the tries to store what a provider gives but once


@dataclass(frozen=True, slots=True)
class _Read:
    """Credentials as they stand in the store, and opened."""

    stored: StoredCredentials
    account: Account

    def good_token(self, refused: str | None, now: datetime) -> str | None:
        """The access token, unless it was refused or is about to end."""
        token = self.account.credentials.get("access_token", "")
        if refused is not None:
            return token if token != refused else None
        return token if token and datetime.fromisoformat(self.account.credentials["refresh_at"]) > now else None


@dataclass(frozen=True, slots=True)
class AccountTokens:
    """The `TokenSource` of one connection."""

    connection: ConnectionId
    renewals: "Renewals"

    async def token(self) -> str:
        return await self.renewals.token(self.connection, None)

    async def renew(self, refused: str) -> str:
        return await self.renewals.token(self.connection, refused)


@dataclass(frozen=True, slots=True)
class Renewals:
    """Where all tokens come from. `close` waits for what is under way.

    `lease` is how long a process that gives no sign of life keeps the others from renewing an account's token.
    """

    database: Database
    keyring: Keyring
    endpoints: Endpoints
    vendors: Mapping[ProviderName, Vendor]
    clock: Callable[[], datetime]
    lease: timedelta = LEASE
    _under_way: dict[ConnectionId, "asyncio.Task[str]"] = field(default_factory=dict)

    def source(self, connection: Connection) -> TokenSource | None:
        """`None` for an account that is not read by OAuth."""
        return AccountTokens(connection.id, self) if connection.provider in SETTINGS else None

    async def token(self, connection: ConnectionId, refused: str | None) -> str:
        """The account's access token, and not the one that was `refused`."""
        token = (await self._read(connection)).good_token(refused, self.clock())
        if token is not None:
            return token
        task = self._under_way.get(connection)
        if task is None:
            task = asyncio.create_task(self._renewed(connection, refused), name=f"token {connection}")
            self._under_way[connection] = task
            task.add_done_callback(lambda done: self._ended(connection, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def _ended(self, connection: ConnectionId, task: "asyncio.Task[str]") -> None:
        del self._under_way[connection]
        if not task.cancelled():
            task.exception()  # looked at, in case that nobody waits any more

    async def _renewed(self, connection: ConnectionId, refused: str | None) -> str:
        owner = token_hex(8)
        while True:
            read = await self._read(connection)
            token = read.good_token(refused, self.clock())
            if token is None and await self._lease(read.stored, owner):
                async with self._extended(read.stored, owner):
                    token = await self._ask(read, owner)
            elif token is None:
                await asyncio.sleep(_LOOK_EVERY)
            if token is not None:
                return token

    async def _lease(self, stored: StoredCredentials, owner: str) -> bool:
        async with self.database.begin() as tx:
            return await tx.credentials.lease(stored, owner, self.lease, self.clock())

    @asynccontextmanager
    async def _extended(self, stored: StoredCredentials, owner: str) -> AsyncGenerator[None]:
        """Keeps the lease from running out meanwhile."""
        task = asyncio.create_task(self._extend(stored, owner), name=f"token lease {stored.connection_id}")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _extend(self, stored: StoredCredentials, owner: str) -> None:
        while True:
            await asyncio.sleep(self.lease.total_seconds() / _EXTENSIONS)
            with suppress(StoreUnavailable):
                async with self.database.begin() as tx:
                    await tx.credentials.extend(stored, owner, self.lease, self.clock())

    async def _ask(self, read: _Read, owner: str) -> str | None:
        """The new token, stored before anybody has it; `None` where the credentials were replaced meanwhile."""
        try:
            grant = await self.endpoints.refresh(self._vendor(read), read.account.credentials["refresh_token"])
        except GrantRefused as err:
            if await self._refuse(read.stored, owner, str(err)):
                raise Disconnected from err
            return None
        except BaseException:
            await self._release(read.stored, owner)
            raise
        renewed = replace(read.account, credentials=grant.credentials(read.account.credentials))
        ciphertext = seal(self.keyring, read.stored.connection_id, renewed)
        return grant.access_token if await self._store(read.stored, owner, ciphertext) else None

    async def _refuse(self, stored: StoredCredentials, owner: str, word: str) -> bool:
        async with self.database.begin() as tx:
            is_last = await tx.credentials.refuse(stored, owner, Disconnected().message, self.clock())
        if is_last:
            extra = {"connection": stored.connection_id, "provider": stored.provider, "oauth_error": word}
            _log.warning("An account must be connected again: its provider ended the grant.", extra=extra)
        return is_last

    async def _release(self, stored: StoredCredentials, owner: str) -> None:
        """A lease that cannot be given back ends by itself."""
        try:
            async with self.database.begin() as tx:
                await tx.credentials.release(stored, owner)
        except StoreUnavailable:
            _log.warning("A token lease was left to run out.", extra={"connection": stored.connection_id})

    async def _store(self, stored: StoredCredentials, owner: str, ciphertext: str) -> bool:
        for pause in _STORE_RETRIES:
            try:
                return await self._replace(stored, owner, ciphertext)
            except StoreUnavailable:
                await asyncio.sleep(pause)
        return await self._replace(stored, owner, ciphertext)

    async def _replace(self, stored: StoredCredentials, owner: str, ciphertext: str) -> bool:
        async with self.database.begin() as tx:
            return await tx.credentials.replace(stored, owner, ciphertext)

    async def _read(self, connection: ConnectionId) -> _Read:
        async with self.database.begin(write=False) as tx:
            stored = await tx.credentials.read(connection)
        if stored is None or stored.status is ConnectionStatus.RECONNECT_REQUIRED:
            raise Disconnected
        return _Read(stored, unseal(self.keyring, connection, stored.ciphertext))

    def _vendor(self, read: _Read) -> Vendor:
        vendor = self.vendors.get(read.stored.provider)
        if vendor is None:
            raise Unavailable(f"This server is no longer set up to read {read.stored.provider}.")
        return vendor
