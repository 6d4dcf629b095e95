"""What one user and one socket may have open, what a slow reader costs, and how it all ends."""

import asyncio
import logging
import socket
from contextlib import AsyncExitStack

import pytest

from calendar_sync.web import sockets
from schema.socket import MOST_OPERATIONS
from tests.schema.streams import CANARY, Streaming, streaming
from tests.schema.talking import opened, refusal_in, talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_one_operation_too_many_is_refused_and_the_others_go_on(site: Streaming) -> None:
    async with talking(site.address, await site.key()) as talk:
        for number in range(500):
            await talk.subscribe(str(number), "subscription { never }")
        refusals = [await talk.heard() for _ in range(500 - MOST_OPERATIONS)]
        await talk.complete("0")

        again = await talk.answers("0", "{ hello }")

    assert [message["id"] for message in refusals] == [str(number) for number in range(MOST_OPERATIONS, 500)]
    assert {refusal_in(one, one["id"])["extensions"]["code"] for one in refusals} == {"TOO_MANY_OPERATIONS"}
    assert again == [{"data": {"hello": "world"}}]


async def test_however_an_operation_ends_another_may_take_its_place(site: Streaming) -> None:
    async with talking(site.address, await site.key()) as talk:
        for _ in range(MOST_OPERATIONS + 1):
            await talk.refusal("a", "{")
            await talk.subscribe("a", 'subscription { breaking(how: "told") }')
            assert [(await talk.heard())["type"] for _ in range(2)] == ["next", "error"]
            await talk.subscribe("a", "subscription { never }")
            await talk.complete("a")
        for number in range(MOST_OPERATIONS - 1):
            await talk.subscribe(str(number), "subscription { never }")

        assert await talk.answers("a", "subscription { count(to: 1) }") == [{"data": {"count": 1}}]


async def test_a_user_has_so_many_sockets_and_others_are_not_concerned(site: Streaming) -> None:
    key, other = await site.key(), await site.key()
    async with AsyncExitStack() as stack:
        talks = [await stack.enter_async_context(talking(site.address, key)) for _ in range(sockets.MOST_OF_ONE_USER)]
        async with opened(site.address) as one_more:
            await one_more.introduce({"x-api-key": key})
            code, reason = await one_more.closed(), one_more.reason
        await stack.enter_async_context(talking(site.address, other))
        await talks[0].socket.close()

        await until_free(site, key)

    assert (code, reason) == (1013, "A user may have 20 WebSockets open at a time.")


async def until_free(site: Streaming, key: str) -> None:
    """The server hears of a closed socket soon."""
    async with asyncio.timeout(5):
        while True:
            async with opened(site.address) as talk:
                await talk.introduce({"x-api-key": key})
                if (await talk.socket.recv()) == '{"type":"connection_ack"}':
                    return


async def test_each_operation_counts_like_a_request(sqlite_url: str) -> None:
    limit = {"rate_limit_per_minute": 3}
    async with streaming(sqlite_url, **limit) as site, talking(site.address, await site.key()) as talk:
        answered = [await talk.answers(name, "{ hello }") for name in "ab"]
        error = await talk.refusal("c", "{ hello }")

    assert len(answered) == 2
    assert error["extensions"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert error["message"] == "Too many requests; please slow down. Try again in 20 seconds."


async def test_one_who_connects_too_often_is_told_to_come_back(sqlite_url: str) -> None:
    async with streaming(sqlite_url, rate_limit_per_minute=1) as site:
        key = await site.key()
        async with talking(site.address, key), opened(site.address) as again:
            await again.introduce({"x-api-key": key})

            assert (await again.closed(), again.reason) == (1013, "Too many requests; please slow down.")


async def sent_until_it_stalls(site: Streaming) -> int:
    """How many events the torrent comes to."""
    before, now = 0, 0
    while not now or now > before:
        await asyncio.sleep(0.1)
        before, now = now, site.stage.sent
    return now


async def test_a_client_that_does_not_read_is_waited_for(site: Streaming) -> None:
    site.stage.ended.clear()
    async with talking(site.address, await site.key()) as talk:
        talk.socket.transport.pause_reading()
        await talk.subscribe("a", "subscription { torrent }")
        now = await sent_until_it_stalls(site)
        talk.socket.transport.resume_reading()
        await talk.heard()
        talk.socket.transport.abort()

    assert now * 10_000 < 10 * 1024 * 1024  # what the kernel's buffers hold, and no more
    await asyncio.wait_for(site.stage.ended.wait(), 5)


async def test_a_client_that_does_not_read_is_not_read_from(site: Streaming) -> None:
    """Each ping is answered by the server's protocol, whoever reads the answers."""
    pings = b"\x89\xfd\0\0\0\0" + bytes(125)
    async with talking(site.address, await site.key()) as talk:
        transport = talk.socket.transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        transport.pause_reading()

        transport.write(pings * 200_000)
        unsent, before = transport.get_write_buffer_size(), None
        while unsent != before:
            await asyncio.sleep(0.2)
            unsent, before = transport.get_write_buffer_size(), unsent
        transport.abort()

    assert unsent > 0


async def test_one_who_answers_no_ping_is_gone(sqlite_url: str) -> None:
    async with streaming(sqlite_url, ping_every=0.1) as site, talking(site.address, await site.key()) as talk:
        await talk.subscribe("a", "subscription { never }")
        await site.stage.begun.wait()

        talk.socket.transport.pause_reading()

        await asyncio.wait_for(site.stage.ended.wait(), 5)
        talk.socket.transport.abort()


async def test_one_who_answers_pings_stays(sqlite_url: str) -> None:
    async with (
        streaming(sqlite_url, ping_every=0.05, patience=20) as site,
        talking(site.address, await site.key()) as talk,
    ):
        await asyncio.sleep(0.3)

        assert await talk.answers("a", "{ hello }") == [{"data": {"hello": "world"}}]


async def gone(site: Streaming) -> None:
    """Until no connection is left, not even a deaf one's."""
    while site.server.server_state.connections:  # noqa: ASYNC110 - the server does the same
        await asyncio.sleep(0.02)


async def test_a_server_that_ends_sends_all_away(sqlite_url: str) -> None:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(streaming(sqlite_url))
        talk = await stack.enter_async_context(talking(site.address, await site.key()))
        silent = await stack.enter_async_context(opened(site.address))
        deaf = await stack.enter_async_context(talking(site.address, await site.key()))
        await talk.subscribe("a", "subscription { never }")
        deaf.socket.transport.pause_reading()
        await deaf.subscribe("a", "subscription { torrent }")
        await sent_until_it_stalls(site)

        site.server.should_exit = True

        assert (await talk.closed(), await silent.closed()) == (1001, 1001)
        await asyncio.wait_for(gone(site), 3)
        deaf.socket.transport.abort()


async def test_an_operation_is_a_line_in_the_log_and_what_is_said_is_not(
    site: Streaming, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "calendar_sync")
    key = await site.key()
    async with talking(site.address, key) as talk:
        await talk.answers("a", "subscription { count(to: 2) }")
        error = await talk.refusal("b", "{ wrong }")

    first, second = (record.__dict__ for record in caplog.records if record.getMessage() == "operation")
    assert (first["kind"], first["answers"], first["error_code"]) == ("subscription", 2, None)
    assert (second["kind"], second["error_code"]) == ("query", "GRAPHQL_VALIDATION_FAILED")
    assert first["socket"] == second["socket"]
    assert error["extensions"]["trace_id"] != second["socket"]
    assert key not in str([record.__dict__ for record in caplog.records])


async def test_a_fault_of_the_server_is_masked_and_logged(site: Streaming, caplog: pytest.LogCaptureFixture) -> None:
    async with talking(site.address, await site.key()) as talk:
        await talk.subscribe("a", 'subscription { breaking(how: "badly") }')
        answer, error = await talk.heard(), refusal_in(await talk.heard(), "a")

    assert answer["payload"] == {"data": {"breaking": 1}}
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert CANARY not in str(error)
    assert caplog.text.count(f"RuntimeError: {CANARY}") == 1
