"""A door that accounts of a simulated Google can be connected at."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from simulators.google.accounts import Account
from simulators.google.app import GoogleSimulator
from simulators.server import serving
from tests.connections.world import NO_TLS
from tests.web.door import CONNECTIONS, Door, a_door

CALLBACK = "/v1/meeting-buddy/calendar/oauth/callback"
CLIENT_SECRET = "canary-client-secret"
PAGE = {"accept": "text/html,application/xhtml+xml"}
JSON = {"accept": "application/json"}


@dataclass(frozen=True)
class DoorAtGoogle:
    """`ada` says yes at once to whatever is asked."""

    door: Door
    simulator: GoogleSimulator
    ada: Account

    async def connected(self, client: httpx.AsyncClient) -> str:
        """Connect the account as the client's user; gives the connection's `credential_id`."""
        answer = await client.get(CALLBACK, params=await self.returning(client), headers=JSON)
        assert answer.status_code == 200, answer.text
        credential_id: str = answer.json()["credential_id"]
        return credential_id

    async def returning(self, client: httpx.AsyncClient) -> dict[str, str]:
        """Begin as the client's user, and give what Google sends back with them."""
        begun = await client.post(CONNECTIONS, json={"provider": "google_calendar"})
        assert begun.status_code == 200, begun.text
        answer: dict[str, Any] = begun.json()
        return await allowed(answer["authorization_url"])


async def allowed(authorization_url: str) -> dict[str, str]:
    """What the redirect of the consent page carries; it leads to our callback."""
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as browser:
        answer = await browser.get(authorization_url)
    address = urlsplit(answer.headers["location"])
    assert address.path == CALLBACK
    return dict(httpx.QueryParams(address.query))


@asynccontextmanager
async def a_door_at_google(database_url: str) -> AsyncGenerator[DoorAtGoogle]:
    simulator = GoogleSimulator()
    simulator.quirks.consent = "grant"
    simulator.add_client("client", CLIENT_SECRET)
    ada = simulator.add_account("ada@example.com")
    async with serving(simulator) as url:
        chosen = {name.lower(): value for name, value in simulator.settings(url).items()}
        async with a_door(database_url, **chosen) as door:
            yield DoorAtGoogle(door, simulator, ada)
