"""A simulated Microsoft with one account, behind the drivers of the suites, and what a test says about it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Account, ChangePage, Cursor, ProviderClient, RemoteCalendar
from providers.outlook.provider import OutlookProvider
from providers.vendor import vendor_transport
from simulators.faults import Fault
from simulators.microsoft.accounts import Account as SimulatedAccount
from simulators.microsoft.app import MicrosoftSimulator
from simulators.microsoft.authority import Client
from simulators.microsoft.calendars import Calendar
from simulators.server import serving
from tests.providers.contract import WINDOW, Meeting
from tests.providers.grants import SimulatedGrant
from tests.providers.loopback import Naps

EMAIL = "ada@example.com"
CREDENTIALS = {"refresh_token": "0.AXa-secret"}

Json = dict[str, Any]


@dataclass
class Grant(SimulatedGrant):
    simulator: MicrosoftSimulator
    client: Client
    account: SimulatedAccount

    def fresh(self) -> str:
        return self.simulator.grant(self.client, self.account).access.value

    def withdraw(self) -> None:
        self.simulator.authority.withdraw(self.client, self.account)


@dataclass
class ConsentedOutlook(OutlookProvider):
    """The provider with a user who has consented, whatever they type, and with waits that take no time."""

    url: str
    grant: Grant
    naps: Naps = field(default_factory=Naps)

    def __post_init__(self) -> None:
        super().__init__(vendor_transport(self.url, time=self.naps.time), api_url=f"{self.url}/v1.0")

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        if not credentials:
            return await super().connect(credentials)
        return Account(self.grant.account.object_id, self.grant.account.email, credentials)

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        async with super().open(replace(account, tokens=self.grant)) as client:
            yield client


@dataclass
class OutlookRemote:
    simulator: MicrosoftSimulator
    account: SimulatedAccount
    provider: ConsentedOutlook

    @property
    def calendar(self) -> Calendar:
        return self.account.calendar

    @property
    def credentials(self) -> Mapping[str, str]:
        return CREDENTIALS

    @property
    def spellings(self) -> Sequence[Mapping[str, str]]:
        return ()

    async def put(self, meeting: Meeting) -> None:
        times = {"start": at(meeting.start), "end": at(meeting.start + timedelta(hours=1))}
        self.calendar.put({"id": meeting.uid, "iCalUId": meeting.uid, "subject": meeting.title, **times})

    async def put_unreadable(self, uid: str) -> None:
        soon = {"dateTime": "soon", "timeZone": "UTC"}
        self.calendar.put({"id": uid, "iCalUId": uid, "subject": "Soon", "start": soon, "end": soon})

    async def remove(self, uid: str) -> None:
        self.calendar.remove(uid)

    async def forget_cursors(self) -> None:
        self.calendar.expire_delta_links()

    async def break_down(self) -> None:
        self.simulator.faults.plan(Fault(status=503, times=1_000))

    async def revoke(self) -> None:
        self.provider.grant.revoke()

    async def read(self, since: Cursor | None = None, window: Window = WINDOW) -> list[ChangePage]:
        """The pages of one reading of the default calendar."""
        async with self.provider.open(await self.provider.connect(CREDENTIALS)) as client:
            return [page async for page in client.changes(await default(client), since, window)]


async def default(client: ProviderClient) -> RemoteCalendar:
    return next(calendar for calendar in [each async for each in client.calendars()] if calendar.is_primary)


def at(moment: datetime, zone: str = "UTC") -> Json:
    """A time as Graph has it: on the wall clock of a zone, which is that of `moment` unless that is naive."""
    return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": zone}


@asynccontextmanager
async def a_remote() -> AsyncIterator[OutlookRemote]:
    simulator = MicrosoftSimulator()
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    account = simulator.add_account(EMAIL, "Ada")
    async with serving(simulator) as url:
        yield OutlookRemote(simulator, account, ConsentedOutlook(url, Grant(simulator, client, account)))
