"""A simulated vendor with an account whose user has consented, behind the drivers of the suites."""

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Account, ChangePage, Cursor, ProviderClient, RemoteCalendar
from providers.consented import ConsentedProvider
from providers.guard import parse_networks
from providers.retry import Time
from providers.transport import Transport
from simulators.faults import Fault
from simulators.vendor import Vendor
from tests.providers.contract import WINDOW
from tests.providers.grants import SimulatedGrant
from tests.providers.loopback import Naps

SimulatorT = TypeVar("SimulatorT", bound=Vendor)
GrantT = TypeVar("GrantT", bound=SimulatedGrant)


class Consented(ConsentedProvider, Generic[GrantT]):
    """A provider with a user who has consented, whatever they type, and with waits that take no time.

    `path` is where the API is at the simulator, which is served at `url`.
    """

    def __init__(self, url: str, path: str, grant: GrantT, *, time: Time | None = None) -> None:
        self.url, self.grant, self.naps = url, grant, Naps()
        transport = Transport(
            allowed_networks=parse_networks(["127.0.0.1/32"]),
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # the authorities of the world take long to read
            time=replace(time or self.naps.time, sleep=self.naps.time.sleep),
        )
        super().__init__(transport, api_url=f"{url}{path}")

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        return replace(self.grant.holder, credentials=credentials) if credentials else await super().connect({})

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        async with super().open(replace(account, tokens=self.grant)) as client:
            yield client


@dataclass
class VendorRemote(Generic[SimulatorT, GrantT]):
    """What is said to every vendor in the same way."""

    simulator: SimulatorT
    provider: Consented[GrantT]

    @property
    def credentials(self) -> Mapping[str, str]:
        return self.provider.grant.holder.credentials

    @property
    def spellings(self) -> Sequence[Mapping[str, str]]:
        return ()

    async def break_down(self) -> None:
        self.simulator.faults.plan(Fault(status=503, times=1_000))

    async def revoke(self) -> None:
        self.provider.grant.revoke()

    async def read(self, since: Cursor | None = None, window: Window = WINDOW) -> list[ChangePage]:
        """The pages of one reading of the primary calendar."""
        async with self.provider.open(await self.provider.connect(self.credentials)) as client:
            return [page async for page in client.changes(await primary(client), since, window)]


async def primary(client: ProviderClient) -> RemoteCalendar:
    return next(calendar for calendar in [each async for each in client.calendars()] if calendar.is_primary)
