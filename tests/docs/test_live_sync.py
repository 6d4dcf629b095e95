"""What the page on following a sync shows is answered, and its program runs."""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx
import pytest

from calendar_sync.domain.schedule import SyncState
from calendar_sync.domain.sync import CalendarState, RunStatus
from tests.commands import ROOT
from tests.docs import shell
from tests.schema.asking import CONNECT_FEED
from tests.schema.talking import talking
from tests.web.live import LiveServer, a_live_server

PAGE = (ROOT / "docs" / "live-sync.md").read_text()
START, FOLLOW = shell.blocks(PAGE, "graphql")
(PROGRAM,) = shell.blocks(PAGE, "python")


@pytest.fixture
async def server(sqlite_url: str) -> AsyncGenerator[LiveServer]:
    async with a_live_server(sqlite_url) as server:
        async with httpx.AsyncClient(base_url=server.address, headers={"x-api-key": server.key}) as client:
            feed = {"url": f"{server.feeds_address}/feeds/days-off.ics"}
            await client.post("/graphql", json={"query": CONNECT_FEED, "variables": feed})
        yield server


async def test_a_sync_is_started_and_followed_as_it_says(server: LiveServer) -> None:
    async with talking(server.address.removeprefix("http://"), server.key) as talk:
        await talk.subscribe("follow", FOLLOW)
        first = (await talk.heard())["payload"]["data"]["syncProgress"]
        await talk.subscribe("start", START)
        heard = [await talk.heard()]
        while not is_last(heard[-1]):
            heard.append(await talk.heard())

    assert (first["state"], first["run"]) == ("WAITING", None)
    (started,) = [each["payload"]["data"]["syncCalendars"] for each in heard if is_answer(each)]
    assert ([each["id"] for each in started["pending"]], started["errors"]) == ([first["connectionId"]], [])
    last = heard[-1]["payload"]["data"]["syncProgress"]["run"]
    assert (last["status"], last["newEvents"] > 0) == ("SUCCEEDED", True)
    assert [(each["state"], each["newEvents"]) for each in last["calendars"]] == [("SYNCED", last["newEvents"])]


def is_answer(message: Mapping[str, Any]) -> bool:
    return (message["id"], message["type"]) == ("start", "next")


def is_last(message: Mapping[str, Any]) -> bool:
    if message["id"] != "follow":
        return False
    progress = message["payload"]["data"]["syncProgress"]
    return bool(progress["state"] == "WAITING" and progress["run"])


async def test_the_program_follows_an_account_until_it_is_read(server: LiveServer) -> None:
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
