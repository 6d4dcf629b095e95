"""A simulated Zoom on loopback with one user, and a client of it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from simulators.server import serving
from simulators.zoom.accounts import User
from simulators.zoom.app import ZoomSimulator
from simulators.zoom.authority import App
from simulators.zoom.recurrence import WEEKLY, Recurrence

Json = dict[str, Any]

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=ZURICH)
"""Three weeks before the clocks are put forward."""
FIVE_WEEKS = Recurrence(WEEKLY, weekly_days="2", end_times=5)


@dataclass
class Zoom:
    """`http` speaks for `ada`; its base is the API's. The clock stood at `NOW` when it was made."""

    simulator: ZoomSimulator
    url: str
    app: App
    ada: User
    http: httpx.AsyncClient

    async def get(self, path: str, **parameters: str | int) -> Json:
        """The answer to a question that succeeds."""
        response = await self.http.get(path, params=parameters)
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    async def meetings(self, **parameters: str | int) -> list[Json]:
        """All rows of the list of meetings."""
        page = await self.get("users/me/meetings", **parameters)
        rows: list[Json] = page["meetings"]
        while page["next_page_token"]:
            page = await self.get("users/me/meetings", **parameters, next_page_token=page["next_page_token"])
            rows += page["meetings"]
        return rows

    async def upcoming(self) -> list[Json]:
        rows: list[Json] = (await self.get("users/me/upcoming_meetings"))["meetings"]
        return rows

    async def detail(self, meeting: int, **parameters: str) -> Json:
        return await self.get(f"meetings/{meeting}", **parameters)

    async def error(self, path: str, **parameters: str | int) -> tuple[int, int]:
        """Status and code of the answer to a question that fails."""
        return refusal(await self.http.get(path, params=parameters))

    def at(self, now: datetime) -> None:
        self.simulator.clock.advance(now - self.simulator.clock.now())


def refusal(response: httpx.Response) -> tuple[int, int]:
    error = response.json()
    assert error.keys() == {"code", "message"}
    return response.status_code, error["code"]


@asynccontextmanager
async def a_zoom() -> AsyncIterator[Zoom]:
    simulator = ZoomSimulator()
    app = simulator.add_client("app", "secret", "https://app.example/callback")
    ada = simulator.add_user("ada@example.com", "Ada Lovelace")
    simulator.clock.advance(NOW - datetime.now(UTC))
    token = simulator.grant(app, ada).access.value
    async with serving(simulator) as url, a_client(f"{url}/v2/", token) as http:
        yield Zoom(simulator, url, app, ada, http)


def a_client(base: str, token: str | None = None) -> httpx.AsyncClient:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    # Trusting nobody is cheaper than to read all authorities.
    return httpx.AsyncClient(base_url=base, headers=headers, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
