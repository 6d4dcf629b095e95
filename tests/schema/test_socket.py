"""The protocol `graphql-transport-ws`, as a client meets it at the real server."""

import asyncio

import pytest

from tests.schema.streams import Streaming, streaming
from tests.schema.talking import PROTOCOL, Talk, opened, talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_subscription_answers_each_event_and_then_completes(talk: Talk) -> None:
    answers = await talk.answers("a", "subscription ($to: Int!) { count(to: $to) }", to=3)

    assert answers == [{"data": {"count": number}} for number in (1, 2, 3)]


async def test_queries_and_mutations_have_one_answer(site: Streaming, talk: Talk) -> None:
    site.stage.gate.set()

    assert await talk.answers("q", "{ hello }") == [{"data": {"hello": "world"}}]
    assert await talk.answers("m", "mutation { work }") == [{"data": {"work": True}}]


async def test_operations_go_on_beside_one_another_and_an_id_is_free_once_it_is_done(talk: Talk) -> None:
    await talk.subscribe("long", "subscription { never }")

    assert await talk.answers("a", "{ hello }") == await talk.answers("a", "{ hello }")


async def test_what_the_client_wants_no_more_ends_and_is_not_spoken_of(site: Streaming, talk: Talk) -> None:
    site.stage.ended.clear()
    site.stage.begun.clear()
    await talk.subscribe("a", "subscription { never }")
    await site.stage.begun.wait()

    await talk.complete("a")
    await talk.complete("of nothing")

    assert await talk.answers("a", "{ hello }") == [{"data": {"hello": "world"}}]
    await asyncio.wait_for(site.stage.ended.wait(), 5)


async def test_a_client_that_goes_takes_its_subscriptions_with_it(site: Streaming, key: str) -> None:
    site.stage.ended.clear()
    site.stage.begun.clear()
    async with talking(site.address, key) as talk:
        await talk.subscribe("a", "subscription { never }")
        await site.stage.begun.wait()

    await asyncio.wait_for(site.stage.ended.wait(), 5)


async def test_a_mutation_is_seen_through_although_its_client_is_gone(site: Streaming, key: str) -> None:
    site.stage.gate.clear()
    site.stage.done.clear()
    site.stage.begun.clear()
    async with talking(site.address, key) as talk:
        await talk.subscribe("a", "mutation { work }")
        await site.stage.begun.wait()

    site.stage.gate.set()

    await asyncio.wait_for(site.stage.done.wait(), 5)


async def test_a_ping_is_answered_before_and_after_the_introduction(site: Streaming, key: str) -> None:
    async with opened(site.address, headers={"x-api-key": key}) as talk:
        await talk.say({"type": "ping", "payload": {"from": "me"}})
        before = await talk.heard()
        await talk.introduce()
        ack = await talk.heard()
        await talk.say({"type": "pong"})
        await talk.say({"type": "ping"})
        after = await talk.heard()

    assert (before, ack, after) == ({"type": "pong"}, {"type": "connection_ack"}, {"type": "pong"})


async def test_an_operation_that_cannot_be_executed_is_an_error_and_the_socket_stays(talk: Talk) -> None:
    codes = [
        (await talk.refusal("a", query))["extensions"]["code"]
        for query in ("{", "{ nothing }", "subscription { count(to: 1) never }", "subscription { count(to: 1.5) }")
    ]

    assert codes == ["GRAPHQL_PARSE_FAILED", *["GRAPHQL_VALIDATION_FAILED"] * 3]
    assert await talk.answers("a", "{ hello }") == [{"data": {"hello": "world"}}]


@pytest.mark.parametrize("protocols", [("graphql-ws",), (), ("something",)])
async def test_any_other_protocol_is_refused_the_legacy_one_too(
    site: Streaming, key: str, protocols: tuple[str, ...]
) -> None:
    async with opened(site.address, protocols=protocols, headers={"x-api-key": key}) as talk:
        assert await talk.closed() == 4406


async def test_the_protocol_is_found_among_others(site: Streaming) -> None:
    async with opened(site.address, protocols=("graphql-ws", PROTOCOL)) as talk:
        assert talk.socket.subprotocol == PROTOCOL


async def test_whoever_does_not_introduce_themselves_in_time_is_sent_away(sqlite_url: str) -> None:
    async with streaming(sqlite_url, init_within=0.05) as site, opened(site.address) as talk:
        assert await talk.closed() == 4408


async def test_nothing_is_executed_before_the_introduction(site: Streaming, key: str) -> None:
    async with opened(site.address, headers={"x-api-key": key}) as talk:
        await talk.subscribe("a", "{ hello }")

        assert await talk.closed() == 4401


async def test_a_second_introduction_ends_it(site: Streaming, key: str) -> None:
    async with talking(site.address, key) as talk:
        await talk.introduce({"x-api-key": key})

        assert await talk.closed() == 4429


@pytest.mark.parametrize("name", ["a", "ü" * 500])
async def test_an_id_that_is_in_use_ends_it(talk: Talk, name: str) -> None:
    await talk.subscribe(name, "subscription { never }")
    await talk.subscribe(name, "{ hello }")

    assert await talk.closed() == 4409
    assert talk.reason.startswith(f"Subscriber for {name[:10]}")


GOOD = {"query": "{ hello }"}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "no JSON",
        '{"type": "ping"',
        "[" * 5000,
        b'{"type": "ping"}',
        [],
        "null",
        7,
        {},
        {"type": None},
        {"type": ["ping"]},
        {"type": "start", "id": "a", "payload": GOOD},
        {"type": "connection_ack"},
        {"type": "next", "id": "a", "payload": {}},
        {"type": "ping", "payload": "text"},
        {"type": "complete"},
        {"type": "complete", "id": ""},
        {"type": "subscribe", "payload": GOOD},
        {"type": "subscribe", "id": "", "payload": GOOD},
        {"type": "subscribe", "id": 7, "payload": GOOD},
        {"type": "subscribe", "id": "a"},
        {"type": "subscribe", "id": "a", "payload": []},
        {"type": "subscribe", "id": "a", "payload": {"query": 7}},
        {"type": "subscribe", "id": "a", "payload": {**GOOD, "variables": []}},
        {"type": "subscribe", "id": "a", "payload": {**GOOD, "operationName": 7}},
        {"type": "subscribe", "id": "a", "payload": {**GOOD, "extensions": 7}},
    ],
    ids=lambda message: str(message)[:60],
)
async def test_what_is_no_message_of_the_protocol_ends_it(talk: Talk, message: object) -> None:
    await talk.say(message)

    assert await talk.closed() == 4400


async def test_a_message_too_large_ends_it(talk: Talk) -> None:
    await talk.subscribe("a", "{ hello }" + " " * 256 * 1024)

    assert await talk.closed() == 1009


async def test_there_is_no_socket_at_another_address(site: Streaming) -> None:
    with pytest.raises(Exception, match="403"):
        async with opened(site.address, path="/v1/graphql"):
            pass
