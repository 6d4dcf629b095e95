"""Unique texts are planted wherever a secret can stand; afterwards they are looked for where none may be."""

import io
import json

import httpx
import pytest

from calendar_sync.access.keys import PlainKey
from calendar_sync.web.logs import configure_logging
from simulators.caldav.app import CalDavSimulator
from simulators.server import serving
from tests.access.issuer import AUDIENCE, an_issuer
from tests.web.door import CONNECTIONS, EVENTS, SYNC, TOMORROW, Door, a_door

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "canary-password-3c51"
WRONG_PASSWORD = "canary-wrong-9b02"
FEED = "canary-feed-77aa"
TITLE = "canary-title-e410"
QUERY = "canary-query-0f0f"
BODY = "canary-body-5d5d"
PERSON = "canary-person-21c8"


async def use_everything(door: Door, client: httpx.AsyncClient, caldav: str) -> list[httpx.Response]:
    """Good and bad requests; gives those answers that are no data of the user's."""
    feed = door.feeds.feed(FEED)
    feed.put("a", start=TOMORROW, summary=TITLE, more=[f"ORGANIZER:mailto:{PERSON}@example.com"])
    answers = [
        await client.post(CONNECTIONS, json=door.request_for(feed)),
        await client.post(CONNECTIONS, json=_account(caldav, WRONG_PASSWORD)),
        await client.post(CONNECTIONS, json=_account(caldav, PASSWORD)),
        await client.post(CONNECTIONS, json=_account(f"https://ada:{PASSWORD}@dav.example.com/{FEED}", PASSWORD)),
        await client.post(CONNECTIONS, json={"provider": BODY, "credentials": {BODY: BODY}}),
        await client.post(CONNECTIONS, content=f'{{"{BODY}": ', headers={"content-type": "application/json"}),
        await client.post(SYNC, content=BODY),
        await client.get(f"/{QUERY}?token={QUERY}"),
        await client.get(EVENTS, params={"provider": QUERY}),
        await client.get(f"{EVENTS}/{QUERY}"),
        await client.get(EVENTS, headers={"authorization": f"Bearer {BODY}.{BODY}.{BODY}"}),
        await client.get(f"/calendars/{QUERY}.ics"),
        await client.get(f"/calendars/csf_{BODY}.ics"),
    ]
    feed.fail("status", status=500)
    return [*answers, await client.post(SYNC)]


def _account(url: str, password: str) -> dict[str, object]:
    return {"provider": "caldav", "credentials": {"url": url, "username": PERSON, "password": password}}


@pytest.mark.usefixtures("process_logging")
async def test_no_secret_is_logged_answered_or_stored_in_the_clear(sqlite_url: str) -> None:
    log = io.StringIO()
    configure_logging("debug", log)
    caldav = CalDavSimulator()
    caldav.add_user(PERSON, PASSWORD).add_calendar("main")
    async with serving(caldav) as address, an_issuer() as issuer:
        oidc = {"oidc_issuer": issuer.address, "oidc_audience": AUDIENCE}
        async with a_door(sqlite_url, **oidc) as door:
            key, token = await door.key(), issuer.token({"email": f"{PERSON}@example.com"})
            async with door.asking(key) as client:
                answers = await use_everything(door, client, address)
            async with door.asking(headers={"authorization": f"Bearer {token}"}) as client:
                answers.append(await client.get(EVENTS))
            file = door.services.settings.sqlite_path
    assert file is not None
    plain = PlainKey.read(key)
    assert plain is not None

    secrets = [plain.secret, token.split(".")[2], PASSWORD, WRONG_PASSWORD, FEED, QUERY, BODY]
    logged, answered = log.getvalue(), "".join(answer.text for answer in answers)
    stored = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    assert [secret for secret in [*secrets, TITLE, PERSON] if secret in logged] == []
    assert [secret for secret in [*secrets, TITLE] if secret in answered] == []
    assert [secret for secret in secrets if secret.encode() in stored] == []
    assert [line for line in logged.splitlines() if len(line) > 2048] == []
    assert {answer.headers["x-request-id"] for answer in answers} <= {
        json.loads(line)["trace_id"] for line in logged.splitlines()
    }


async def test_an_error_nobody_foresaw_shows_nothing_of_itself(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError(f"cannot open /srv/{QUERY}: password={PASSWORD}")

    monkeypatch.setattr(type(door.services.connections), "list", fails)
    async with door.asking(await door.key()) as client:
        answer = await client.get(CONNECTIONS)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"]) == (500, "INTERNAL_ERROR", {})
    assert error["message"] == "Something went wrong on our side; it was logged under this trace_id."
    assert "RuntimeError" in caplog.text
