"""Connecting by consent over REST: the address to go to, and the way back for browsers and programs."""

import io
from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio

from calendar_sync.web.logs import configure_logging
from tests import databases
from tests.web.door import CONNECTIONS, SYNC, a_door, code_of
from tests.web.google import CALLBACK, CLIENT_SECRET, JSON, PAGE, DoorAtGoogle, a_door_at_google

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[DoorAtGoogle]:
    async with a_door_at_google(databases.a_migrated_file(tmp_path_factory.mktemp("google"))) as google:
        yield google


async def connections(client: httpx.AsyncClient) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = (await client.get(CONNECTIONS)).json()["connections"]
    return listed


async def test_connecting_answers_where_to_go_with_what_state(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.key()) as client:
        answer = await client.post(CONNECTIONS, json={"provider": "google_calendar"})

    assert answer.status_code == 200
    assert set(answer.json()) == {"authorization_url", "state"}
    asked = httpx.URL(answer.json()["authorization_url"]).params
    assert asked["state"] == answer.json()["state"]
    assert asked["redirect_uri"] == f"http://127.0.0.1:8000{CALLBACK}"


async def test_the_account_to_suggest_can_be_named(google: DoorAtGoogle) -> None:
    body = {"provider": "google_calendar", "credentials": {"login_hint": "ada@example.com"}}
    async with google.door.asking(await google.door.key()) as client:
        answer = await client.post(CONNECTIONS, json=body)

    assert httpx.URL(answer.json()["authorization_url"]).params["login_hint"] == "ada@example.com"


async def test_a_program_that_comes_back_gets_the_connection_which_can_be_synced(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.key()) as client:
        answer = await client.get(CALLBACK, params=await google.returning(client), headers=JSON)

        assert answer.status_code == 200
        assert (answer.json()["provider"], answer.json()["account_email"]) == ("google_calendar", "ada@example.com")
        assert await connections(client) == [answer.json()]
        assert (await client.post(SYNC)).json()["errors"] == []


async def test_a_browser_comes_back_without_credentials_and_gets_a_page(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.key()) as client, google.door.asking() as browser:
        page = await browser.get(CALLBACK, params=await google.returning(client), headers=PAGE)

        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "ada@example.com is connected" in page.text
        assert "script" not in page.text
        assert [one["account_email"] for one in await connections(client)] == ["ada@example.com"]


async def test_connecting_again_is_the_same_connection(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.key()) as client:
        first = await client.get(CALLBACK, params=await google.returning(client))
        second = await client.get(CALLBACK, params=await google.returning(client))

        assert first.json() == second.json()
        assert len(await connections(client)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"state": ""},
        {"state": "unknown"},
        {"code": ""},
        {"error": "access_denied"},
        {"error": "<script>alert(1)</script>"},
        {"iss": "https://evil.example"},
    ],
)
@pytest.mark.parametrize("headers", [PAGE, JSON])
async def test_a_way_back_that_leads_nowhere_is_told_in_the_form_that_is_wanted(
    google: DoorAtGoogle, changes: dict[str, str], headers: dict[str, str]
) -> None:
    before = google.simulator.count("POST", "/token")
    async with google.door.asking(await google.door.key()) as client, google.door.asking() as browser:
        returned = await google.returning(client)
        answer = await browser.get(CALLBACK, params=returned | changes, headers=headers)

        assert answer.status_code == 400
        assert await connections(client) == []
    assert google.simulator.count("POST", "/token") == before
    assert "script" not in answer.text
    if headers is JSON:
        assert code_of(answer) == "CONSENT_FAILED"
    else:
        assert "<h1>Calendar not connected</h1>" in answer.text


async def test_a_callback_with_nothing_in_it_is_refused(google: DoorAtGoogle) -> None:
    async with google.door.asking() as browser:
        assert code_of(await browser.get(CALLBACK)) == "CONSENT_FAILED"


async def test_another_users_credentials_do_not_go_with_the_state(google: DoorAtGoogle) -> None:
    door = google.door
    async with door.asking(await door.key()) as ada, door.asking(await door.key()) as eve, door.asking("x") as nobody:
        returned = await google.returning(ada)

        assert code_of(await eve.get(CALLBACK, params=returned)) == "CONSENT_FAILED"
        assert code_of(await nobody.get(CALLBACK, params=returned)) == "INVALID_API_KEY"
        assert await connections(eve) == await connections(ada) == []
        assert (await ada.get(CALLBACK, params=returned)).status_code == 200


@pytest.mark.parametrize("address", ["//evil", "https:evil", "\\\\evil", "%2F%2Fevil", "https://evil.example/"])
@pytest.mark.parametrize("name", ["return_to", "redirect_uri", "next"])
async def test_nobody_is_sent_on_to_an_address_in_the_query(google: DoorAtGoogle, name: str, address: str) -> None:
    async with google.door.asking() as browser:
        answer = await browser.get(CALLBACK, params={"state": "x", name: address}, headers=PAGE)

    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil" not in answer.text


async def test_a_provider_that_fails_is_told_on_the_page(google: DoorAtGoogle) -> None:
    async with google.door.asking(await google.door.key()) as client:
        returned = await google.returning(client)
        google.simulator.authority.clients["client"].secret = "another"
        try:
            answer = await client.get(CALLBACK, params=returned, headers=PAGE)
        finally:
            google.simulator.authority.clients["client"].secret = CLIENT_SECRET

    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert "its operator has been told" in answer.text


@pytest.mark.usefixtures("process_logging")
async def test_neither_code_nor_state_nor_token_is_logged(sqlite_url: str) -> None:
    log = io.StringIO()
    configure_logging("debug", log)
    async with a_door_at_google(sqlite_url) as google:
        door, authority = google.door, google.simulator.authority
        async with door.asking(await door.key()) as client, door.asking() as browser:
            denied, returned = await google.returning(client), await google.returning(client)
            await browser.get(CALLBACK, params=denied | {"error": "access_denied"}, headers=PAGE)
            await browser.get(CALLBACK, params=returned, headers=PAGE)
            await browser.get(CALLBACK, params=returned, headers=JSON)
            await client.post(SYNC)
            tokens = [*authority.access_tokens, *authority.refresh_tokens]
            await client.delete(f"{CONNECTIONS}/{(await connections(client))[0]['credential_id']}")

    secrets = [denied["state"], denied["code"], returned["state"], returned["code"], CLIENT_SECRET, *tokens]
    assert len(secrets) >= 7
    assert [secret for secret in secrets if secret in log.getvalue()] == []
    assert log.getvalue().count(CALLBACK) == 3


async def test_a_provider_that_is_not_set_up_says_what_its_operator_must_set(google: DoorAtGoogle) -> None:
    async with (
        a_door(google.door.services.settings.database_url, google_client_id="client") as door,
        door.asking(await google.door.key()) as client,
    ):
        answer = await client.post(CONNECTIONS, json={"provider": "google_calendar"})

    error = answer.json()["error"]
    assert (answer.status_code, error["details"]) == (422, {"field": "provider"})
    assert error["message"] == (
        "This server has no client credentials of Google: its operator must set CALENDAR_SYNC_GOOGLE_CLIENT_ID and "
        "CALENDAR_SYNC_GOOGLE_CLIENT_SECRET."
    )
