"""How subscriptions are executed: as guarded as all else, and each event by itself."""

import httpx
import pytest

from resolvers.context import Context
from schema.limits import DEEPEST, MOST_ALIASES, MOST_CHARACTERS
from tests.schema.streams import CANARY, Streaming
from tests.schema.talking import Talk, refusal_in

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_each_event_has_a_context_of_its_own(site: Streaming, talk: Talk) -> None:
    site.stage.contexts.clear()

    await talk.answers("a", "subscription { numbers(to: 3) { a: ifOdd b: ifOdd } }")

    contexts = [context for context in site.stage.contexts if isinstance(context, Context)]
    loaders = [context.loaders for context in contexts]
    for each in (contexts, loaders):
        assert [one is each[0] for one in each] == [True, True, False, False, False, False]
        assert [one is each[2] for one in each] == [False, False, True, True, False, False]


async def test_an_error_in_one_event_is_told_in_it_and_the_next_ones_follow(
    talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    answers = await talk.answers("a", "subscription { numbers(to: 3) { value ifOdd } }")

    assert [answer["data"]["numbers"] for answer in answers] == [
        {"value": 1, "ifOdd": 1},
        {"value": 2, "ifOdd": None},
        {"value": 3, "ifOdd": 3},
    ]
    (error,) = answers[1]["errors"]
    assert set(error) == {"message", "locations", "path", "extensions"}
    assert (error["path"], error["extensions"]["code"]) == (["numbers", "ifOdd"], "INTERNAL_ERROR")
    assert error["extensions"]["trace_id"] in error["extensions"].values()
    assert CANARY not in str(answers)
    assert CANARY in caplog.text


@pytest.mark.parametrize(
    ("how", "code", "message"),
    [
        ("told", "CONFLICT", "It contradicts what is there."),
        ("coded", "CURSOR_COMPACTED", "It is compacted away."),
        ("badly", "INTERNAL_ERROR", "Something went wrong on our side; it was logged under this trace_id."),
    ],
)
async def test_a_stream_that_breaks_ends_with_the_reason(talk: Talk, how: str, code: str, message: str) -> None:
    await talk.subscribe("a", "subscription ($how: String!) { breaking(how: $how) }", how=how)

    assert (await talk.heard())["payload"] == {"data": {"breaking": 1}}
    error = refusal_in(await talk.heard(), "a")
    assert (error["extensions"]["code"], error["message"]) == (code, message)
    assert await talk.answers("a", "{ hello }")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"subscription {{ count(to: 1) #{'x' * MOST_CHARACTERS}\n }}", "QUERY_TOO_LONG"),
        (
            f"subscription {{ a: count(to: 1) {' '.join(f'a{n}: count' for n in range(MOST_ALIASES))} }}",
            "TOO_MANY_ALIASES",
        ),
        (f"subscription {{ {'numbers { ' * (DEEPEST + 1)} value {'}' * (DEEPEST + 1)} }}", "QUERY_TOO_DEEP"),
        ('subscription { breaking(how: "\\u0000") }', "BAD_USER_INPUT"),
        ("subscription { count(to: 2147483648) }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription A { never } subscription B { never }", "BAD_USER_INPUT"),
    ],
    ids=lambda text: text[:30],
)
async def test_what_is_refused_of_queries_is_refused_of_subscriptions(talk: Talk, query: str, code: str) -> None:
    error = await talk.refusal("a", query)

    assert error["extensions"]["code"] == code


async def test_variables_are_looked_at_too(talk: Talk) -> None:
    error = await talk.refusal("a", "subscription ($how: String!) { breaking(how: $how) }", how="\0")
    missing = await talk.refusal("b", "subscription ($to: Int!) { count(to: $to) }")

    assert (error["extensions"]["code"], missing["extensions"]["code"]) == ("BAD_USER_INPUT", "BAD_USER_INPUT")


async def test_a_document_that_is_known_is_as_good_the_second_time(talk: Talk) -> None:
    query = "subscription { count(to: 1) }"

    assert await talk.answers("a", query) == await talk.answers("a", query) == [{"data": {"count": 1}}]


async def test_a_post_is_told_where_subscriptions_are(site: Streaming, key: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{site.address}", headers={"x-api-key": key}) as client:
        answer = await client.post("/graphql", json={"query": "subscription { count(to: 1) }"})

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["extensions"]["code"]) == (200, "SUBSCRIPTION_NEEDS_WEBSOCKET")
    assert "graphql-transport-ws" in error["message"]


async def test_without_anybody_who_asks_nothing_is_subscribed_to(site: Streaming) -> None:
    context = Context(site.services, None, "trace")

    results = await site.schema.subscribe("subscription { count(to: 1) }", context_value=context)

    (result,) = [result async for result in results]
    assert result.errors is not None
    assert [error.extensions for error in result.errors] == [{"code": "AUTHENTICATION_REQUIRED", "trace_id": "trace"}]
