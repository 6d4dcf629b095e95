"""A simulated Zoom with one user, behind the drivers of the suites, and what a test says about it."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Account, Change, ChangePage, Cursor, ProviderClient, RemoteCalendar, Upsert
from providers.retry import Time
from providers.vendor import vendor_transport
from providers.zoom.provider import ZoomProvider
from simulators.faults import Fault
from simulators.server import serving
from simulators.zoom.accounts import User
from simulators.zoom.app import ZoomSimulator
from simulators.zoom.authority import App
from tests.providers.contract import WINDOW, Meeting
from tests.providers.grants import SimulatedGrant
from tests.providers.loopback import Naps

EMAIL = "ada@example.com"
CREDENTIALS = {"refresh_token": "a-secret"}


@dataclass
class Grant(SimulatedGrant):
    simulator: ZoomSimulator
    app: App
    user: User

    def fresh(self) -> str:
        return self.simulator.grant(self.app, self.user).access.value

    def withdraw(self) -> None:
        self.simulator.authority.withdraw(self.user)


@dataclass
class ConsentedZoom(ZoomProvider):
    """The provider with a user who has consented, whatever they type, with the simulator's clock, and with waits that
    take no time.
    """

    url: str
    grant: Grant
    naps: Naps = field(default_factory=Naps)

    def __post_init__(self) -> None:
        time = Time(now=self.grant.simulator.clock.now, sleep=self.naps.time.sleep, chance=lambda: 0.5)
        super().__init__(vendor_transport(self.url, time=time), api_url=f"{self.url}/v2")

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        if not credentials:
            return await super().connect(credentials)
        return Account(self.grant.user.id, self.grant.user.email, credentials)

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        async with super().open(replace(account, tokens=self.grant)) as client:
            yield client


@dataclass
class ZoomRemote:
    simulator: ZoomSimulator
    user: User
    provider: ConsentedZoom

    async def revoke(self) -> None:
        self.provider.grant.revoke()

    async def read(self, since: Cursor | None = None, window: Window = WINDOW) -> list[ChangePage]:
        """The pages of one reading."""
        async with self.provider.open(await self.provider.connect(CREDENTIALS)) as client:
            (calendar,) = [each async for each in client.calendars()]
            return [page async for page in client.changes(calendar, since, window)]

    def at(self, now: datetime) -> None:
        """Set the clocks of Zoom and of the provider."""
        self.simulator.clock.advance(now - self.simulator.clock.now())


class ContractRemote(ZoomRemote):
    """Its meetings have the ids that their names spell: Zoom's are numbers."""

    @property
    def credentials(self) -> Mapping[str, str]:
        return CREDENTIALS

    @property
    def spellings(self) -> Sequence[Mapping[str, str]]:
        return ()

    async def put(self, meeting: Meeting) -> None:
        spelt = number(meeting.uid)
        known = self.simulator.world.meetings.get(spelt)
        if known is None:
            self.simulator.world.schedule(self.user, meeting.title, meeting.start, id=spelt)
        else:
            known.change(topic=meeting.title, start=meeting.start)

    async def put_unreadable(self, uid: str) -> None:
        self.simulator.world.schedule(self.user, uid, WINDOW.end, id=number(uid), spoilt={"start_time": "soon"})

    async def remove(self, uid: str) -> None:
        self.simulator.world.delete(number(uid))

    async def forget_cursors(self) -> None:
        """It gives none: a cursor is the provider's own."""

    async def break_down(self) -> None:
        self.simulator.faults.plan(Fault(status=503, times=1_000))


class SpellingProvider(ConsentedZoom):
    """Gives events the uids that their ids spell."""

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        async with super().open(account) as client:
            yield _SpellingClient(client)


@dataclass
class _SpellingClient:
    client: ProviderClient

    @property
    def requests(self) -> int:
        return self.client.requests

    def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        return self.client.calendars()

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        async for page in self.client.changes(calendar, since, window):
            yield replace(page, changes=[_spelt(change) for change in page.changes])


def number(name: str) -> int:
    return int.from_bytes(name.encode())


def _spelt(change: Change) -> Change:
    if not isinstance(change, Upsert):
        return change
    uid = int(change.event.uid)
    return replace(change, event=replace(change.event, uid=uid.to_bytes((uid.bit_length() + 7) // 8).decode()))


@asynccontextmanager
async def a_simulated_zoom(now: datetime) -> AsyncIterator[tuple[str, Grant]]:
    simulator = ZoomSimulator()
    app = simulator.add_client("app", "secret", "https://app.example/callback")
    user = simulator.add_user(EMAIL, "Ada")
    simulator.clock.advance(now - datetime.now(UTC))
    async with serving(simulator) as url:
        yield url, Grant(simulator, app, user)


@asynccontextmanager
async def a_remote(now: datetime) -> AsyncIterator[ZoomRemote]:
    async with a_simulated_zoom(now) as (url, grant):
        yield ZoomRemote(grant.simulator, grant.user, ConsentedZoom(url, grant))


@asynccontextmanager
async def a_contract_remote() -> AsyncIterator[ContractRemote]:
    """At the beginning of the window, so that all that is put lies ahead."""
    async with a_simulated_zoom(WINDOW.start) as (url, grant):
        yield ContractRemote(grant.simulator, grant.user, SpellingProvider(url, grant))
