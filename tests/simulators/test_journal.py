"""The journal of requests: who asked, by which connection, from when to when."""

import asyncio
import time

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.journal import Entry, Journal
from simulators.server import serving


async def teapot(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=418)(scope, receive, send)


def journal(latency: float = 0.0) -> Journal:
    return Journal(teapot, whose, lambda: latency)


def whose(request: Request) -> str:
    return request.url.path.removeprefix("/")


async def entries_of(journal: Journal, *clients: tuple[str, ...]) -> list[Entry]:
    """What stands in it after clients have each asked for these, one after the other."""
    async with serving(journal) as address:
        for names in clients:
            async with httpx.AsyncClient(trust_env=False) as client:
                for name in names:
                    await client.get(f"{address}/{name}")
    return journal.entries


async def test_an_entry_says_whose_data_was_asked_for_and_what_was_answered() -> None:
    (entry,) = await entries_of(journal(), ("ada",))

    assert (entry.account, entry.method, entry.status) == ("ada", "GET", 418)


async def test_requests_by_one_connection_have_one_client() -> None:
    first, second, other = await entries_of(journal(), ("ada", "ada"), ("ada",))

    assert first.client == second.client != other.client


async def test_an_entry_lasts_from_the_request_to_the_answer() -> None:
    before = time.time()

    (entry,) = await entries_of(journal(latency=0.05), ("ada",))

    assert entry.ended is not None
    assert before <= entry.began <= entry.ended - 0.04
    assert entry.ended <= time.time()


async def test_a_request_under_way_has_begun_and_not_ended() -> None:
    begun = asyncio.Event()

    def latency() -> float:
        begun.set()
        return 60

    kept = Journal(teapot, whose, latency)
    async with serving(kept) as address, httpx.AsyncClient(trust_env=False) as client:
        asking = asyncio.create_task(client.get(address))
        await begun.wait()
        (entry,) = kept.entries
        assert (entry.ended, entry.status) == (None, None)
        asking.cancel()
