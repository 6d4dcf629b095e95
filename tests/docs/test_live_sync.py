"""What the page on following a sync shows is answered, and its program runs."""

import asyncio
import re
import sys
from contextlib import aclosing

import httpx
import pytest

from calendar_sync.domain.schedule import SyncState
from calendar_sync.domain.sync import CalendarState, RunStatus
from tests.commands import ROOT
from tests.docs import shell
from tests.resolvers.following import followed
from tests.schema.asking import CONNECT_FEED, asking
from tests.web.door import a_door
from tests.web.live import a_live_server

PAGE = (ROOT / "docs" / "live-sync.md").read_text()
START, FOLLOW = shell.blocks(PAGE, "graphql")
(PROGRAM,) = shell.blocks(PAGE, "python")


async def test_a_sync_is_started_and_followed_as_it_says(sqlite_url: str) -> None:
    async with a_door(sqlite_url) as door, asking(door) as ada:
        account = await ada.connect(door.feed())

        async with aclosing(followed(ada, FOLLOW, accounts=[account])) as told:
            first = await anext(told)
            started = (await ada.data(START))["syncCalendars"]
            async for last in told:
                if last["state"] == "WAITING":
                    break

    assert (first["connectionId"], first["state"], first["run"]) == (account, "WAITING", None)
    assert ([each["id"] for each in started["pending"]], started["errors"]) == ([account], [])
    assert last["run"]["status"] == "SUCCEEDED"
    assert [each["state"] for each in last["run"]["calendars"]] == ["SYNCED"]


async def test_the_program_follows_an_account_until_it_is_read(sqlite_url: str) -> None:
    async with a_live_server(sqlite_url) as server:
        async with httpx.AsyncClient(base_url=server.address, headers={"x-api-key": server.key}) as client:
            feed = {"url": f"{server.feeds_address}/feeds/days-off.ics"}
            await client.post("/graphql", json={"query": CONNECT_FEED, "variables": feed})
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROGRAM.replace("http://127.0.0.1:8000", server.address),
            env={"KEY": server.key},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await program.communicate()

    assert program.returncode == 0
    assert re.search(rb"SUCCEEDED [1-9]\d* events", printed.splitlines()[-1])


@pytest.mark.parametrize("words", [SyncState, CalendarState, RunStatus])
def test_every_state_is_explained(words: type[SyncState | CalendarState | RunStatus]) -> None:
    assert {word.name for word in words if f"`{word.name}`" not in PAGE} == set()
