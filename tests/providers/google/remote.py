"""A simulated Google with one account, behind the drivers of the suites, and what a test says about it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from calendar_sync.domain.providers import Account
from providers.google.provider import GoogleProvider
from simulators.google.accounts import Account as SimulatedAccount
from simulators.google.app import GoogleSimulator
from simulators.google.authority import Client
from simulators.google.calendars import Calendar
from simulators.server import serving
from tests.providers.consented import Consented, VendorRemote
from tests.providers.contract import Meeting
from tests.providers.grants import SimulatedGrant

EMAIL = "ada@example.com"
SCOPE = "https://www.googleapis.com/auth/calendar.readonly"
CREDENTIALS = {"refresh_token": "1//a-secret"}


@dataclass
class Grant(SimulatedGrant):
    simulator: GoogleSimulator
    client: Client
    account: SimulatedAccount

    @property
    def holder(self) -> Account:
        return Account(self.account.subject, self.account.email, CREDENTIALS)

    def fresh(self) -> str:
        return self.simulator.grant(self.client, self.account, SCOPE).access.value

    def withdraw(self) -> None:
        self.simulator.authority.withdraw(self.client, self.account)


class ConsentedGoogle(Consented[Grant], GoogleProvider):
    def __init__(self, url: str, grant: Grant) -> None:
        super().__init__(url, "/calendar/v3", grant)


@dataclass
class GoogleRemote(VendorRemote[GoogleSimulator, Grant]):
    account: SimulatedAccount

    @property
    def calendar(self) -> Calendar:
        return self.account.primary

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


def at(moment: str, zone: str | None = None) -> dict[str, str]:
    """A time as Google has it."""
    return {"dateTime": moment} | ({} if zone is None else {"timeZone": zone})


@asynccontextmanager
async def a_remote() -> AsyncIterator[GoogleRemote]:
    simulator = GoogleSimulator()
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    account = simulator.add_account(EMAIL, "Ada")
    async with serving(simulator) as url:
        provider = ConsentedGoogle(url, Grant(simulator, client, account))
        yield GoogleRemote(simulator, provider, account)
