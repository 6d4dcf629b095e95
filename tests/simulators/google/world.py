"""A simulated Google on loopback with one account, and a client of it whose every answer is held to the contract."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx

from simulators.google.accounts import Account
from simulators.google.app import GoogleSimulator
from simulators.google.authority import Client
from simulators.google.calendars import Calendar
from simulators.server import serving
from tests.simulators.clients import a_client
from tests.simulators.google import discovery

Json = dict[str, Any]
Parameter = str | int | Sequence[str]

ZURICH = ZoneInfo("Europe/Zurich")
SCOPE = "https://www.googleapis.com/auth/"
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=ZURICH)
WEEKLY = ["RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=5"]


@dataclass
class Google:
    """`http` speaks for `ada`, who granted everything; its base is the API's."""

    simulator: GoogleSimulator
    url: str
    client: Client
    ada: Account
    http: httpx.AsyncClient

    @property
    def calendar(self) -> Calendar:
        return self.ada.primary

    def events(self, calendar: Calendar | None = None) -> str:
        return f"calendars/{quote((calendar or self.calendar).id, safe='')}/events"

    async def get(self, path: str, **parameters: Parameter) -> Json:
        """The answer to a question that succeeds."""
        response = await self.http.get(path, params=parameters)
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    async def listing(self, **parameters: Parameter) -> Json:
        """All of a listing of events, as one page."""
        return await self._whole(self.events(), parameters)

    async def calendar_list(self, **parameters: Parameter) -> Json:
        return await self._whole("users/me/calendarList", parameters)

    async def _whole(self, path: str, parameters: dict[str, Parameter]) -> Json:
        page = await self.get(path, **parameters)
        items = page["items"]
        while "nextPageToken" in page:
            page = await self.get(path, **parameters | {"pageToken": page["nextPageToken"]})
            items += page["items"]
        return page | {"items": items}

    async def error(self, path: str, method: str = "GET", **parameters: Parameter) -> tuple[int, str]:
        """Status and reason of the answer to a question that fails."""
        return refusal(await self.http.request(method, path, params=parameters))

    def raw(self) -> httpx.AsyncClient:
        """A client of ada's that is not held to the contract."""
        return a_client(f"{self.url}/calendar/v3/", self.http.headers["authorization"].removeprefix("Bearer "))

    def http_for(self, account: Account, *scopes: str) -> httpx.AsyncClient:
        """The client of another account, or of one that granted only these scopes."""
        tokens = self.simulator.grant(self.client, account, *(scopes or (f"{SCOPE}calendar",)))
        return a_client(f"{self.url}/calendar/v3/", tokens.access.value, discovery.problems)


@asynccontextmanager
async def a_google() -> AsyncIterator[Google]:
    simulator = GoogleSimulator()
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    ada = simulator.add_account("ada@example.com", "Ada", aliases=("ada@alias.example",))
    token = simulator.grant(client, ada, f"{SCOPE}calendar", "openid", "email").access.value
    async with serving(simulator) as url, a_client(f"{url}/calendar/v3/", token, discovery.problems) as http:
        yield Google(simulator, url, client, ada, http)


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and reason of an error, whose envelope is as Google's."""
    error = response.json()["error"]
    assert response.status_code == error["code"]
    assert error["message"] == error["errors"][0]["message"]
    assert {"domain", "reason", "message"} <= error["errors"][0].keys()
    return response.status_code, error["errors"][0]["reason"]


def ids(listing: Json) -> list[str]:
    return [item["id"] for item in listing["items"]]


def instance(master: str, week: int, start: datetime = MONDAY) -> str:
    """The id of a weekly series' occurrence, the first of which is `week` 0."""
    return f"{master}_{(start + timedelta(weeks=week)).astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"


def starting(moment: datetime) -> Json:
    return {"dateTime": moment.isoformat(), "timeZone": str(moment.tzinfo)}
