import base64
from datetime import timedelta

import httpx
import pytest
from dirty_equals import IsStr

from calendar_sync.access.keys import PlainKey
from tests.access.issuer import AUDIENCE, an_issuer
from tests.web.door import CONNECTIONS, SYNC, Door, a_door, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def status_and_code(door: Door, headers: dict[str, str]) -> tuple[int, str]:
    async with door.asking(headers=headers) as client:
        answer = await client.get(CONNECTIONS)
    return answer.status_code, code_of(answer)


async def test_the_answer_to_a_sync_without_credentials_is_the_documented_one(door: Door) -> None:
    async with door.asking() as client:
        answer = await client.post(SYNC)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "success": False,
        "error": {
            "code": "AUTHENTICATION_REQUIRED",
            "message": "Authentication is required to access this resource.",
            "type": "client_error",
            "status": 401,
            "details": {},
            "trace_id": answer.headers["x-request-id"],
            "timestamp": IsStr(regex=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"),
        },
    }


async def test_a_key_is_accepted_in_each_of_the_documented_headers(door: Door) -> None:
    key = await door.key()

    for headers in ({"x-api-key": key}, {"api-key": key}, {"authorization": f"Bearer {key}"}):
        async with door.asking(headers=headers) as client:
            assert (await client.get(CONNECTIONS)).status_code == 200


async def test_each_kind_of_bad_credentials_has_its_documented_code(door: Door) -> None:
    access, user = door.services.access, await door.user()
    good = await door.key(user)
    revoked, deactivated = await access.create_key(user)
    await access.revoke_key(user, revoked.id)
    _, expired = await access.create_key(user, lifetime=timedelta(microseconds=1))
    wrong_secret = f"{good.rpartition('_')[0]}_{'x' * 43}"
    basic = base64.b64encode(f"ada:{good}".encode()).decode()

    assert await status_and_code(door, {}) == (401, "AUTHENTICATION_REQUIRED")
    assert await status_and_code(door, {"authorization": "Bearer"}) == (401, "AUTHENTICATION_REQUIRED")
    assert await status_and_code(door, {"authorization": f"Basic {basic}"}) == (401, "AUTHENTICATION_REQUIRED")
    assert await status_and_code(door, {"x-api-key": ""}) == (401, "AUTHENTICATION_REQUIRED")
    assert await status_and_code(door, {"x-api-key": "nonsense"}) == (401, "INVALID_API_KEY")
    assert await status_and_code(door, {"x-api-key": PlainKey.new().text}) == (401, "INVALID_API_KEY")
    assert await status_and_code(door, {"x-api-key": wrong_secret}) == (401, "INVALID_API_KEY")
    assert await status_and_code(door, {"api-key": deactivated}) == (401, "API_KEY_DEACTIVATED")
    assert await status_and_code(door, {"authorization": f"Bearer {expired}"}) == (401, "API_KEY_EXPIRED")
    assert await status_and_code(door, {"authorization": "Bearer e30.e30.x"}) == (401, "TOKEN_INVALID")


async def test_a_key_in_the_query_is_no_credential(door: Door) -> None:
    key = await door.key()

    async with door.asking() as client:
        answer = await client.get(CONNECTIONS, params={"api_key": key, "x-api-key": key, "access_token": key})

    assert (answer.status_code, code_of(answer)) == (401, "AUTHENTICATION_REQUIRED")


async def test_the_tokens_of_the_identity_provider_open_the_door(sqlite_url: str) -> None:
    async with an_issuer() as issuer:
        oidc = {"oidc_issuer": issuer.address, "oidc_audience": AUDIENCE}
        async with a_door(sqlite_url, **oidc) as door:
            good, expired = issuer.token(), issuer.token({"exp": 1})
            async with door.asking(headers={"authorization": f"Bearer {good}"}) as client:
                assert (await client.get(CONNECTIONS)).status_code == 200
            assert await status_and_code(door, {"authorization": f"Bearer {expired}"}) == (401, "TOKEN_EXPIRED")
            assert await status_and_code(door, {"authorization": f"Bearer {good}x"}) == (401, "TOKEN_INVALID")


async def test_an_identity_provider_that_is_down_is_no_fault_of_the_callers(sqlite_url: str) -> None:
    async with an_issuer() as issuer:
        issuer.is_down = True
        oidc = {"oidc_issuer": issuer.address, "oidc_audience": AUDIENCE}
        async with a_door(sqlite_url, **oidc) as door:
            found = await status_and_code(door, {"authorization": f"Bearer {issuer.token()}"})

    assert found == (503, "PROVIDER_UNAVAILABLE")


async def test_what_is_left_of_the_allowance_stands_in_the_headers_until_it_is_spent(sqlite_url: str) -> None:
    async with a_door(sqlite_url, rate_limit_per_minute=3) as door:
        async with door.asking(await door.key()) as client:
            answers = [await client.get(CONNECTIONS) for _ in range(4)]
        async with door.asking(await door.key()) as client:
            another = await client.get(CONNECTIONS)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["x-ratelimit-limit-requests"] for answer in answers} == {"3"}
    assert code_of(answers[-1]) == "RATE_LIMIT_EXCEEDED"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert another.status_code == 200


async def test_all_keys_of_a_user_share_one_allowance(sqlite_url: str) -> None:
    async with a_door(sqlite_url, rate_limit_per_minute=1) as door:
        user = await door.user()
        keys = [await door.key(user), await door.key(user)]
        statuses = []
        for key in keys:
            async with door.asking(key) as client:
                statuses.append((await client.get(CONNECTIONS)).status_code)

    assert statuses == [200, 429]


async def test_a_flood_of_bad_keys_is_cut_short_for_that_address_alone(door: Door) -> None:
    key = await door.key()
    async with door.asking("cs_bad", host="192.0.2.1") as client:
        answers = [await client.get(CONNECTIONS) for _ in range(300)]
    last = answers[-1]

    assert answers[0].status_code == 401
    assert (last.status_code, code_of(last)) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(last.headers["retry-after"]) >= 1
    assert await status_of(door.asking("cs_bad", host="192.0.2.2")) == 401
    assert await status_of(door.asking(key, host="192.0.2.1")) == 200


async def test_an_ipv6_network_is_one_address(door: Door) -> None:
    for number in range(120):
        async with door.asking("cs_bad", host=f"2001:db8::{number:x}") as client:
            await client.get(CONNECTIONS)

    assert await status_of(door.asking("cs_bad", host="2001:db8::ffff")) == 429
    assert await status_of(door.asking("cs_bad", host="2001:db8:0:1::1")) == 401


async def status_of(client: httpx.AsyncClient) -> int:
    async with client:
        return (await client.get(CONNECTIONS)).status_code
