"""A simulated Microsoft with one account, behind the drivers of the suites, and what a test says about it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from calendar_sync.domain.providers import Account
from providers.outlook.provider import OutlookProvider
from simulators.microsoft.accounts import Account as SimulatedAccount
from simulators.microsoft.app import MicrosoftSimulator
from simulators.microsoft.authority import Client
from simulators.microsoft.calendars import Calendar
from simulators.server import serving
from tests.providers.consented import Consented, VendorRemote
from tests.providers.contract import Meeting
from tests.providers.grants import SimulatedGrant

EMAIL = "ada@example.com"
CREDENTIALS = {"refresh_token": "0.AXa-secret"}

Json = dict[str, Any]


@dataclass
class Grant(SimulatedGrant):
    simulator: MicrosoftSimulator
    client: Client
    account: SimulatedAccount

    @property
    def holder(self) -> Account:
        return Account(self.account.object_id, self.account.email, CREDENTIALS)

    def fresh(self) -> str:
        return self.simulator.grant(self.client, self.account).access.value

    def withdraw(self) -> None:
        self.simulator.authority.withdraw(self.client, self.account)


class ConsentedOutlook(Consented[Grant], OutlookProvider):
    def __init__(self, url: str, grant: Grant) -> None:
        super().__init__(url, "/v1.0", grant)


@dataclass
class OutlookRemote(VendorRemote[MicrosoftSimulator, Grant]):
    account: SimulatedAccount

    @property
    def calendar(self) -> Calendar:
        return self.account.calendar

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


def at(moment: datetime, zone: str = "UTC") -> Json:
    """A time as Graph has it: on the wall clock of a zone, which is that of `moment` unless that is naive."""
    return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": zone}


@asynccontextmanager
async def a_remote() -> AsyncIterator[OutlookRemote]:
    simulator = MicrosoftSimulator()
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    account = simulator.add_account(EMAIL, "Ada")
    async with serving(simulator) as url:
        provider = ConsentedOutlook(url, Grant(simulator, client, account))
        yield OutlookRemote(simulator, provider, account)
