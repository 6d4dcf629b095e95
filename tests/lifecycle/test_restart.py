"""PostgreSQL goes away in mid-sync and comes back: nobody has to be restarted, and nothing is stored twice."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest

from tests.lifecycle.office import ALL_NEW, an_office
from tests.lifecycle.postgresql import OwnServer, an_own_server
from tests.web.door import SYNC, code_of


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnServer]:
    with an_own_server(tmp_path) as server:
        yield server


@pytest.mark.parametrize(("mode", "page_comes"), [("fast", "while it is away"), ("immediate", "when it is back")])
async def test_a_postgresql_that_restarts_in_mid_sync_is_survived(
    tmp_path: Path, own: OwnServer, mode: Literal["fast", "immediate"], page_comes: str
) -> None:
    async with an_office(tmp_path, own.url) as office:
        empty = await office.look()
        server, worker = await office.server("--no-worker"), await office.worker()
        async with office.asking(server) as client:
            syncing = asyncio.create_task(client.post(SYNC))
            await office.gate.reached.wait()

            await asyncio.to_thread(own.stop, mode)
            away = await client.get("/health/ready")
            if page_comes == "while it is away":
                office.gate.opened.set()
            await asyncio.to_thread(own.start)
            back = await client.get("/health/ready")
            office.gate.opened.set()
            first, second = await syncing, await client.post(SYNC)
        after = await office.expect_equal_to_provider(empty)
        ended = [await asyncio.to_thread(process.end, signal.SIGTERM) for process in (server, worker)]

    assert (away.status_code, code_of(away), back.status_code) == (503, "STORE_UNAVAILABLE", 200)
    _expect_clear(first)
    assert (second.status_code, second.json()["errors"]) == (200, [])
    assert after.counted_since(empty) == ALL_NEW
    assert [(status, "Traceback" in log) for status, log in ended] == [(0, False)] * 2


def _expect_clear(answer: httpx.Response) -> None:
    """Whoever waited was told the result, or to try again."""
    if answer.status_code == 503:
        assert code_of(answer) == "STORE_UNAVAILABLE"
    else:
        assert (answer.status_code, answer.json()["errors"]) == (200, [])
