"""A server on PostgreSQL is let in as a role of its own, and one that runs outlives a migration to the next version."""

import asyncio
import json
import signal
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from simulators.ics.app import IcsSimulator
from simulators.ics.feeds import Feed
from simulators.server import serving
from tests.commands import Run, Serving, process_logging, run, told
from tests.databases import APPLICATION, OWNER, PostgreSQL, sqlite_url
from tests.web.door import CONNECTIONS, EVENTS, SYNC, TOMORROW

__all__ = ["process_logging", "run"]

KEYS = urlsafe_b64encode(b"k" * 32).decode()


@contextmanager
def served(folder: Path, url: str) -> Generator[Serving]:
    server = Serving(folder, DATABASE_URL=url, ENCRYPTION_KEYS=KEYS)
    try:
        yield server
    finally:
        server.end(signal.SIGTERM)


def a_key(run: Run, url: str) -> str:
    """Of a new user in an organisation of their own."""
    name, settings = token_hex(4), {"DATABASE_URL": url, "ENCRYPTION_KEYS": KEYS}
    run("users", "create", f"{name}@example.com", "--organization", name, **settings)
    key: str = json.loads(run("keys", "create", f"{name}@example.com", **settings).out)["api_key"]
    return key


@asynccontextmanager
async def a_feed() -> AsyncGenerator[tuple[Feed, dict[str, object]]]:
    """An empty one, and the request to connect it."""
    simulator = IcsSimulator()
    async with serving(simulator.app) as address:
        feed = simulator.feed("feed")
        yield feed, {"provider": "ics", "credentials": {"url": f"{address}/feeds/{feed.name}.ics"}}


def asking(server: Serving, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.address, headers={"x-api-key": key}, timeout=30)


async def synced(client: httpx.AsyncClient) -> list[str]:
    """The titles of all events, after a sync."""
    result = await client.post(SYNC)
    assert (result.status_code, result.json()["errors"]) == (200, []), result.text
    return sorted(item["title"] for item in (await client.get(EVENTS)).json()["items"])


@dataclass(frozen=True)
class Store:
    """A migrated store, its addresses for its owner and for a server, and keys of users of two organisations."""

    owned: str
    url: str
    keys: tuple[str, str]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Generator[Store]:
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "store.db")
        assert run("migrate", DATABASE_URL=url).status == 0
        yield Store(url, url, (a_key(run, url), a_key(run, url)))
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.an_empty_database() as owned:
        url = str(make_url(owned).set(username=APPLICATION))
        assert run("migrate", "--application-role", APPLICATION, DATABASE_URL=owned).status == 0
        yield Store(owned, url, (a_key(run, url), a_key(run, url)))


async def warnings(url: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a process is warned of when it starts."""
    caplog.clear()
    async with open_services(Settings(database_url=url, encryption_keys=SecretStr(KEYS))) as services:
        await services.expect_sound()
    return caplog.messages


async def test_a_server_that_row_level_security_does_not_bind_is_warned_of(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await warnings(postgresql_url, caplog) == []
    (warning,) = await warnings(str(make_url(postgresql_url).set(username=OWNER)), caplog)
    assert "BYPASSRLS" in warning
    assert "calendar-sync migrate --application-role" in warning


EXPANSION = (
    "ALTER TABLE events ADD COLUMN remarks TEXT NOT NULL DEFAULT 'none'",
    "ALTER TABLE connections ADD COLUMN remarks TEXT",
    "CREATE TABLE remarks (user_id TEXT REFERENCES users, remark TEXT)",
    "UPDATE alembic_version SET version_num = '9999_of_the_future'",
)


async def expand(url: str) -> None:
    """As the migration of a later version may."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in EXPANSION:
            await connection.execute(text(statement))
    await engine.dispose()


async def test_a_server_works_and_goes_on_while_the_store_is_brought_to_the_next_version(
    store: Store, tmp_path: Path
) -> None:
    ours, theirs = store.keys
    async with a_feed() as (feed, request):
        with served(tmp_path, store.url) as server:
            async with asking(server, ours) as our, asking(server, theirs) as their:
                feed.put("a", summary="Planning", start=TOMORROW)
                assert (await our.post(CONNECTIONS, json=request)).status_code == 201
                assert await synced(our) == ["Planning"]

                await expand(store.owned)

                assert (await our.get("/health/ready")).status_code == 200
                feed.put("a", summary="Planned", start=TOMORROW)
                feed.put("b", summary="Review", start=TOMORROW)
                assert await synced(our) == ["Planned", "Review"]
                assert await synced(their) == []
                (connection,) = (await our.get(CONNECTIONS)).json()["connections"]
                path = f"{CONNECTIONS}/{connection['credential_id']}"
                assert (await their.delete(path)).status_code == 404
                assert (await our.delete(path)).is_success
                assert await synced(our) == []


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("serve", "--no-worker"), ("worker",), ("migrate",)])
def test_a_program_that_is_older_than_the_store_does_not_start(
    run: Run, postgresql: PostgreSQL, command: tuple[str, ...]
) -> None:
    with postgresql.a_migrated_database() as url:
        asyncio.run(expand(owned := str(make_url(url).set(username=OWNER))))
        for address in (owned, url):
            assert "newer version" in told(run(*command, DATABASE_URL=address, ENCRYPTION_KEYS=KEYS))
