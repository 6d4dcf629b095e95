"""The pages on changes and on time travel say what is so: their examples are run."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from graphql import parse, validate

from calendar_sync.settings import Settings
from calendar_sync.store.database import Database
from schema import limits
from schema.root import schema
from schema.types.failures import ErrorCode
from tests.docs import shell
from tests.schema.asking import CONNECT_FEED, SYNC
from tests.web.live import LiveServer, a_live_server

DOCS = Path(__file__).parents[2] / "docs"
CHANGES, TIME_TRAVEL = (DOCS / "changes.md").read_text(), (DOCS / "time-travel.md").read_text()
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize("example", [*shell.blocks(CHANGES, "graphql"), *shell.blocks(TIME_TRAVEL, "graphql")])
def test_every_example_is_an_operation_of_this_schema(example: str) -> None:
    document = parse(example)

    assert validate(schema._schema, document) == []
    limits.check(limits.measure(document, document.definitions[0], {}, limits.sizes_of(schema._schema)))  # type: ignore[arg-type] # an operation


def test_the_pages_name_what_there_is() -> None:
    days = Settings.model_fields["change_history_days"].default
    for page in (CHANGES, TIME_TRAVEL):
        assert f"`CALENDAR_SYNC_CHANGE_HISTORY_DAYS` ({days})" in page
    assert {"CURSOR_COMPACTED", "CURSOR_UNKNOWN", "HISTORY_COMPACTED"} <= set(ErrorCode.__members__)


async def test_the_consumer_keeps_up_and_begins_anew_when_its_place_is_gone(sqlite_url: str) -> None:
    async with a_live_server(sqlite_url) as server, connected(server) as client, asyncio.timeout(60):
        feed = server.feeds.feed("consumed")
        feed.put("a", summary="Lunch", start=TOMORROW)
        await ask(client, CONNECT_FEED, url=f"{server.feeds_address}/feeds/consumed.ics")
        await ask(client, SYNC)
        async with consumer(server) as following:
            assert await following.line() == "Lunch"
            feed.put("b", summary="Talk", start=TOMORROW)
            await ask(client, SYNC)
            assert await following.line() == "Lunch, Talk"
            feed.put("a", summary="Dinner", start=TOMORROW)
            feed.remove("b")
            await ask(client, SYNC)
            assert await following.line() == "Dinner"
            following.process.send_signal(signal.SIGSTOP)
            feed.put("a", summary="Supper", start=TOMORROW)
            await ask(client, SYNC)
            await forget_all_changes(sqlite_url)
            following.process.send_signal(signal.SIGCONT)
            assert await following.line() == "Supper"


@asynccontextmanager
async def connected(server: LiveServer) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the server's user."""
    async with httpx.AsyncClient(base_url=server.address, headers={"x-api-key": server.key}) as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str, **variables: object) -> Mapping[str, object]:
    answer = await client.post("/graphql", json={"query": query, "variables": variables}, timeout=30)
    assert "errors" not in answer.json(), answer.text
    data: Mapping[str, object] = answer.json()["data"]
    return data


@asynccontextmanager
async def consumer(server: LiveServer) -> AsyncGenerator["Consumer"]:
    """The program of the page, which asks more often here."""
    (program,) = shell.blocks(CHANGES, "python")
    program = program.replace("http://127.0.0.1:8000", server.address).replace("sleep(5)", "sleep(0.1)")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, env={**os.environ, "API_KEY": server.key}
    )
    try:
        yield Consumer(process)
    finally:
        process.kill()
        await process.wait()


@dataclass(frozen=True)
class Consumer:
    process: asyncio.subprocess.Process

    async def line(self) -> str:
        """The next that it prints."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()


async def forget_all_changes(url: str) -> None:
    """As if they were too old."""
    database = await Database.open(url)
    async with database.begin() as tx:
        assert await tx.changes.compact(TOMORROW, 1000)
    await database.close()
