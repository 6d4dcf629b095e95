"""From consent at Zoom to its meetings in the store, and on while every refresh token serves once."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from calendar_sync.connections import vendors
from calendar_sync.connections.oauth import AuthorizationRequired
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection, ConnectionStatus
from calendar_sync.domain.errors import ConsentFailed
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.sync import SyncResult, Tally
from calendar_sync.store.database import Database
from calendar_sync.store.sealed_accounts import unseal
from providers.retry import Time
from providers.vendor import vendor_transport
from providers.zoom.provider import ZoomProvider
from simulators.server import serving
from simulators.zoom.app import ZoomSimulator
from tests.builders import an_actor
from tests.connections.world import CLIENT, CLIENT_SECRET, KEYRING, REDIRECT, Process, a_process, consented
from tests.sync.world import NOW
from tests.sync.zoom_world import ZoomClock


@dataclass(frozen=True)
class AtZoom:
    simulator: ZoomSimulator
    actor: Actor
    process: Process

    async def connect(self) -> Connection:
        """All the way through the consent page."""
        required = await self.process.connections.start(self.actor, ProviderName.ZOOM, None)
        assert isinstance(required, AuthorizationRequired)
        return (await self.process.connections.complete(await consented(required))).connection

    async def sync(self) -> SyncResult:
        return await self.process.sync.sync(self.actor)

    async def kept_token(self, connection: Connection) -> str:
        async with self.process.database.begin(write=False) as tx:
            sealed = await tx.connections.ciphertext(connection.id)
        return unseal(KEYRING, connection.id, sealed).credentials["refresh_token"]

    def living_tokens(self) -> list[str]:
        return [value for value, token in self.simulator.authority.refresh_tokens.items() if not token.is_dead]


@pytest.fixture
async def zoom(database: Database) -> AsyncGenerator[AtZoom]:
    simulator = ZoomSimulator()
    simulator.quirks.change(consent="grant")
    simulator.clock.advance(NOW - datetime.now(UTC))
    simulator.add_client(CLIENT.id, CLIENT_SECRET, REDIRECT)
    ada = simulator.add_user("ada@example.com", "Ada")
    for day in range(3):
        simulator.world.schedule(ada, f"Day {day}", NOW + timedelta(days=day, hours=3))
    async with serving(simulator) as url:
        vendor = vendors.zoom(CLIENT, login_url=url, api_url=f"{url}/v2")
        reader = ZoomProvider(vendor_transport(url, time=Time(now=simulator.clock.now)), api_url=f"{url}/v2")
        async with a_process(database, vendor, clock=ZoomClock(simulator=simulator), readers=[reader]) as process:
            yield AtZoom(simulator, await an_actor(database), process)


async def test_what_a_user_consents_to_is_read_and_each_refresh_token_is_stored_before_it_serves(zoom: AtZoom) -> None:
    connection = await zoom.connect()
    first = await zoom.sync()
    assert (first.synced_calendars, first.tally, list(first.errors)) == (1, Tally(new=3), [])

    seen = set()
    for _ in range(4):
        zoom.simulator.advance(hours=2)
        assert list((await zoom.sync()).errors) == []
        kept = await zoom.kept_token(connection)
        assert zoom.living_tokens() == [kept]
        seen.add(kept)
    assert len(seen) == 4


async def test_a_user_who_removes_the_app_keeps_the_meetings_and_may_come_back(zoom: AtZoom) -> None:
    connection = await zoom.connect()
    await zoom.sync()
    zoom.simulator.authority.withdraw(zoom.simulator.world.users["ada@example.com"])
    zoom.simulator.advance(hours=2)

    assert list((await zoom.sync()).errors) == ["zoom: Token expired, please reconnect"]

    (ended,) = [each.connection for each in await zoom.process.connections.list(zoom.actor)]
    assert ended.status is ConnectionStatus.RECONNECT_REQUIRED
    again = await zoom.connect()
    assert (again.id, again.status, again.account_email) == (connection.id, ConnectionStatus.ACTIVE, "ada@example.com")
    assert (await zoom.sync()).tally == Tally()


async def test_a_permission_that_is_missing_is_said_at_once(zoom: AtZoom) -> None:
    zoom.simulator.quirks.change(withheld_scopes=("meeting:read:meeting",))
    with pytest.raises(ConsentFailed, match="view a meeting"):
        await zoom.connect()
