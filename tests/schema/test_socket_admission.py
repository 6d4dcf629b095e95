"""Who may open a WebSocket, by what they show, and for how long."""

import asyncio
import logging
from datetime import timedelta

import pytest

from calendar_sync.web.logs import configure_logging
from tests.access.issuer import AUDIENCE, an_issuer
from tests.schema.streams import CANARY, OURS, Streaming, streaming
from tests.schema.talking import opened, talking
from tests.web.conftest import process_logging

__all__ = ["process_logging"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = "https://evil.example"


async def outcome(
    site: Streaming, payload: object = None, *, headers: dict[str, str] | None = None, origin: str | None = None
) -> str | int:
    """`connection_ack`, or the code that the socket is closed with."""
    async with opened(site.address, headers=headers, origin=origin) as talk:
        await talk.say({"type": "connection_init", "payload": payload})
        closing = asyncio.create_task(talk.socket.wait_closed())
        hearing = asyncio.create_task(talk.heard())
        await asyncio.wait({closing, hearing}, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if hearing.done() and hearing.exception() is None:
            return str(hearing.result()["type"])
        await asyncio.gather(hearing, return_exceptions=True)
        return await talk.closed()


@pytest.mark.parametrize("name", ["x-api-key", "api-key", "X-API-Key", "Api-Key"])
async def test_a_key_opens_it_by_header_or_by_introduction(site: Streaming, key: str, name: str) -> None:
    assert await outcome(site, {name: key}) == "connection_ack"
    assert await outcome(site, headers={name: key}) == "connection_ack"


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
async def test_a_bearer_opens_it_by_header_or_by_introduction(site: Streaming, key: str, name: str) -> None:
    assert await outcome(site, {name: f"Bearer {key}", "other": {"x": 1}}) == "connection_ack"
    assert await outcome(site, headers={name: f"bearer {key}"}) == "connection_ack"


async def test_without_credentials_nothing_is_told_but_that_they_are_needed(site: Streaming) -> None:
    for payload in (None, {}, {"x-api-key": ""}, {"x-api-key": 7}, {"authorization": "Basic eDp5"}, {"key": "x"}):
        assert await outcome(site, payload) == 4401


async def test_wrong_credentials_are_told_to_be_wrong(site: Streaming, key: str) -> None:
    deactivated = await deactivated_key(site)

    for payload in (
        {"x-api-key": "nonsense"},
        {"x-api-key": f"{key}x"},
        {"x-api-key": "ключ \u2603"},
        {"authorization": "Bearer e30.e30.x"},
        {"authorization": f"Bearer {deactivated}"},
    ):
        assert await outcome(site, payload) == 4403
    assert await outcome(site, headers={"x-api-key": "nonsense"}) == 4403


async def deactivated_key(site: Streaming) -> str:
    email = await site.user()
    key = await site.key(email)
    await site.services.access.revoke_keys(email, name="default")
    return key


async def test_credentials_that_contradict_one_another_are_refused(site: Streaming, key: str) -> None:
    other = await site.key()

    assert await outcome(site, {"x-api-key": key}, headers={"x-api-key": other}) == 4403
    assert await outcome(site, {"x-api-key": key}, headers={"x-api-key": key}) == "connection_ack"


async def test_a_key_in_the_query_is_no_credential_and_not_logged(
    site: Streaming, key: str, caplog: pytest.LogCaptureFixture, process_logging: None
) -> None:
    configure_logging("debug")
    logging.getLogger().addHandler(caplog.handler)
    async with opened(site.address, path=f"/graphql?api_key={key}&x-api-key={key}") as talk:
        await talk.introduce({"password": CANARY})

        assert await talk.closed() == 4401

    told = str([record.__dict__ for record in caplog.records if record.name.startswith(("uvicorn", "calendar_sync"))])
    assert "/graphql" in told
    assert key not in told
    assert CANARY not in told


@pytest.mark.parametrize(
    "origin", [ELSEWHERE, "null", f"{OURS}.evil.example", f"{OURS}:8443", "http://calendars.example"]
)
async def test_of_a_page_from_elsewhere_only_what_it_says_itself_counts(site: Streaming, key: str, origin: str) -> None:
    assert await outcome(site, headers={"x-api-key": key}, origin=origin) == 4401
    assert await outcome(site, {"x-api-key": key}, origin=origin) == "connection_ack"


async def test_of_our_own_pages_headers_count(site: Streaming, key: str) -> None:
    assert await outcome(site, headers={"x-api-key": key}, origin=OURS) == "connection_ack"


async def test_a_revoked_key_ends_the_sockets_it_opened(sqlite_url: str) -> None:
    async with streaming(sqlite_url, check_every=0.05) as site:
        email = await site.user()
        async with talking(site.address, await site.key(email)) as talk:
            await talk.subscribe("a", "subscription { never }")
            await site.stage.begun.wait()

            await site.services.access.revoke_keys(email, name="default")

            assert (await talk.closed(), talk.reason) == (4403, "This API key was revoked.")
        await asyncio.wait_for(site.stage.ended.wait(), 5)


async def test_a_key_that_expires_ends_the_sockets_it_opened(sqlite_url: str) -> None:
    async with streaming(sqlite_url, check_every=0.05) as site:
        key = (await site.services.access.create_key(await site.user(), lifetime=timedelta(seconds=2)))[1]
        async with talking(site.address, key) as talk:
            assert (await talk.closed(), talk.reason) == (4403, "This API key has expired.")


async def test_a_good_key_keeps_its_sockets(sqlite_url: str) -> None:
    async with streaming(sqlite_url, check_every=0.01) as site, talking(site.address, await site.key()) as talk:
        await asyncio.sleep(0.2)

        assert await talk.answers("a", "{ hello }") == [{"data": {"hello": "world"}}]


async def test_a_token_of_the_identity_provider_opens_it_until_it_expires(sqlite_url: str) -> None:
    async with (
        an_issuer() as issuer,
        streaming(sqlite_url, oidc_issuer=issuer.address, oidc_audience=AUDIENCE) as site,
    ):
        good, expired = issuer.token(), issuer.token({"exp": 1})

        assert await outcome(site, {"authorization": f"Bearer {good}"}) == "connection_ack"
        assert await outcome(site, {"authorization": f"Bearer {expired}"}) == 4403


async def test_an_identity_provider_that_is_down_is_no_fault_of_the_callers(sqlite_url: str) -> None:
    async with an_issuer() as issuer:
        issuer.is_down = True
        async with streaming(sqlite_url, oidc_issuer=issuer.address, oidc_audience=AUDIENCE) as site:
            assert await outcome(site, {"authorization": f"Bearer {issuer.token()}"}) == 1013
