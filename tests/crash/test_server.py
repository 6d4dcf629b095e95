"""The server as a real process that is told to end in mid-sync, starts beside another one, or has a full disk."""

import asyncio
import resource
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.sync import RunStatus
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from simulators.ics.app import IcsSimulator
from simulators.server import serving
from tests.commands import Serving
from tests.crash.gate import Gate
from tests.crash.remains import remains
from tests.databases import a_migrated_file
from tests.web.door import SYNC, TOMORROW, code_of

LOOPBACK = "127.0.0.0/8"


@dataclass(frozen=True)
class Account:
    """A user of ours with a key, and a connected feed that was never read."""

    url: str
    key: str
    actor: Actor
    connection: Connection


async def an_account(url: str, feed: str) -> Account:
    settings = Settings(database_url=url, allowed_private_networks=LOOPBACK)  # type: ignore[arg-type]  # as it is typed
    async with open_services(settings) as services:
        user = await services.access.create_user("ada@example.com")
        _, key = await services.access.create_key("ada@example.com")
        actor = Actor(user.id, user.organization_id)
        connected = await services.connections.connect(actor, "ics", {"url": feed})
    return Account(url, key, actor, connected.connection)


@asynccontextmanager
async def a_server(folder: Path, url: str) -> AsyncIterator[Serving]:
    server = await asyncio.to_thread(Serving, folder, DATABASE_URL=url)
    try:
        yield server
    finally:
        if not server.has_ended:
            await asyncio.to_thread(server.end, signal.SIGKILL)


def asking(server: Serving, account: Account) -> httpx.AsyncClient:
    headers = {"x-api-key": account.key}
    return httpx.AsyncClient(base_url=server.address, headers=headers, trust_env=False, timeout=30)


async def test_a_server_that_is_told_to_end_hands_back_what_it_reads_from_a_slow_provider(tmp_path: Path) -> None:
    simulator, gate = IcsSimulator(), Gate("/feeds/slow.ics", number=2)
    simulator.feed("slow").put("a", start=TOMORROW)
    url = a_migrated_file(tmp_path)
    async with serving(gate.around(simulator.app)) as provider:
        account = await an_account(url, f"{provider}/feeds/slow.ics")
        async with a_server(tmp_path, url) as server, asking(server, account) as client:
            syncing = asyncio.create_task(client.post(SYNC))
            await gate.reached.wait()
            told_at = time.monotonic()
            status, log = await asyncio.to_thread(server.end, signal.SIGTERM)
            took = time.monotonic() - told_at
            answer = await syncing
        left = await remains(url, account.actor, account.connection, TOMORROW)

    assert (status, code_of(answer)) == (0, "STORE_UNAVAILABLE")
    assert "Traceback" not in log
    assert took < 10
    assert [run.status for run in left.runs] == [RunStatus.ABANDONED]
    assert not left.is_leased
    assert left.objects == {}


async def test_a_full_disk_is_told_of_and_got_over(tmp_path: Path) -> None:
    simulator = IcsSimulator()
    for number in range(500):
        simulator.feed("large").put(f"e{number}", summary="Planning" * 20, start=TOMORROW)
    url = a_migrated_file(tmp_path)
    async with serving(simulator.app) as provider:
        account = await an_account(url, f"{provider}/feeds/large.ics")
        async with a_server(tmp_path, url) as server, asking(server, account) as client:
            room = (tmp_path / "store.db").stat().st_size
            _let_files_grow_to(server, room)
            refused = await client.post(SYNC)
            _let_files_grow_to(server, resource.RLIM_INFINITY)
            synced = await client.post(SYNC)
            status, log = await asyncio.to_thread(server.end, signal.SIGTERM)

    assert (refused.status_code, code_of(refused)) == (503, "STORE_UNAVAILABLE")
    assert "nothing was written" in refused.json()["error"]["message"]
    assert (synced.json()["new_events"], synced.json()["errors"]) == (500, [])
    assert (status, "Traceback" in log) == (0, False)


def _let_files_grow_to(server: Serving, size: int) -> None:
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def test_two_servers_that_start_at_once_make_one_store(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    servers = await asyncio.gather(*(asyncio.to_thread(Serving, tmp_path, DATABASE_URL=url) for _ in range(2)))

    async with httpx.AsyncClient(trust_env=False) as client:
        ready = [await client.get(f"{server.address}/health/ready") for server in servers]
    ended = await asyncio.gather(*(asyncio.to_thread(server.end, signal.SIGTERM) for server in servers))

    assert [answer.status_code for answer in ready] == [200, 200]
    assert [status for status, _ in ended] == [0, 0]
