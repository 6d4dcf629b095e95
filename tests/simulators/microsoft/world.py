"""A simulated Microsoft on loopback with one account, and a client of it whose every answer is held to the contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from simulators.microsoft.accounts import Account
from simulators.microsoft.app import MicrosoftSimulator
from simulators.microsoft.authority import Client
from simulators.microsoft.calendars import Calendar
from simulators.microsoft.ids import occurrence_id
from simulators.microsoft.patterns import repeating
from simulators.server import serving
from tests.simulators.clients import a_client
from tests.simulators.microsoft import contract

Json = dict[str, Any]

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=BERLIN)
JANUARY = {"startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2026-02-01T00:00:00Z"}
WEEKLY = repeating("weekly", daysOfWeek=["monday"], times=4)
IMMUTABLE = 'IdType="ImmutableId"'


@dataclass
class Microsoft:
    """`http` speaks for `ada`, who granted what reads calendars; its base is Graph's."""

    simulator: MicrosoftSimulator
    url: str
    client: Client
    ada: Account
    http: httpx.AsyncClient

    @property
    def calendar(self) -> Calendar:
        return self.ada.calendar

    @property
    def delta(self) -> str:
        return f"me/calendars/{self.calendar.id}/calendarView/delta"

    async def get(self, path: str, *, prefer: str = IMMUTABLE, **parameters: str) -> Json:
        """The answer to a question that succeeds."""
        response = await self.http.get(path, params=parameters or None, headers={"Prefer": prefer})
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    async def round(self, link: str | None = None, *, prefer: str = IMMUTABLE, **window: str) -> tuple[list[Json], str]:
        """All rows of a round, and the link to the next one. Without a link it is the first, of January."""
        first = {} if link else (window or JANUARY)
        page = await self.get(link or self.delta, prefer=prefer, **first)
        rows = page["value"]
        while "@odata.nextLink" in page:
            page = await self.get(page["@odata.nextLink"], prefer=prefer)
            rows = [*rows, *page["value"]]
        return rows, page["@odata.deltaLink"]

    async def whole(self, path: str, **parameters: str) -> list[Json]:
        """All of a collection."""
        page = await self.get(path, **parameters)
        items: list[Json] = page["value"]
        while "@odata.nextLink" in page:
            page = await self.get(page["@odata.nextLink"])
            items = [*items, *page["value"]]
        return items

    async def error(self, path: str, method: str = "GET", **parameters: str) -> tuple[int, str]:
        """Status and code of the answer to a question that fails."""
        return refusal(await self.http.request(method, path, params=parameters or None))

    def raw(self) -> httpx.AsyncClient:
        """A client of ada's that is not held to the contract."""
        return a_client(f"{self.url}/v1.0/", self.http.headers["authorization"].removeprefix("Bearer "))

    def http_for(self, account: Account, *scopes: str) -> httpx.AsyncClient:
        """The client of another account, or of one that granted only these scopes."""
        token = self.simulator.grant(self.client, account, *scopes).access.value
        return a_client(f"{self.url}/v1.0/", token, contract.problems)


@asynccontextmanager
async def a_microsoft() -> AsyncIterator[Microsoft]:
    simulator = MicrosoftSimulator()
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    ada = simulator.add_account("ada@example.com", "Ada Lovelace")
    token = simulator.grant(client, ada).access.value
    async with serving(simulator) as url, a_client(f"{url}/v1.0/", token, contract.problems) as http:
        yield Microsoft(simulator, url, client, ada, http)


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of an error, whose envelope is as Graph's."""
    error = response.json()["error"]
    assert response.is_error
    assert {"code", "message", "innerError"} <= error.keys()
    assert {"date", "request-id", "client-request-id"} <= error["innerError"].keys()
    return response.status_code, error["code"]


def ids(rows: list[Json]) -> list[str]:
    return [row["id"] for row in rows]


def starts(rows: list[Json]) -> list[str]:
    """Day and time, in UTC, of the rows that are no masters."""
    return [row["start"]["dateTime"][:16] for row in rows if row["type"] != "seriesMaster"]


def occurrence(series: str, week: int, start: date = MONDAY.date()) -> str:
    """The id of a weekly series' occurrence, the first of which is `week` 0."""
    return occurrence_id(series, start + timedelta(weeks=week))


def graph(moment: datetime) -> Json:
    return {"dateTime": f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}
