"""A simulated Zoom with one user, behind the drivers of the suites, and what a test says about it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Account, Change, ChangePage, Cursor, ProviderClient, RemoteCalendar, Upsert
from providers.retry import Time
from providers.zoom.provider import ZoomProvider
from simulators.server import serving
from simulators.zoom.accounts import User
from simulators.zoom.app import ZoomSimulator
from simulators.zoom.authority import App
from tests.providers.consented import Consented, VendorRemote
from tests.providers.contract import WINDOW, Meeting
from tests.providers.grants import SimulatedGrant

EMAIL = "ada@example.com"
CREDENTIALS = {"refresh_token": "a-secret"}


@dataclass
class Grant(SimulatedGrant):
    simulator: ZoomSimulator
    app: App
    user: User

    @property
    def holder(self) -> Account:
        return Account(self.user.id, self.user.email, CREDENTIALS)

    def fresh(self) -> str:
        return self.simulator.grant(self.app, self.user).access.value

    def withdraw(self) -> None:
        self.simulator.authority.withdraw(self.user)


class ConsentedZoom(Consented[Grant], ZoomProvider):
    """With the simulator's clock."""

    def __init__(self, url: str, grant: Grant) -> None:
        super().__init__(url, "/v2", grant, time=Time(now=grant.simulator.clock.now, chance=lambda: 0.5))


@dataclass
class ZoomRemote(VendorRemote[ZoomSimulator, Grant]):
    user: User

    def at(self, now: datetime) -> None:
        """Set the clocks of Zoom and of the provider."""
        self.simulator.clock.advance(now - self.simulator.clock.now())


class ContractRemote(ZoomRemote):
    """Its meetings have the ids that their names spell: Zoom's are numbers."""

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
        yield ZoomRemote(grant.simulator, ConsentedZoom(url, grant), grant.user)


@asynccontextmanager
async def a_contract_remote() -> AsyncIterator[ContractRemote]:
    """At the beginning of the window, so that all that is put lies ahead."""
    async with a_simulated_zoom(WINDOW.start) as (url, grant):
        yield ContractRemote(grant.simulator, SpellingProvider(url, grant), grant.user)
