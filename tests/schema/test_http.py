"""GraphQL over HTTP: what is read as a request, and in which form and with which status it is answered."""

import json
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from tests.schema.asking import Asking, error_of
from tests.web.door import Door, a_door

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRAPHQL = "application/graphql-response+json"
JSON = {"content-type": "application/json"}
ME = {"query": "{ me { id } }"}
REMOVE_ALL = 'mutation { disconnect(connectionId: "x") { __typename } }'


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/plain", None])
async def test_json_is_answered_with_200_whatever_the_operation_came_to(ada: Asking, accept: str | None) -> None:
    headers = {"accept": accept} if accept else {}
    good, unparsable, invalid = [
        await ada.client.post("/graphql", json={"query": query}, headers=headers)
        for query in (ME["query"], "{", "{ x }")
    ]

    assert {answer.headers["content-type"] for answer in (good, unparsable, invalid)} == {
        "application/json; charset=utf-8"
    }
    assert [answer.status_code for answer in (good, unparsable, invalid)] == [200, 200, 200]
    assert error_of(unparsable)["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert error_of(invalid)["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_the_media_type_of_graphql_tells_in_the_status_what_was_not_executed(ada: Asking) -> None:
    headers = {"accept": f"{GRAPHQL}, application/json;q=0.9"}
    good, unparsable, invalid = [
        await ada.client.post("/graphql", json={"query": query}, headers=headers)
        for query in (ME["query"], "{", "{ x }")
    ]

    assert {answer.headers["content-type"] for answer in (good, unparsable, invalid)} == {f"{GRAPHQL}; charset=utf-8"}
    assert [answer.status_code for answer in (good, unparsable, invalid)] == [200, 400, 400]
    assert "data" not in unparsable.json()
    assert "data" not in invalid.json()


@pytest.mark.parametrize(
    "body",
    [
        b"1",
        b"null",
        b'"x"',
        b"[1]",
        json.dumps([ME, ME]).encode(),
        b"{",
        b"",
        b'{"query": "{ me { id } }",}',
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        json.dumps(ME).encode("utf-16"),
        b"[" * 100_000 + b"]" * 100_000,
        b'{"query": "{ me { id } }", "variables": {"n": NaN}}',
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": " "}',
        b'{"query": "{ me { id } }", "variables": []}',
        b'{"query": "{ me { id } }", "variables": "x"}',
        b'{"query": "{ me { id } }", "operationName": 1}',
        b'{"query": "{ me { id } }", "extensions": 1}',
    ],
)
async def test_what_is_no_graphql_request_is_a_bad_one(ada: Asking, body: bytes) -> None:
    answer = await ada.client.post("/graphql", content=body, headers=JSON)

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "text/plain;application/json"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {**JSON, "content-encoding": "gzip"},
    ],
)
async def test_what_a_foreign_page_could_send_is_not_read(ada: Asking, headers: Mapping[str, str]) -> None:
    answer = await ada.client.post("/graphql", content=json.dumps(ME), headers=headers)

    assert answer.status_code == 415


@pytest.mark.parametrize("operations", [[ME], [ME] * 5, []])
async def test_operations_are_sent_one_by_one(ada: Asking, operations: list[object]) -> None:
    answer = await ada.client.post("/graphql", json=operations)

    assert answer.status_code == 400
    assert error_of(answer)["extensions"]["code"] == "BATCH_NOT_SUPPORTED"


async def test_a_large_body_is_refused(ada: Asking) -> None:
    answer = await ada.client.post("/graphql", json={**ME, "variables": {"x": "x" * 300_000}})

    assert answer.status_code == 413


@pytest.mark.parametrize("query", [ME["query"], REMOVE_ALL])
async def test_nothing_is_executed_by_get(ada: Asking, query: str) -> None:
    answer = await ada.client.get("/graphql", params={"query": query})

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert error_of(answer)["extensions"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_not_offered(ada: Asking, method: str) -> None:
    answer = await ada.client.request(method, "/graphql")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_of_several_operations_one_must_be_named(ada: Asking) -> None:
    query = "query A { me { id } } query B { me { isAdmin } }"

    named = await ada.client.post("/graphql", json={"query": query, "operationName": "B"})
    unnamed = await ada.client.post("/graphql", json={"query": query})
    unknown = await ada.client.post("/graphql", json={"query": query, "operationName": "C"})

    assert named.json()["data"] == {"me": {"isAdmin": False}}
    assert error_of(unnamed)["extensions"]["code"] == "BAD_USER_INPUT"
    assert error_of(unknown)["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("query", ["fragment F on Query { me { id } }", "type Query { x: Int }"])
async def test_a_document_without_an_operation_is_bad_input(ada: Asking, query: str) -> None:
    assert await ada.code(query) == "BAD_USER_INPUT"


async def test_subscriptions_are_not_offered_here(ada: Asking) -> None:
    assert await ada.code("subscription { syncCalendars }") == "SUBSCRIPTION_NEEDS_WEBSOCKET"


@pytest.mark.parametrize("text", ["\0", "before\0after", {"deep": [{"down": "\0"}]}, {"\0": 1}])
async def test_texts_that_no_store_could_keep_are_refused(ada: Asking, text: object) -> None:
    answer = await ada.answer("query ($text: ID!) { event(id: $text) { id } }", text=text)

    assert "NUL" in answer.text
    assert answer.json().get("data") is None


@pytest.mark.parametrize("literal", [r"\u0000", r"\u{0}", r"\u{000}", r"\ud800"])
async def test_so_are_they_in_the_document(ada: Asking, literal: str) -> None:
    answer = await ada.answer(f'{{ event(id: "{literal}") {{ id }} }}')

    assert error_of(answer)["extensions"]["code"] in {"BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED"}


async def test_a_remembered_document_is_refused_where_its_variables_are_too_much(ada: Asking) -> None:
    query = "query ($n: Int!) { events(first: $n) { totalCount } }"

    assert (await ada.data(query, n=1)) == {"events": {"totalCount": 0}}
    assert await ada.code(query, n=1001) == "BAD_USER_INPUT"
    assert (await ada.data(query, n=2)) == {"events": {"totalCount": 0}}


async def test_a_remembered_document_does_not_answer_strangers(ada: Asking) -> None:
    await ada.data(ME["query"])

    async with ada.door.asking() as stranger:
        answer = await stranger.post("/graphql", json=ME)

    assert answer.status_code == 401


@pytest.fixture
def headers_of() -> Mapping[str, str]:
    return {"authorization": "Bearer {}", "x-api-key": "{}", "api-key": "{}"}


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "api-key"])
async def test_a_key_is_taken_from_any_of_the_headers(door: Door, headers_of: Mapping[str, str], header: str) -> None:
    key = await door.key()

    async with door.asking(headers={header: headers_of[header].format(key)}) as client:
        answer = await client.post("/graphql", json=ME)

    assert answer.json()["data"]["me"]["id"].startswith("usr_")


async def test_wrong_credentials_are_401_with_the_documented_code(door: Door) -> None:
    access, email = door.services.access, await door.user()
    revoked, revoked_key = await access.create_key(email)
    await access.revoke_key(email, revoked.id)
    _, expired_key = await access.create_key(email, lifetime=timedelta(microseconds=1))

    refused = {key: await refusal(door, key) for key in ("no key", revoked_key, expired_key)}

    assert [code for code, _ in refused.values()] == ["INVALID_API_KEY", "API_KEY_DEACTIVATED", "API_KEY_EXPIRED"]
    assert {challenge for _, challenge in refused.values()} == {'Bearer error="invalid_token"'}


async def refusal(door: Door, key: str) -> tuple[str, str]:
    """The code and the challenge."""
    async with door.asking(key) as client:
        answer = await client.post("/graphql", json={"query": "{ __typename }"})
    assert answer.status_code == 401
    assert "data" not in answer.json()
    return error_of(answer)["extensions"]["code"], answer.headers["www-authenticate"]


async def test_a_browser_gets_the_page(ada: Asking) -> None:
    answer = await ada.client.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"graphiql": "off"}, 404),
        ({"public_url": "https://calendars.example.org"}, 404),
        ({"graphiql": "on", "public_url": "https://calendars.example.org"}, 200),
    ],
)
async def test_the_page_is_shown_where_the_operator_wants_it(
    sqlite_url: str, settings: Mapping[str, str], status: int
) -> None:
    async with a_door(sqlite_url, **settings) as door, door.asking() as client:
        answer = await client.get("/graphql", headers={"accept": "text/html"})

    assert answer.status_code == status


async def test_too_many_requests_are_told_when_to_come_back(sqlite_url: str) -> None:
    async with a_door(sqlite_url, rate_limit_per_minute=1) as door, door.asking(await door.key()) as client:
        answers: list[httpx.Response] = [await client.post("/graphql", json=ME) for _ in range(5)]

    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert error_of(answers[-1])["extensions"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert int(answers[-1].headers["retry-after"]) > 0
