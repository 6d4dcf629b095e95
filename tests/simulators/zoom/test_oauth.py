"""The way to a token, and how tokens live and die."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.simulators.zoom.world import Json, Zoom, a_client

BACK = "https://app.example/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "response_type": "code",
    "client_id": "app",
    "redirect_uri": BACK,
    "state": "s t",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


async def consent(zoom: Zoom, decision: str = "allow", **asked: str) -> dict[str, list[str]]:
    """What the user's browser brings back to the app."""
    async with a_client(zoom.url) as browser:
        page = await browser.get("/oauth/authorize", params={**ASKED, **asked})
        assert "ada@example.com" in page.text
        form = {"account": "ada@example.com", "decision": decision}
        answer = await browser.post("/oauth/authorize", params={**ASKED, **asked}, data=form)
    assert answer.headers["location"].startswith(f"{BACK}?")
    return parse_qs(urlsplit(answer.headers["location"]).query)


async def token(zoom: Zoom, **form: str) -> httpx.Response:
    async with a_client(zoom.url) as http:
        return await http.post("/oauth/token", data=form, auth=("app", "secret"))


async def exchange(zoom: Zoom, code: str, **form: str) -> httpx.Response:
    usual = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
    return await token(zoom, code=code, **{**usual, **form})


async def refresh(zoom: Zoom, refresh_token: str) -> httpx.Response:
    return await token(zoom, grant_type="refresh_token", refresh_token=refresh_token)


async def connected(zoom: Zoom) -> Json:
    answer: Json = (await exchange(zoom, (await consent(zoom))["code"][0])).json()
    return answer


def refusal(response: httpx.Response) -> tuple[int, str]:
    assert response.json().keys() == {"reason", "error"}
    return response.status_code, response.json()["error"]


async def test_a_user_who_allows_it_sends_the_app_a_code_for_tokens(zoom: Zoom) -> None:
    back = await consent(zoom)
    tokens = (await exchange(zoom, back["code"][0])).json()

    assert back["state"] == ["s t"]
    assert tokens.keys() == {"access_token", "token_type", "refresh_token", "expires_in", "scope", "api_url"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["api_url"]) == ("bearer", 3599, zoom.url)
    async with a_client(f"{zoom.url}/v2/", tokens["access_token"]) as http:
        assert (await http.get("users/me")).json()["email"] == "ada@example.com"


async def test_a_user_who_declines_sends_an_error(zoom: Zoom) -> None:
    assert (await consent(zoom, "deny"))["error"] == ["access_denied"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": "https://evil.example/"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
    ],
    ids=str,
)
async def test_a_request_that_is_wrong_is_shown_to_the_user_alone(zoom: Zoom, wrong: dict[str, str]) -> None:
    async with a_client(zoom.url) as browser:
        answer = await browser.get("/oauth/authorize", params={**ASKED, **wrong})
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("decides", ["grant", "access_denied"])
async def test_the_simulator_can_decide_for_the_user(zoom: Zoom, decides: str) -> None:
    zoom.simulator.quirks.change(consent=decides)
    async with a_client(zoom.url) as browser:
        answer = await browser.get("/oauth/authorize", params=ASKED)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert "code" in back if decides == "grant" else back["error"] == [decides]


@pytest.mark.parametrize(
    "wrong", [{"code_verifier": "w" * 43}, {"code_verifier": ""}, {"redirect_uri": "https://app.example/"}], ids=str
)
async def test_a_code_goes_with_its_verifier_and_its_address(zoom: Zoom, wrong: dict[str, str]) -> None:
    code = (await consent(zoom))["code"][0]
    assert refusal(await exchange(zoom, code, **wrong))[0] == 400
    assert (await exchange(zoom, code)).status_code == 200


async def test_a_code_serves_once_and_lives_five_minutes(zoom: Zoom) -> None:
    used, late = [(await consent(zoom))["code"][0] for _ in range(2)]
    await exchange(zoom, used)
    assert refusal(await exchange(zoom, used)) == (400, "invalid_grant")
    zoom.simulator.advance(minutes=5)
    assert refusal(await exchange(zoom, late)) == (400, "invalid_grant")


@pytest.mark.parametrize("status", [400, 401])
async def test_a_refresh_gives_another_refresh_token_and_kills_the_old_one(zoom: Zoom, status: int) -> None:
    zoom.simulator.quirks.change(dead_grant_status=status)
    first = (await connected(zoom))["refresh_token"]

    second = (await refresh(zoom, first)).json()["refresh_token"]

    dead = await refresh(zoom, first)
    assert second != first
    assert dead.json() == {"reason": "Invalid Token!", "error": "invalid_grant"}
    assert dead.status_code == status
    assert (await refresh(zoom, second)).status_code == 200


async def test_tokens_end(zoom: Zoom) -> None:
    tokens = await connected(zoom)
    zoom.simulator.advance(hours=1)
    async with a_client(f"{zoom.url}/v2/", tokens["access_token"]) as http:
        assert (await http.get("users/me")).json()["code"] == 124
    zoom.simulator.advance(days=90)
    assert refusal(await refresh(zoom, tokens["refresh_token"])) == (400, "invalid_grant")


async def test_a_revoked_token_takes_all_of_the_app_along(zoom: Zoom) -> None:
    tokens = await connected(zoom)
    async with a_client(zoom.url) as http:
        answer = await http.post("/oauth/revoke", data={"token": tokens["access_token"]}, auth=("app", "secret"))
        again = await http.post("/oauth/revoke", data={"token": "unknown"}, auth=("app", "secret"))
    assert answer.json() == {"status": "success"}
    assert refusal(again) == (400, "invalid_grant")
    assert refusal(await refresh(zoom, tokens["refresh_token"])) == (400, "invalid_grant")
    assert await zoom.error("users/me") == (401, 124)


async def test_the_app_shows_its_secret_by_basic_authentication(zoom: Zoom) -> None:
    assert refusal(await token(zoom, grant_type="password")) == (400, "unsupported_grant_type")
    async with a_client(zoom.url) as http:
        form = {"client_id": "app", "client_secret": "secret", "grant_type": "refresh_token"}
        assert refusal(await http.post("/oauth/token", data=form)) == (401, "invalid_client")
        assert refusal(await http.post("/oauth/token", auth=("app", "wrong"))) == (401, "invalid_client")
        for given in ("Basic ?", "Basic /w=="):
            assert (await http.post("/oauth/token", headers={"Authorization": given})).status_code == 401


async def test_each_method_wants_its_scope(zoom: Zoom) -> None:
    zoom.simulator.quirks.change(withheld_scopes=("meeting:read:list_upcoming_meetings",))
    tokens = await connected(zoom)
    assert "upcoming" not in tokens["scope"]
    async with a_client(f"{zoom.url}/v2/", tokens["access_token"]) as http:
        answer = await http.get("users/me/upcoming_meetings")
        assert (answer.status_code, answer.json()["code"]) == (400, 4711)
        assert "meeting:read:list_upcoming_meetings" in answer.json()["message"]
        assert (await http.get("users/me/meetings")).status_code == 200
