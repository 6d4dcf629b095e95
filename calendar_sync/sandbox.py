"""`make run`: the server with simulated calendars already connected for a demo user, synced once.

The simulators run on the ports after the server's, on this machine only.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TextIO

import httpx
from starlette.types import ASGIApp

from calendar_sync.domain.errors import CalendarSyncError, Conflict
from calendar_sync.server import listen, make_server, prepare
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from calendar_sync.web.logs import configure_logging
from simulators import sandbox
from simulators.server import serving

_HOST = "127.0.0.1"
_CONNECTIONS = "/v1/meeting-buddy/calendar/connections"
_SYNC = "mutation { syncCalendars { syncedCalendars newEvents updatedEvents removedEvents errors } }"


@dataclass(frozen=True, slots=True)
class Simulated:
    """Addresses of the simulated calendars, and the settings by which the simulated vendors are found."""

    caldav: str
    feed: str
    settings: Mapping[str, str]


async def run_sandbox(settings: Settings, port: int, out: TextIO = sys.stdout) -> None:
    """Serve until interrupted. Raises `CalendarSyncError` when a port is taken or the store cannot be used."""
    configure_logging("warning")
    async with _simulated(port) as simulated:
        chosen = _for_sandbox(settings, port, simulated)
        await prepare(chosen)
        key = await _demo_key(chosen, port)
        api = make_server(chosen)
        with listen(_HOST, port) as listener:
            serve = asyncio.create_task(api.serve(sockets=[listener]))
            await api.ready.wait()
            connect = asyncio.create_task(_connect_and_sync(f"http://{_HOST}:{port}", key, simulated))
            await asyncio.wait({serve, connect}, return_when=asyncio.FIRST_COMPLETED)
            if not api.should_exit:
                _tell(out, f"http://{_HOST}:{port}", key, simulated, connect.result())
            await serve
            await asyncio.gather(connect, return_exceptions=True)  # what an early Ctrl-C broke off


def _for_sandbox(settings: Settings, port: int, simulated: Simulated) -> Settings:
    """The settings as they are, but for where this server and the simulated vendors are."""
    loopback = ip_network("127.0.0.0/8")
    return Settings.model_validate(
        {
            **settings.model_dump(),
            **simulated.settings,
            "public_url": f"http://{_HOST}:{port}",
            "allowed_private_networks": (*settings.allowed_private_networks, loopback),
        }
    )


@asynccontextmanager
async def _simulated(port: int) -> AsyncGenerator[Simulated]:
    today = datetime.now(UTC).date()
    vendors = sandbox.vendors(today)
    apps: list[ASGIApp] = [sandbox.caldav_account(today), sandbox.feeds(today).app, *vendors]
    ports = range(port + 1, port + 1 + len(apps))
    try:
        async with AsyncExitStack() as stack:
            caldav, ics, *bases = [
                await stack.enter_async_context(serving(app, port=each)) for app, each in zip(apps, ports, strict=True)
            ]
            chosen = {
                name.lower(): value
                for vendor, base in zip(vendors, bases, strict=True)
                for name, value in vendor.settings(base).items()
            }
            yield Simulated(caldav, f"{ics}/feeds/days-off.ics", chosen)
    except OSError as error:
        raise CalendarSyncError(
            f"Ports {port} to {ports[-1]} are needed and one is taken; choose others: make run PORT=8080"
        ) from error


async def _demo_key(settings: Settings, port: int) -> str:
    """A fresh key for the demo user; those of earlier sandboxes end.

    Each port has a user of its own: calendars simulated on other ports are away, and would only give errors.
    """
    email = f"demo-{port}@example.com"
    async with open_services(settings) as services:
        try:
            await services.access.create_user(email, "Sandbox", is_admin=True)
        except Conflict:
            await services.access.revoke_keys(email, name="sandbox")
        _, key = await services.access.create_key(email, "sandbox", None)
        return key


async def _connect_and_sync(address: str, key: str, simulated: Simulated) -> Mapping[str, object]:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
        for provider, credentials in _accounts(simulated).items():
            answer = await client.post(_CONNECTIONS, json={"provider": provider, "credentials": credentials})
            answer.raise_for_status()
            if "authorization_url" in answer.json():
                await _consent(answer.json()["authorization_url"])
        answer = await client.post("/graphql", json={"query": _SYNC})
        answer.raise_for_status()
        result: Mapping[str, object] = answer.json()["data"]["syncCalendars"]
        return result


async def _consent(authorization_url: str) -> None:
    """What the demo user does in a browser: the simulated vendor lets them in at once, and leads them back to us."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=60, trust_env=False) as browser:
        answer = await browser.get(authorization_url, headers={"Accept": "application/json"})
        answer.raise_for_status()


def _accounts(simulated: Simulated) -> dict[str, dict[str, str]]:
    return {
        "caldav": {"url": simulated.caldav, "username": sandbox.USER, "password": sandbox.PASSWORD},
        "ics": {"url": simulated.feed},
        "google_calendar": {},
        "outlook_calendar": {},
    }


def _tell(out: TextIO, address: str, key: str, simulated: Simulated, result: Mapping[str, object]) -> None:
    event = f"{simulated.caldav}/demo/work/lunch.ics"
    lines = (
        "",
        f"SyncResult  {json.dumps(result)}",
        "",
        f"GraphiQL    {address}/graphql",
        f"REST docs   {address}/docs",
        f"API key     {key}",
        "",
        "Change an event in the simulated calendar, then sync again:",
        "",
        f"  curl -su demo:demo {event} | sed 's/Lunch/Dinner/' | curl -su demo:demo -T - {event}",
        f"  curl -sX POST {address}/v1/meeting-buddy/calendar/sync -H 'Authorization: Bearer {key}'",
        "",
        "Ctrl-C ends it.",
    )
    print(*lines, sep="\n", file=out, flush=True)
