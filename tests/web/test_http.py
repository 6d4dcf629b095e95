"""What holds for every path: unknown ones, methods that are not offered, bodies that are none, headers."""

import gzip

import pytest

from tests.web.door import CONNECTIONS, EVENTS, SYNC, Door, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("path", ["/", "/nothing", "/v1/meeting-buddy/calendar", f"{EVENTS}/a/b", "/static/nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path_is_not_found_in_the_envelope(door: Door, method: str, path: str) -> None:
    async with door.asking() as client:
        answer = await client.request(method, path)

    expected = {(404, "NOT_FOUND")} | ({(405, "METHOD_NOT_ALLOWED")} if path.startswith("/static") else set())
    assert (answer.status_code, code_of(answer)) in expected


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", SYNC, {"POST"}),
        ("PUT", CONNECTIONS, {"GET", "HEAD", "POST"}),
        ("OPTIONS", EVENTS, {"GET", "HEAD"}),
        ("DELETE", f"{EVENTS}/mcevt_x", {"GET", "HEAD", "PATCH"}),
        ("PATCH", "/health/live", {"GET", "HEAD"}),
        ("POST", "/docs", {"GET", "HEAD"}),
        ("BREW", "/openapi.json", {"GET", "HEAD"}),
    ],
)
async def test_a_method_that_is_not_offered_is_told_which_are(
    door: Door, method: str, path: str, allowed: set[str]
) -> None:
    async with door.asking() as client:
        answer = await client.request(method, path)

    assert (answer.status_code, code_of(answer)) == (405, "METHOD_NOT_ALLOWED")
    assert {each.strip() for each in answer.headers["allow"].split(",")} == allowed


async def test_head_is_get_without_the_body(door: Door) -> None:
    async with door.asking(await door.key()) as client:
        answer = await client.head(EVENTS)

    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(("method", "path"), [("POST", CONNECTIONS), ("PATCH", f"{EVENTS}/mcevt_{'a' * 24}")])
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"1", JSON, 400, id="number"),
        pytest.param(b"null", JSON, 400, id="null"),
        pytest.param(b'"x"', JSON, 400, id="string"),
        pytest.param(b"[1]", JSON, 400, id="array"),
        pytest.param(b"{", JSON, 400, id="half an object"),
        pytest.param(b"", JSON, 400, id="nothing"),
        pytest.param(b'{"provider": "ics",}', JSON, 400, id="trailing comma"),
        pytest.param(b'{"provider": "\xff"}', JSON, 400, id="not UTF-8"),
        pytest.param('{"provider": "ics"}'.encode("utf-16"), JSON, 400, id="UTF-16"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, JSON, 400, id="100,000 arrays"),
        pytest.param(b'{"provider": ' + b"9" * 5_000 + b"}", JSON, 400, id="5,000 digits"),
        pytest.param(b'{"provider": NaN}', JSON, 400, id="NaN"),
        pytest.param(b'{"provider": 1e999}', JSON, 400, id="1e999"),
        pytest.param(b"{}", {}, 415, id="no content type"),
        pytest.param(b"{}", {"content-type": "text/plain"}, 415, id="text/plain"),
        pytest.param(b"a=b", {"content-type": "application/x-www-form-urlencoded"}, 415, id="form"),
        pytest.param(b"--x--", {"content-type": "multipart/form-data; boundary=x"}, 415, id="multipart"),
        pytest.param(gzip.compress(b"{}"), {**JSON, "content-encoding": "gzip"}, 415, id="compressed"),
        pytest.param(b'{"a": "' + b"x" * 1_100_000 + b'"}', JSON, 413, id="too large"),
    ],
)
async def test_a_body_that_is_no_modest_json_object_is_refused_with_a_clear_error(
    door: Door, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    async with door.asking(await door.key(), headers=headers) as client:
        answer = await client.request(method, path, content=body)

    expected = {400: "BAD_JSON", 413: "PAYLOAD_TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE"}[status]
    assert (answer.status_code, code_of(answer)) == (status, expected)


async def test_of_a_key_given_twice_the_last_one_counts(door: Door) -> None:
    body = b'{"provider": "ics", "provider": "nonsense"}'

    async with door.asking(await door.key(), headers=JSON) as client:
        answer = await client.post(CONNECTIONS, content=body)

    assert answer.json()["error"]["details"] == {"field": "provider"}


@pytest.mark.parametrize("path", ["/health/live", EVENTS, "/nothing", "/docs", "/openapi.json"])
async def test_no_answer_can_be_sniffed_framed_or_leak_where_it_was(door: Door, path: str) -> None:
    async with door.asking() as client:
        headers = (await client.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://test.evil.example"])
async def test_no_other_origin_is_let_in(door: Door, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST"}

    async with door.asking(await door.key(), headers=asked) as client:
        answers = [await client.options(SYNC), await client.get(EVENTS)]

    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]
