"""OAuth 2.0: consent, codes, tokens, and all the ways in which they end."""

import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from simulators.microsoft.accounts import PERSONAL_TENANT
from simulators.microsoft.authority import OAuthError
from tests.simulators.clients import a_client
from tests.simulators.microsoft.world import Microsoft

Json = dict[str, Any]

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
SCOPES = "openid email profile offline_access User.Read Calendars.Read"
CALLBACK = "https://app.example/callback"
AUTHORIZE, TOKEN = "/common/oauth2/v2.0/authorize", "/common/oauth2/v2.0/token"


@pytest.fixture
async def browser(microsoft: Microsoft) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(microsoft.url) as browser:
        yield browser


def asked(**changes: str | None) -> dict[str, str]:
    """The parameters of an authorization request, as a careful client sends them."""
    usual = {
        "client_id": "client",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "response_mode": "query",
        "scope": SCOPES,
        "state": "s t/a?te",
        "prompt": "select_account",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


async def consented(browser: httpx.AsyncClient, parameters: dict[str, str], **form: str) -> dict[str, str]:
    """What the client gets to know when the user fills in the page."""
    page = await browser.get(AUTHORIZE, params=parameters)
    assert page.status_code == 200, page.text
    filled = {"account": "ada@example.com", "decision": "accept"} | form
    return told(await browser.post(AUTHORIZE, params=parameters, data=filled))


def told(redirect: httpx.Response) -> dict[str, str]:
    assert redirect.status_code == 302, redirect.text
    assert redirect.headers["location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(redirect.headers["location"]).query).items()}


async def token(browser: httpx.AsyncClient, **form: str | None) -> httpx.Response:
    usual = {"client_id": "client", "client_secret": "secret", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    given = {name: value for name, value in (usual | form).items() if value is not None}
    return await browser.post(TOKEN, data=given)


async def exchanged(browser: httpx.AsyncClient, code: str, **form: str | None) -> httpx.Response:
    return await token(browser, grant_type="authorization_code", code=code, **form)


async def refreshed(browser: httpx.AsyncClient, refresh_token: str, **form: str | None) -> httpx.Response:
    return await token(browser, grant_type="refresh_token", refresh_token=refresh_token, **form)


async def connected(browser: httpx.AsyncClient, **changes: str | None) -> Json:
    """The tokens of a client, all the way through the browser."""
    answer = await consented(browser, asked(**changes))
    tokens: Json = (await exchanged(browser, answer["code"])).json()
    return tokens


def oauth_error(response: httpx.Response) -> tuple[int, str, int]:
    """Status, error and number of a refusal, whose body is as Microsoft's."""
    body = response.json()
    assert {"error_description", "timestamp", "trace_id", "correlation_id", "error_uri"} <= body.keys()
    (number,) = body["error_codes"]
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    return response.status_code, body["error"], number


# Consent


async def test_the_way_from_consent_to_calendar(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    answer = await consented(browser, asked())
    response = await exchanged(browser, answer["code"], scope=SCOPES)
    tokens = response.json()

    assert answer.keys() == {"code", "state", "session_state"}
    assert answer["state"] == "s t/a?te"
    assert response.headers["cache-control"].startswith("no-store")
    assert (tokens["expires_in"], tokens["ext_expires_in"], tokens["token_type"]) == (4203, 4203, "Bearer")
    assert set(tokens["scope"].split()) == set(SCOPES.split()) - {"offline_access"}
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await microsoft.http.get("me/calendars", headers=headers)).status_code == 200


async def test_the_page_offers_every_account_and_names_what_is_asked_for(
    microsoft: Microsoft, browser: httpx.AsyncClient
) -> None:
    microsoft.simulator.add_account("bob@example.com")

    page = await browser.get(AUTHORIZE, params=asked(login_hint="bob@example.com"))

    assert re.findall(r'value="([^"]*@[^"]*)"( checked)?', page.text) == [
        ("ada@example.com", ""),
        ("bob@example.com", " checked"),
    ]
    assert all(f"<li>{scope}</li>" in page.text for scope in SCOPES.split())


async def test_a_user_who_says_no_is_told_to_the_client(browser: httpx.AsyncClient) -> None:
    answer = await consented(browser, asked(), decision="cancel")

    assert (answer["error"], answer["state"]) == ("access_denied", "s t/a?te")
    assert answer["error_description"].startswith("AADSTS65004")


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"client_id": "nobody"}, 700016),
        ({"redirect_uri": "https://evil.example/"}, 50011),
        ({"redirect_uri": None}, 50011),
    ],
)
async def test_a_wrong_client_or_address_is_told_to_the_user_only(
    browser: httpx.AsyncClient, changes: dict[str, str | None], number: int
) -> None:
    for method in ("GET", "POST"):
        response = await browser.request(method, AUTHORIZE, params=asked(**changes))
        assert response.status_code == 400
        assert f"AADSTS{number}" in response.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
    ],
)
async def test_other_errors_of_a_request_are_told_to_the_client(
    browser: httpx.AsyncClient, changes: dict[str, str | None], error: str
) -> None:
    assert told(await browser.get(AUTHORIZE, params=asked(**changes)))["error"] == error


async def test_who_has_consented_needs_no_page_if_none_is_wished(
    microsoft: Microsoft, browser: httpx.AsyncClient
) -> None:
    hinted = {"prompt": "none", "login_hint": "ada@example.com"}
    assert "code" in told(await browser.get(AUTHORIZE, params=asked(**hinted)))

    microsoft.simulator.authority.withdraw(microsoft.client, microsoft.ada)
    assert told(await browser.get(AUTHORIZE, params=asked(**hinted)))["error"] == "consent_required"
    assert told(await browser.get(AUTHORIZE, params=asked(prompt="none")))["error"] == "login_required"


@pytest.mark.parametrize("error", ["access_denied", "consent_required", "server_error"])
async def test_consent_can_be_answered_without_a_page(
    microsoft: Microsoft, browser: httpx.AsyncClient, error: str
) -> None:
    microsoft.simulator.quirks.consent = error
    assert told(await browser.get(AUTHORIZE, params=asked()))["error"] == error

    microsoft.simulator.quirks.change(consent="grant", withheld_scopes=["Calendars.Read"])
    code = told(await browser.get(AUTHORIZE, params=asked()))["code"]
    assert "Calendars.Read" not in (await exchanged(browser, code)).json()["scope"]


# Tenants


@pytest.mark.parametrize(
    ("tenant", "offered"),
    [
        ("common", ["ada@example.com", "me@outlook.com"]),
        ("organizations", ["ada@example.com"]),
        ("example.com", ["ada@example.com"]),
        ("consumers", ["me@outlook.com"]),
        (PERSONAL_TENANT, ["me@outlook.com"]),
    ],
)
async def test_a_tenant_has_its_own_accounts(
    microsoft: Microsoft, browser: httpx.AsyncClient, tenant: str, offered: list[str]
) -> None:
    microsoft.simulator.add_account("me@outlook.com", tenant="consumers")

    page = await browser.get(f"/{tenant}/oauth2/v2.0/authorize", params=asked())

    assert re.findall(r'value="([^"]*@[^"]*)"', page.text) == offered


async def test_an_unknown_tenant_is_refused(browser: httpx.AsyncClient) -> None:
    assert "AADSTS90002" in (await browser.get("/nowhere.example/oauth2/v2.0/authorize", params=asked())).text
    response = await browser.post("/nowhere.example/oauth2/v2.0/token", data={})
    assert oauth_error(response) == (400, "invalid_request", 90002)


async def test_a_client_of_one_tenant_takes_no_others(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    microsoft.client.tenant = microsoft.ada.tenant
    microsoft.simulator.add_account("bob@elsewhere.example")

    page = await browser.get(AUTHORIZE, params=asked())

    assert "ada@example.com" in page.text
    assert "bob@elsewhere.example" not in page.text


# ID tokens


async def test_the_id_token_says_who_it_is_and_is_signed(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    tokens = await connected(browser, nonce="n")
    found = (await browser.get("/common/v2.0/.well-known/openid-configuration")).json()
    (key,) = (await browser.get(found["jwks_uri"])).json()["keys"]

    claims = jwt.decode(tokens["id_token"], jwt.PyJWK(key), algorithms=["RS256"], audience="client")

    ada = microsoft.ada
    assert (claims["tid"], claims["oid"], claims["ver"]) == (ada.tenant, ada.object_id, "2.0")
    assert claims["iss"] == f"https://login.microsoftonline.com/{ada.tenant}/v2.0"
    assert claims["email"] == claims["preferred_username"] == "ada@example.com"
    assert (claims["name"], claims["nonce"]) == ("Ada Lovelace", "n")
    assert claims["sub"] != claims["oid"]
    assert found["token_endpoint"] == f"{microsoft.url}{TOKEN}"
    assert found["authorization_endpoint"] == f"{microsoft.url}{AUTHORIZE}"


async def test_an_id_token_may_lack_the_address_and_tells_no_more_than_was_granted(
    microsoft: Microsoft, browser: httpx.AsyncClient
) -> None:
    microsoft.simulator.quirks.tells_email = False
    without_email = await connected(browser)
    least = await connected(browser, scope="openid Calendars.Read")
    none = await connected(browser, scope="Calendars.Read")

    def claims(tokens: Json) -> Json:
        return jwt.decode(tokens["id_token"], options={"verify_signature": False})

    assert "email" not in claims(without_email)
    assert claims(without_email)["preferred_username"] == "ada@example.com"
    assert not {"oid", "email", "name"} & claims(least).keys()
    assert "id_token" not in none
    assert "refresh_token" not in none


async def test_scopes_may_be_named_in_full(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    microsoft.simulator.quirks.names_scopes_in_full = True

    scope = (await connected(browser))["scope"].split()

    assert scope == [
        "openid",
        "email",
        "profile",
        *(f"https://graph.microsoft.com/{s}" for s in ("User.Read", "Calendars.Read")),
    ]


# Codes


async def test_a_code_serves_once(browser: httpx.AsyncClient) -> None:
    code = (await consented(browser, asked()))["code"]
    await exchanged(browser, code)

    assert oauth_error(await exchanged(browser, code)) == (400, "invalid_grant", 54005)


async def test_a_code_ages(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    code = (await consented(browser, asked()))["code"]
    microsoft.simulator.advance(minutes=10)

    assert oauth_error(await exchanged(browser, code)) == (400, "invalid_grant", 70008)


@pytest.mark.parametrize(
    ("form", "number"),
    [
        ({"code_verifier": "w" * 43}, 501481),
        ({"code_verifier": None}, 50148),
        ({"redirect_uri": "https://app.example/other"}, 500112),
        ({"code": "never given"}, 9002313),
    ],
)
async def test_a_code_needs_what_it_was_asked_with(
    browser: httpx.AsyncClient, form: dict[str, str | None], number: int
) -> None:
    code = (await consented(browser, asked()))["code"]

    refused = await token(browser, **{"grant_type": "authorization_code", "code": code, **form})
    assert oauth_error(refused) == (400, "invalid_grant", number)


async def test_a_code_is_its_clients(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    microsoft.simulator.add_client("other", "secret")
    code = (await consented(browser, asked()))["code"]

    assert oauth_error(await exchanged(browser, code, client_id="other")) == (400, "invalid_grant", 9002313)


async def test_a_plain_challenge_is_its_verifier(browser: httpx.AsyncClient) -> None:
    code = (await consented(browser, asked(code_challenge=VERIFIER, code_challenge_method=None)))["code"]

    assert (await exchanged(browser, code)).status_code == 200


# Refresh tokens


async def test_a_refresh_gives_a_new_token_and_the_old_one_keeps_working(
    microsoft: Microsoft, browser: httpx.AsyncClient
) -> None:
    old = (await connected(browser))["refresh_token"]

    first = (await refreshed(browser, old, scope=SCOPES)).json()
    second = (await refreshed(browser, old)).json()
    third = (await refreshed(browser, first["refresh_token"], scope="Calendars.Read")).json()

    assert len({old, *(tokens["refresh_token"] for tokens in (first, second, third))}) == 4
    assert third["scope"] == "Calendars.Read"
    for tokens in (first, second, third):
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await microsoft.http.get("me/calendars", headers=headers)).status_code == 200


async def test_a_refresh_token_dies_unused_in_ninety_days(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    old = (await connected(browser))["refresh_token"]
    microsoft.simulator.advance(days=89)
    new = (await refreshed(browser, old)).json()["refresh_token"]
    microsoft.simulator.advance(days=2)

    assert oauth_error(await refreshed(browser, old)) == (400, "invalid_grant", 700082)
    assert (await refreshed(browser, new)).status_code == 200


async def test_a_revoked_grant_says_so(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    tokens = await connected(browser)
    microsoft.simulator.authority.withdraw(microsoft.client, microsoft.ada)

    refused = await refreshed(browser, tokens["refresh_token"])

    assert oauth_error(refused) == (400, "invalid_grant", 50173)
    assert refused.json()["suberror"] == "bad_token"
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await microsoft.http.get("me/calendars", headers=headers)).status_code == 401


async def test_a_policy_may_want_the_user(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    refresh_token = (await connected(browser))["refresh_token"]
    refusal = OAuthError("interaction_required", 50076, "MFA.", suberror="basic_action", claims="{}")
    microsoft.simulator.authority.kill_refresh_tokens(microsoft.ada, refusal=refusal)

    refused = await refreshed(browser, refresh_token)

    assert oauth_error(refused) == (400, "interaction_required", 50076)
    assert refused.json()["claims"] == "{}"


async def test_what_was_not_granted_cannot_be_refreshed(browser: httpx.AsyncClient) -> None:
    refresh_token = (await connected(browser))["refresh_token"]

    refused = await refreshed(browser, refresh_token, scope="Mail.Read")

    assert oauth_error(refused) == (400, "invalid_grant", 65001)
    assert refused.json()["suberror"] == "consent_required"


async def test_a_refresh_token_is_its_clients(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    microsoft.simulator.add_client("other", "secret")
    refresh_token = (await connected(browser))["refresh_token"]

    assert oauth_error(await refreshed(browser, refresh_token, client_id="other")) == (400, "invalid_grant", 9002313)


# Clients


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_secret": None}, (401, "invalid_client", 7000218)),
        ({"client_id": "nobody"}, (400, "unauthorized_client", 700016)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({"grant_type": None}, (400, "invalid_request", 900144)),
        ({"refresh_token": None}, (400, "invalid_request", 900144)),
    ],
)
async def test_a_client_must_know_itself_and_what_it_wants(
    browser: httpx.AsyncClient, form: dict[str, str | None], answer: tuple[int, str, int]
) -> None:
    usual: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": "x"}

    assert oauth_error(await token(browser, **(usual | form))) == answer


async def test_a_secret_expires(microsoft: Microsoft, browser: httpx.AsyncClient) -> None:
    refresh_token = (await connected(browser))["refresh_token"]
    microsoft.client.secret_expires = datetime.now(UTC)

    assert oauth_error(await refreshed(browser, refresh_token)) == (401, "invalid_client", 7000222)


async def test_a_public_client_shows_no_secret_and_may_use_loopback(
    microsoft: Microsoft, browser: httpx.AsyncClient
) -> None:
    microsoft.simulator.add_client("desktop", None)
    microsoft.simulator.quirks.consent = "grant"
    address = "http://localhost:5123/callback"
    page = await browser.get(AUTHORIZE, params=asked(client_id="desktop", redirect_uri=address))
    code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
    form = {"client_id": "desktop", "redirect_uri": address}

    assert oauth_error(await exchanged(browser, code, **form)) == (401, "invalid_client", 700025)
    assert (await exchanged(browser, code, **form, client_secret=None)).status_code == 200
    refused = await browser.get(AUTHORIZE, params=asked(client_id="desktop", redirect_uri="http://elsewhere.example/"))
    assert "AADSTS50011" in refused.text
