"""A simulated Google with one account, behind the drivers of the suites, and what a test says about it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Account, ChangePage, Cursor, ProviderClient, RemoteCalendar
from providers.google.provider import GoogleProvider
from providers.vendor import vendor_transport
from simulators.google.accounts import Account as SimulatedAccount
from simulators.google.app import GoogleSimulator
from simulators.google.authority import Client
from simulators.google.calendars import Calendar
from simulators.google.faults import Fault
from simulators.server import serving
from tests.providers.contract import WINDOW, Meeting
from tests.providers.grants import SimulatedGrant
from tests.providers.loopback import Naps

EMAIL = "ada@example.com"
SCOPE = "https://www.googleapis.com/auth/calendar.readonly"
CREDENTIALS = {"refresh_token": "1//a-secret"}


@dataclass
class Grant(SimulatedGrant):
    simulator: GoogleSimulator
    client: Client
    account: SimulatedAccount

    def fresh(self) -> str:
        return self.simulator.grant(self.client, self.account, SCOPE).access.value

    def withdraw(self) -> None:
        self.simulator.authority.withdraw(self.client, self.account)


@dataclass
class ConsentedGoogle(GoogleProvider):
    """The provider with a user who has consented, whatever they type, and with waits that take no time."""

    url: str
    grant: Grant
    naps: Naps = field(default_factory=Naps)

    def __post_init__(self) -> None:
        super().__init__(vendor_transport(self.url, time=self.naps.time), api_url=f"{self.url}/calendar/v3")

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        if not credentials:
            return await super().connect(credentials)
        return Account(self.grant.account.subject, self.grant.account.email, credentials)

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        async with super().open(replace(account, tokens=self.grant)) as client:
            yield client


@dataclass
class GoogleRemote:
    simulator: GoogleSimulator
    account: SimulatedAccount
    provider: ConsentedGoogle

    @property
    def calendar(self) -> Calendar:
        return self.account.primary

    @property
    def credentials(self) -> Mapping[str, str]:
        return CREDENTIALS

    @property
    def spellings(self) -> Sequence[Mapping[str, str]]:
        return ()

    async def put(self, meeting: Meeting) -> None:
        end = meeting.start + timedelta(hours=1)
        times = {"start": at(meeting.start.isoformat(), "UTC"), "end": at(end.isoformat(), "UTC")}
        self.calendar.put({"id": meeting.uid, "iCalUID": meeting.uid, "summary": meeting.title, **times})

    async def put_unreadable(self, uid: str) -> None:
        self.calendar.put({"id": uid, "iCalUID": uid, "summary": "Soon", "start": at("soon"), "end": at("soon")})

    async def remove(self, uid: str) -> None:
        self.calendar.remove(uid)

    async def forget_cursors(self) -> None:
        self.calendar.expire_sync_tokens()

    async def break_down(self) -> None:
        self.simulator.faults.plan(Fault(status=503, times=1_000))

    async def revoke(self) -> None:
        self.provider.grant.revoke()

    async def read(self, since: Cursor | None = None, window: Window = WINDOW) -> list[ChangePage]:
        """The pages of one reading of the primary calendar."""
        async with self.provider.open(await self.provider.connect(CREDENTIALS)) as client:
            return [page async for page in client.changes(await primary(client), since, window)]


async def primary(client: ProviderClient) -> RemoteCalendar:
    return next(calendar for calendar in [each async for each in client.calendars()] if calendar.is_primary)


def at(moment: str, zone: str | None = None) -> dict[str, str]:
    """A time as Google has it."""
    return {"dateTime": moment} | ({} if zone is None else {"timeZone": zone})


@asynccontextmanager
async def a_remote() -> AsyncIterator[GoogleRemote]:
    simulator = GoogleSimulator()
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    account = simulator.add_account(EMAIL, "Ada")
    async with serving(simulator) as url:
        yield GoogleRemote(simulator, account, ConsentedGoogle(url, Grant(simulator, client, account)))
