"""OAuth 2.0: consent, codes, tokens, and all the ways in which they end."""

import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from google.auth import jwt
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from joserfc.jwk import RSAKey

from simulators.google.authority import Client
from simulators.server import ServerThread
from tests.simulators.clients import a_client
from tests.simulators.google.world import SCOPE, Google

Json = dict[str, Any]

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
READ, LIST = f"{SCOPE}calendar.events.readonly", f"{SCOPE}calendar.calendarlist.readonly"
CALLBACK = "https://app.example/callback"


@pytest.fixture
async def browser(google: Google) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(google.url) as browser:
        yield browser


def asked(**changes: str | None) -> dict[str, str]:
    """The parameters of an authorization request, as a careful client sends them."""
    usual = {
        "client_id": "client",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": f"openid email {READ} {LIST}",
        "state": "s t/a?te",
        "access_type": "offline",
        "prompt": "consent",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


async def consented(browser: httpx.AsyncClient, parameters: dict[str, str], **form: str | list[str]) -> dict[str, str]:
    """What the client gets to know when the user fills in the page."""
    page = await browser.get("/o/oauth2/v2/auth", params=parameters)
    assert page.status_code == 200, page.text
    scopes = re.findall(r'name="scope" value="([^"]*)"', page.text)
    filled = {"account": "ada@example.com", "decision": "allow", "scope": scopes} | form
    return told(await browser.post("/o/oauth2/v2/auth", params=parameters, data=filled))


def told(redirect: httpx.Response) -> dict[str, str]:
    assert redirect.status_code == 302, redirect.text
    assert redirect.headers["location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(redirect.headers["location"]).query).items()}


async def token(browser: httpx.AsyncClient, **form: str | None) -> httpx.Response:
    usual = {"client_id": "client", "client_secret": "secret", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    given = {name: value for name, value in (usual | form).items() if value is not None}
    return await browser.post("/token", data=given)


async def exchanged(browser: httpx.AsyncClient, code: str, **form: str | None) -> httpx.Response:
    return await token(browser, grant_type="authorization_code", code=code, **form)


async def refreshed(browser: httpx.AsyncClient, refresh_token: str, **form: str | None) -> httpx.Response:
    return await token(browser, grant_type="refresh_token", refresh_token=refresh_token, **form)


async def connected(browser: httpx.AsyncClient, **changes: str | None) -> Json:
    """The tokens of a client, all the way through the browser."""
    answer = await consented(browser, asked(**changes))
    tokens: Json = (await exchanged(browser, answer["code"])).json()
    return tokens


def oauth_error(response: httpx.Response) -> tuple[int, str]:
    assert response.json().keys() >= {"error", "error_description"}
    return response.status_code, response.json()["error"]


# Consent


async def test_the_way_from_consent_to_calendar(google: Google, browser: httpx.AsyncClient) -> None:
    answer = await consented(browser, asked())
    tokens = (await exchanged(browser, answer["code"])).json()

    assert answer["state"] == "s t/a?te"
    assert tokens.keys() == {"access_token", "expires_in", "refresh_token", "scope", "token_type", "id_token"}
    assert (tokens["expires_in"], tokens["token_type"]) == (3599, "Bearer")
    assert set(tokens["scope"].split()) == {"openid", "email", READ, LIST}
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await google.http.get("users/me/calendarList", headers=headers)).status_code == 200


async def test_a_user_who_says_no_is_told_to_the_client(browser: httpx.AsyncClient) -> None:
    assert await consented(browser, asked(), decision="deny") == {"error": "access_denied", "state": "s t/a?te"}


async def test_an_unticked_scope_is_missing_in_what_is_granted(google: Google, browser: httpx.AsyncClient) -> None:
    answer = await consented(browser, asked(), scope=[LIST])
    tokens = (await exchanged(browser, answer["code"])).json()

    assert set(tokens["scope"].split()) == {"openid", "email", LIST}
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await google.http.get(google.events(), headers=headers)).status_code == 403


async def test_the_user_can_be_left_out(google: Google, browser: httpx.AsyncClient) -> None:
    google.simulator.add_account("bob@example.com")
    google.simulator.quirks.change(consent="grant", unticked_scopes=[LIST])

    answer = told(await browser.get("/o/oauth2/v2/auth", params=asked(login_hint="bob@example.com")))
    tokens = (await exchanged(browser, answer["code"])).json()

    assert LIST not in tokens["scope"]
    who = await browser.get("/v1/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert who.json()["email"] == "bob@example.com"


@pytest.mark.parametrize("error", ["access_denied", "admin_policy_enforced", "org_internal"])
async def test_any_error_can_be_sent_instead_of_a_code(google: Google, browser: httpx.AsyncClient, error: str) -> None:
    google.simulator.quirks.consent = error

    assert told(await browser.get("/o/oauth2/v2/auth", params=asked())) == {"error": error, "state": "s t/a?te"}


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "stranger"}, 401, "invalid_client"),
        ({"redirect_uri": f"{CALLBACK}/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": None}, 400, "redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"scope": None}, 400, "invalid_scope"),
        ({"code_challenge_method": "S512"}, 400, "invalid_request"),
        ({"code_challenge": "short"}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_request_ends_on_an_error_page(
    browser: httpx.AsyncClient, changes: dict[str, str | None], status: int, error: str
) -> None:
    for response in (
        await browser.get("/o/oauth2/v2/auth", params=asked(**changes)),
        await browser.post("/o/oauth2/v2/auth", params=asked(**changes)),
    ):
        assert response.status_code == status
        assert error in response.text


async def test_a_desktop_client_may_return_to_any_loopback_port(google: Google, browser: httpx.AsyncClient) -> None:
    google.simulator.add_client("desktop", "secret")

    def desktop(uri: str) -> dict[str, str]:
        return asked(client_id="desktop", redirect_uri=uri)

    for uri in ("http://127.0.0.1:49152", "http://localhost:1/cb", "http://[::1]:8"):
        assert (await browser.get("/o/oauth2/v2/auth", params=desktop(uri))).status_code == 200
    assert (await browser.get("/o/oauth2/v2/auth", params=desktop(CALLBACK))).status_code == 400


async def test_the_page_shows_nothing_unescaped(google: Google, browser: httpx.AsyncClient) -> None:
    google.simulator.add_client("evil", "secret", name="<script>alert(1)</script>")

    parameters = asked(client_id="evil", redirect_uri="http://127.0.0.1", scope='"><script>x</script>')
    page = await browser.get("/o/oauth2/v2/auth", params=parameters)

    assert "<script>" not in page.text


async def test_the_issuer_is_named_if_wished(google: Google, browser: httpx.AsyncClient) -> None:
    google.simulator.quirks.names_issuer = True

    assert (await consented(browser, asked()))["iss"] == "https://accounts.google.com"


# When there is a refresh token


async def test_without_offline_access_there_is_no_refresh_token(browser: httpx.AsyncClient) -> None:
    assert "refresh_token" not in await connected(browser, access_type=None)


async def test_who_consented_before_gives_no_refresh_token_again_but_on_the_consent_page(
    browser: httpx.AsyncClient,
) -> None:
    first = await connected(browser, prompt=None)
    silent = told(await browser.get("/o/oauth2/v2/auth", params=asked(prompt=None, login_hint="ada@example.com")))
    again = (await exchanged(browser, silent["code"])).json()
    chosen = await connected(browser, prompt="select_account")
    forced = await connected(browser, prompt="consent")

    assert "refresh_token" in first
    assert "refresh_token" not in again
    assert "refresh_token" not in chosen
    assert forced["refresh_token"] != first["refresh_token"]


async def test_nothing_is_asked_where_nothing_may_be_asked(browser: httpx.AsyncClient) -> None:
    await connected(browser)
    hinted = asked(prompt="none", login_hint="ada@example.com")

    assert "code" in told(await browser.get("/o/oauth2/v2/auth", params=hinted))
    more = hinted | {"scope": f"{SCOPE}calendar.acls"}
    assert told(await browser.get("/o/oauth2/v2/auth", params=more))["error"] == "interaction_required"


async def test_earlier_grants_are_included_if_wished(browser: httpx.AsyncClient) -> None:
    await connected(browser, scope=LIST)

    alone = await connected(browser, scope=READ)
    both = await connected(browser, scope=READ, include_granted_scopes="true")

    assert alone["scope"] == READ
    assert {LIST, READ} <= set(both["scope"].split())


async def test_after_a_withdrawn_consent_there_is_a_refresh_token_again(
    google: Google, browser: httpx.AsyncClient
) -> None:
    first = await connected(browser, prompt=None)
    google.simulator.authority.withdraw(google.client, google.ada)

    assert oauth_error(await refreshed(browser, first["refresh_token"])) == (400, "invalid_grant")
    assert "refresh_token" in await connected(browser, prompt=None)


# Codes


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code_verifier": "w" * 43}, (400, "invalid_grant")),
        ({"code_verifier": "v" * 42}, (400, "invalid_grant")),
        ({"code_verifier": None}, (400, "invalid_grant")),
        ({"redirect_uri": "https://app.example/other"}, (400, "redirect_uri_mismatch")),
        ({"client_secret": "wrong"}, (401, "invalid_client")),
        ({"client_id": "stranger"}, (401, "invalid_client")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"code": ""}, (400, "invalid_request")),
        ({"code": "4/0Anonsense"}, (400, "invalid_grant")),
    ],
)
async def test_a_code_is_given_no_tokens_for_wrong_words(
    browser: httpx.AsyncClient, form: dict[str, str | None], error: tuple[int, str]
) -> None:
    code = (await consented(browser, asked()))["code"]

    usual: dict[str, str | None] = {"grant_type": "authorization_code", "code": code}
    assert oauth_error(await token(browser, **usual | form)) == error
    assert (await exchanged(browser, code)).status_code == 200


async def test_a_code_serves_once(browser: httpx.AsyncClient) -> None:
    code = (await consented(browser, asked()))["code"]
    await exchanged(browser, code)

    assert oauth_error(await exchanged(browser, code)) == (400, "invalid_grant")


async def test_a_code_serves_ten_minutes(google: Google, browser: httpx.AsyncClient) -> None:
    code = (await consented(browser, asked()))["code"]
    google.simulator.advance(minutes=10)

    assert oauth_error(await exchanged(browser, code)) == (400, "invalid_grant")


async def test_a_code_serves_the_client_it_was_made_for(google: Google, browser: httpx.AsyncClient) -> None:
    google.simulator.add_client("other", "secret", CALLBACK)
    code = (await consented(browser, asked()))["code"]

    assert oauth_error(await exchanged(browser, code, client_id="other")) == (400, "invalid_grant")


async def test_a_verifier_nobody_asked_for_is_refused(browser: httpx.AsyncClient) -> None:
    code = (await consented(browser, asked(code_challenge=None, code_challenge_method=None)))["code"]

    assert oauth_error(await exchanged(browser, code)) == (400, "invalid_grant")
    assert (await exchanged(browser, code, code_verifier=None)).status_code == 200


async def test_a_client_may_name_itself_by_basic_authentication(browser: httpx.AsyncClient) -> None:
    code = (await consented(browser, asked()))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}

    assert (await browser.post("/token", data=form, auth=("client", "secret"))).status_code == 200
    assert oauth_error(await browser.post("/token", data=form, auth=("client", "wrong"))) == (401, "invalid_client")


# Tokens


async def test_a_refresh_gives_an_access_token_and_no_refresh_token(google: Google, browser: httpx.AsyncClient) -> None:
    tokens = await connected(browser)

    fresh = (await refreshed(browser, tokens["refresh_token"])).json()

    assert fresh["access_token"] != tokens["access_token"]
    assert "refresh_token" not in fresh
    assert (await refreshed(browser, tokens["refresh_token"])).status_code == 200
    assert google.simulator.count("POST", "/token") == 3


async def test_refresh_tokens_can_be_made_to_rotate(google: Google, browser: httpx.AsyncClient) -> None:
    google.simulator.quirks.rotates_refresh_tokens = True
    first = (await connected(browser))["refresh_token"]

    second = (await refreshed(browser, first)).json()["refresh_token"]

    assert oauth_error(await refreshed(browser, first)) == (400, "invalid_grant")
    assert (await refreshed(browser, second)).status_code == 200


async def test_a_testing_client_lives_for_seven_days(google: Google, browser: httpx.AsyncClient) -> None:
    google.client.publishing_status = "testing"
    tokens = await connected(browser)

    assert tokens["refresh_token_expires_in"] == 604799
    google.simulator.advance(days=6, hours=23)
    assert (await refreshed(browser, tokens["refresh_token"])).status_code == 200
    google.simulator.advance(hours=1)
    assert oauth_error(await refreshed(browser, tokens["refresh_token"])) == (400, "invalid_grant")


async def test_a_token_unused_for_half_a_year_dies(google: Google, browser: httpx.AsyncClient) -> None:
    used, unused = (await connected(browser))["refresh_token"], (await connected(browser))["refresh_token"]

    google.simulator.advance(days=100)
    assert (await refreshed(browser, used)).status_code == 200
    google.simulator.advance(days=100)

    assert (await refreshed(browser, used)).status_code == 200
    assert oauth_error(await refreshed(browser, unused)) == (400, "invalid_grant")


async def test_of_too_many_tokens_the_oldest_dies(google: Google, browser: httpx.AsyncClient) -> None:
    google.simulator.authority.kill_refresh_tokens(google.ada)
    google.simulator.quirks.most_refresh_tokens = 2
    first, second, third = [(await connected(browser))["refresh_token"] for _ in range(3)]

    assert oauth_error(await refreshed(browser, first)) == (400, "invalid_grant")
    assert (await refreshed(browser, second)).status_code == 200
    assert (await refreshed(browser, third)).status_code == 200


async def test_an_organisation_may_end_a_session(google: Google, browser: httpx.AsyncClient) -> None:
    tokens = await connected(browser)
    google.simulator.authority.kill_refresh_tokens(google.ada, subtype="invalid_rapt")

    response = await refreshed(browser, tokens["refresh_token"])

    assert oauth_error(response) == (400, "invalid_grant")
    assert response.json()["error_subtype"] == "invalid_rapt"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_revoking_one_token_ends_them_all(google: Google, browser: httpx.AsyncClient, kind: str) -> None:
    older, newer = await connected(browser), await connected(browser)

    assert (await browser.post("/revoke", data={"token": older[kind]})).status_code == 200

    assert oauth_error(await refreshed(browser, newer["refresh_token"])) == (400, "invalid_grant")
    headers = {"Authorization": f"Bearer {newer['access_token']}"}
    assert (await google.http.get(google.events(), headers=headers)).status_code == 401
    assert oauth_error(await browser.post("/revoke", data={"token": older[kind]})) == (400, "invalid_token")


async def test_a_refresh_token_serves_the_client_it_was_made_for(google: Google, browser: httpx.AsyncClient) -> None:
    other: Client = google.simulator.add_client("other", "other-secret")
    tokens = await connected(browser)

    response = await refreshed(browser, tokens["refresh_token"], client_id=other.id, client_secret=other.secret)

    assert oauth_error(response) == (400, "invalid_grant")


async def test_the_user_info_needs_a_token(google: Google, browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/v1/userinfo")).status_code == 401

    who = (await browser.get("/v1/userinfo", headers=google.http.headers)).json()
    assert who == {"sub": google.ada.subject, "email": "ada@example.com", "email_verified": True}


# As Google's own libraries see it


async def test_googles_credentials_refresh_themselves_until_the_grant_is_dead(google: Google) -> None:
    tokens = google.simulator.grant(google.client, google.ada, READ)
    assert tokens.refresh is not None

    with ServerThread(google.simulator) as url:
        credentials = Credentials(
            None,
            refresh_token=tokens.refresh.value,
            token_uri=f"{url}/token",
            client_id="client",
            client_secret="secret",
            scopes=[READ],
        )
        credentials.refresh(Request())
        assert google.simulator.authority.authenticate(credentials.token) is not None

        google.simulator.authority.withdraw(google.client, google.ada)
        with pytest.raises(RefreshError, match="invalid_grant"):
            credentials.refresh(Request())


async def test_googles_library_believes_the_id_token(google: Google, browser: httpx.AsyncClient) -> None:
    tokens = await connected(browser, nonce="n")

    (key,) = (await browser.get("/oauth2/v3/certs")).json()["keys"]
    claims = jwt.decode(
        tokens["id_token"], certs={key["kid"]: RSAKey.import_key(key).as_pem(private=False)}, audience="client"
    )

    assert (claims["iss"], claims["email"], claims["nonce"]) == ("https://accounts.google.com", "ada@example.com", "n")
    assert claims["sub"] == google.ada.subject


async def test_the_addresses_can_be_discovered(google: Google, browser: httpx.AsyncClient) -> None:
    found = (await browser.get("/.well-known/openid-configuration")).json()

    assert found["token_endpoint"] == f"{google.url}/token"
    assert found["authorization_endpoint"] == f"{google.url}/o/oauth2/v2/auth"
    assert found["revocation_endpoint"] == f"{google.url}/revoke"
