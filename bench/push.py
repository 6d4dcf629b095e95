"""From a change at a vendor to the stored change: by push, beside a sync asked for right after the same change.

The vendors are simulators in processes of their own, the server is the whole program, and all of it speaks HTTP.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import quote

import httpx

from bench.simulated import a_simulator
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.server import listen, make_server, prepare
from calendar_sync.services import Services
from calendar_sync.settings import Settings

_LOOK_EVERY = 0.02
_PATIENCE = 30.0
_CONNECTIONS = "/v1/meeting-buddy/calendar/connections"
_START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Latencies:
    """In seconds."""

    what: str
    found: Sequence[float]

    @property
    def p95(self) -> float:
        return quantiles(self.found, n=20, method="inclusive")[-1]

    def row(self, reference: "Latencies") -> str:
        p50 = quantiles(self.found, n=2, method="inclusive")[0]
        ratio = self.p95 / reference.p95
        return f"{self.what:44} {len(self.found):7} {p50:8.3f} {self.p95:8.3f} {max(self.found):8.3f} {ratio:14.2f}"


@dataclass(frozen=True, slots=True)
class Simulated:
    """A vendor's simulator, steered over HTTP; an event of it, but for its title."""

    provider: str
    base: str
    http: httpx.AsyncClient
    title: str
    event: Mapping[str, Any]

    async def control(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        answer = await self.http.request(method, f"{self.base}/_control/{path}", json=content)
        return answer.raise_for_status().json() if answer.content else None

    async def add_account(self, email: str) -> "Watched":
        await self.control("POST", "accounts", {"email": email, "name": "Bench"})
        events = f"calendars/{quote(email)}/events"
        made = await self.control("PUT", events, {self.title: "At first", **self.event})
        return Watched(self, email, f"{events}/{quote(made['id'], safe='')}")


@dataclass(frozen=True, slots=True)
class Watched:
    """An account with one event."""

    vendor: Simulated
    email: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.vendor.provider} {self.email}"

    async def change(self, title: str) -> None:
        await self.vendor.control("PATCH", self.path, {self.vendor.title: title})


@dataclass(frozen=True, slots=True)
class Bench:
    """`connections` are those made, by account."""

    services: Services
    actor: Actor
    client: httpx.AsyncClient
    connections: dict[str, ConnectionId] = field(default_factory=dict)

    async def connect(self, account: Watched) -> None:
        wanted = {"provider": account.vendor.provider, "credentials": {"login_hint": account.email}}
        begun = (await self.client.post(_CONNECTIONS, json=wanted)).raise_for_status().json()
        headers = {"accept": "application/json"}
        back = await account.vendor.http.get(begun["authorization_url"], headers=headers, follow_redirects=True)
        self.connections[account.name] = ConnectionId(back.raise_for_status().json()["credential_id"])

    async def pushed(self, accounts: Sequence[Watched], title: str) -> Sequence[float]:
        """Of connections that are not being synced already, all changed at once."""
        await self.services.sync.settled()
        since = time.perf_counter()
        await asyncio.gather(*(account.change(f"{title} {account.name}") for account in accounts))
        return await self._stored({f"{title} {account.name}" for account in accounts}, since)

    async def asked(self, accounts: Sequence[Watched], title: str) -> Sequence[float]:
        """The same without waiting for push: a sync of the connections, asked for at once."""
        await self.services.sync.settled()
        since = time.perf_counter()
        await asyncio.gather(*(account.change(f"{title} {account.name}") for account in accounts))
        await self.services.sync.sync(self.actor, [self.connections[account.name] for account in accounts])
        return await self._stored({f"{title} {account.name}" for account in accounts}, since)

    async def _stored(self, titles: set[str], since: float) -> Sequence[float]:
        """Seconds from `since` until an event of each title was seen in the store, by one who looks again and again."""
        found: list[float] = []
        while titles:
            async with self.services.database.begin(write=False) as tx:
                page = await tx.events.page(self.actor, OccurrenceFilter(), limit=1_000)
            seen = titles & {str(each.title) for each in page.items}
            elapsed = time.perf_counter() - since
            found += [elapsed] * len(seen)
            titles -= seen
            if elapsed > _PATIENCE:
                raise TimeoutError(f"Not stored within {_PATIENCE} s: {', '.join(sorted(titles))}.")
            await asyncio.sleep(_LOOK_EVERY)
        return found


async def push_table(folder: Path, changes: int, accounts: int) -> str:
    """`changes` of one account of each vendor one after the other, then of `accounts` of each at once."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=60))
        vendors = [await stack.enter_async_context(each) for each in (_google(http), _microsoft(http))]
        bench = await stack.enter_async_context(_serving(folder, http, vendors))
        watched = [await v.add_account(f"bench{n}@example.com") for n in range(accounts) for v in vendors]
        for account in watched:
            await bench.connect(account)
        (await bench.client.post("/v1/meeting-buddy/calendar/sync")).raise_for_status()
        await bench.services.sync.settled()
        firsts = {account.vendor.provider: [account] for account in reversed(watched)}
        few = max(1, changes // 10)
        reference = Latencies("asked for, one after the other", await _repeated(watched[:1], changes, bench.asked))
        found = [
            reference,
            *[
                Latencies(f"{provider}, pushed, one after the other", await _repeated(first, changes, bench.pushed))
                for provider, first in firsts.items()
            ],
            Latencies(f"asked for, {len(watched)} accounts at once", await _repeated(watched, few, bench.asked)),
            Latencies(f"pushed, {len(watched)} accounts at once", await _repeated(watched, few, bench.pushed)),
        ]
    head = f"{'':44} {'changes':>7} {'p50 s':>8} {'p95 s':>8} {'max s':>8} {'p95 / asked for':>14}"
    return "\n".join([head, *(each.row(reference) for each in found)])


Measure = Callable[[Sequence[Watched], str], Awaitable[Sequence[float]]]


async def _repeated(accounts: Sequence[Watched], times: int, measure: Measure) -> Sequence[float]:
    return [each for turn in range(times) for each in await measure(accounts, f"{measure.__name__} {turn}")]


@asynccontextmanager
async def _google(http: httpx.AsyncClient) -> AsyncGenerator[Simulated]:
    times = {name: {"dateTime": moment.isoformat(), "timeZone": "UTC"} for name, moment in _times().items()}
    async with a_simulator("google") as base:
        vendor = Simulated("google_calendar", base, http, "summary", times)
        await vendor.control("PATCH", "quirks", {"consent": "grant"})
        yield vendor


@asynccontextmanager
async def _microsoft(http: httpx.AsyncClient) -> AsyncGenerator[Simulated]:
    times = {n: {"dateTime": f"{m:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"} for n, m in _times().items()}
    async with a_simulator("microsoft") as base:
        vendor = Simulated("outlook_calendar", base, http, "subject", times)
        await vendor.control("PATCH", "quirks", {"consent": "grant"})
        yield vendor


def _times() -> Mapping[str, datetime]:
    return {"start": _START, "end": _START + timedelta(hours=1)}


@asynccontextmanager
async def _serving(folder: Path, http: httpx.AsyncClient, vendors: Sequence[Simulated]) -> AsyncGenerator[Bench]:
    """The server as `calendar-sync serve` has it, and a user with a key."""
    with listen("127.0.0.1", 0) as listener:
        address = "http://{}:{}".format(*listener.getsockname()[:2])
        chosen = {
            name.lower(): value
            for vendor in vendors
            for name, value in (await vendor.control("GET", "settings")).items()
        }
        database_url = f"sqlite+aiosqlite:///{folder / 'push.db'}"
        settings = Settings.model_validate({"database_url": database_url, "public_url": address, **chosen})
        await prepare(settings)
        server = make_server(settings)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        services: Services = server.lifespan.state["services"]
        user = await services.access.create_user("bench@example.com", None, is_admin=False)
        _, key = await services.access.create_key("bench@example.com", "bench", None)
        headers = {"Authorization": f"Bearer {key}"}
        try:
            async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=60) as client:
                yield Bench(services, Actor(user.id, user.organization_id), client)
        finally:
            server.should_exit = True
            await serving
