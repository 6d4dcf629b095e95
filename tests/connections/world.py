"""Processes of ours over one store, and the providers they sign in to, as small as connecting by OAuth can be."""

import ssl
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from calendar_sync.connections import vendors
from calendar_sync.connections.endpoints import Endpoints
from calendar_sync.connections.oauth import AuthorizationRequired, Callback, OAuth
from calendar_sync.connections.service import ConnectionOverview, ConnectionService
from calendar_sync.connections.tokens import Renewals
from calendar_sync.connections.vendors import ClientCredentials, Vendor
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.identifiers import connection_id
from calendar_sync.domain.oauth import TokenSource
from calendar_sync.domain.providers import Account, Provider, ProviderName
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import seal, unseal
from calendar_sync.sync.lease import LeasedRuns
from calendar_sync.sync.queue import MemoryQueue
from calendar_sync.sync.service import SyncService
from providers.google.provider import GoogleProvider
from providers.vendor import vendor_transport
from simulators.google.accounts import Account as GoogleAccount
from simulators.google.app import GoogleSimulator
from simulators.server import serving
from tests.builders import an_actor
from tests.connections.token_server import TokenServer
from tests.sync.process import SyncProcess
from tests.sync.world import Clock

KEY = urlsafe_b64encode(bytes(32)).decode()
KEYRING = Keyring.of(KEY)
REDIRECT = "http://127.0.0.1:8000/v1/meeting-buddy/calendar/oauth/callback"
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For tests of what no database has a part in."""
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For loopback, where nobody uses it: reading the authorities of the world takes far longer than a test."""
CLIENT_SECRET = "canary-client-secret"
CLIENT = ClientCredentials("client", SecretStr(CLIENT_SECRET))


@dataclass(frozen=True)
class Process:
    """What one process of ours does."""

    database: Database
    clock: Clock
    oauth: OAuth
    renewals: Renewals
    connections: ConnectionService
    sync: SyncService

    def tokens(self, connection: Connection) -> TokenSource:
        source = self.renewals.source(connection)
        assert source is not None
        return source


@asynccontextmanager
async def a_process(
    database: Database, *vendors: Vendor, clock: Clock | None = None, readers: Sequence[Provider] = ()
) -> AsyncGenerator[Process]:
    clock = clock or Clock()
    by_name = {vendor.provider: vendor for vendor in vendors}
    providers = {reader.name: reader for reader in readers}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=10, verify=NO_TLS))
        endpoints = Endpoints(http, clock)
        oauth = OAuth(database, KEYRING, endpoints, by_name, REDIRECT, clock)
        renewals = Renewals(database, KEYRING, endpoints, by_name, clock)
        stack.push_async_callback(renewals.close)
        day = timedelta(days=1)
        runs = LeasedRuns(database, MemoryQueue(), KEYRING, providers, clock, day, day, "this process", renewals.source)
        sync = SyncProcess(runs)
        stack.push_async_callback(sync.close)
        connections = ConnectionService(database, KEYRING, providers, clock, oauth)
        yield Process(database, clock, oauth, renewals, connections, sync)


@dataclass(frozen=True)
class AtGoogle:
    """A user of ours with a Google account, and the process that serves them."""

    simulator: GoogleSimulator
    ada: GoogleAccount
    actor: Actor
    process: Process

    @property
    def token_calls(self) -> int:
        return self.simulator.count("POST", "/token")

    async def begin(self, actor: Actor | None = None) -> AuthorizationRequired:
        found = await self.process.connections.start(actor or self.actor, ProviderName.GOOGLE_CALENDAR, None)
        assert isinstance(found, AuthorizationRequired)
        return found

    async def connect(self, actor: Actor | None = None) -> ConnectionOverview:
        """All the way through the consent page."""
        returned = await consented(await self.begin(actor))
        return await self.process.connections.complete(returned)

    async def listed(self) -> list[Connection]:
        return [overview.connection for overview in await self.process.connections.list(self.actor)]


@asynccontextmanager
async def at_google(database: Database) -> AsyncGenerator[AtGoogle]:
    simulator = GoogleSimulator()
    simulator.quirks.consent = "grant"
    simulator.add_client(CLIENT.id, CLIENT_SECRET, REDIRECT)
    ada = simulator.add_account("ada@example.com")
    async with serving(simulator) as url:
        google = vendors.google(
            CLIENT,
            authorize_url=f"{url}/o/oauth2/v2/auth",
            token_url=f"{url}/token",
            revoke_url=f"{url}/revoke",
            api_url=f"{url}/calendar/v3",
        )
        reader = GoogleProvider(vendor_transport(url), api_url=f"{url}/calendar/v3")
        async with a_process(database, google, readers=[reader]) as process:
            yield AtGoogle(simulator, ada, await an_actor(database), process)


async def consented(required: AuthorizationRequired) -> Callback:
    """What the provider sends back with the user, who said yes."""
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as browser:
        answer = await browser.get(required.authorization_url)
    assert answer.status_code == 302, answer.text
    told = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    return Callback(told.get("state"), told.get("code"), told.get("error"), told.get("iss"))


@dataclass(frozen=True)
class AtZoom:
    """A user of ours with a Zoom account that is connected; its access token is to be renewed."""

    server: TokenServer
    vendor: Vendor
    actor: Actor
    connection: Connection

    async def stored(self, process: Process) -> Account:
        async with process.database.begin(write=False) as tx:
            return unseal(KEYRING, self.connection.id, await tx.connections.ciphertext(self.connection.id))

    async def status(self, process: Process) -> tuple[str, str | None]:
        async with process.database.begin(write=False) as tx:
            found = await tx.connections.get(self.actor, self.connection.id)
        return found.status.value, found.last_error


@asynccontextmanager
async def at_zoom(database: Database) -> AsyncGenerator[AtZoom]:
    server, actor = TokenServer(), await an_actor(database)
    async with serving(server.app) as url:
        vendor = vendors.zoom(CLIENT, login_url=url, api_url=f"{url}/v2")
        connection = await a_zoom_connection(database, actor, server.refresh_token(), "access-old", is_due=True)
        yield AtZoom(server, vendor, actor, connection)


async def a_zoom_connection(
    database: Database, actor: Actor, refresh_token: str, access_token: str, *, is_due: bool = False
) -> Connection:
    """As consent stores it, at first or again."""
    clock = Clock()
    refresh_at = clock.now + timedelta(hours=-1 if is_due else 1)
    credentials = {
        "access_token": access_token,
        "refresh_token": refresh_token,
        "refresh_at": refresh_at.isoformat(),
    }
    id = connection_id(actor.user_id, ProviderName.ZOOM, "z-1")
    async with database.begin() as tx:
        return await tx.connections.save(
            id=id,
            actor=actor,
            provider=ProviderName.ZOOM,
            identity="z-1",
            email="ada@example.com",
            ciphertext=seal(KEYRING, id, Account("z-1", "ada@example.com", credentials)),
            now=clock.now,
        )
