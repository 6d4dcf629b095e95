"""The control interface, and the simulator from the command line."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest

from simulators.google.samples import EMAIL, demo
from tests.simulators.clients import a_client
from tests.simulators.google.world import MONDAY, SCOPE, WEEKLY, Google, ids, instance, starting

ADA = "/_control/accounts/ada@example.com"
CALENDAR = "/_control/calendars/ada@example.com"


@pytest.fixture
async def control(google: Google) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(google.url) as http:
        yield http


async def test_events_are_put_changed_split_and_removed(google: Google, control: httpx.AsyncClient) -> None:
    times = {"start": starting(MONDAY), "end": starting(MONDAY)}
    await control.put(f"{CALENDAR}/events", json={"id": "series0", "summary": "A", "recurrence": WEEKLY, **times})
    await control.patch(f"{CALENDAR}/events/{instance('series0', 1)}", json={"summary": "B"})
    split = await control.post(
        f"{CALENDAR}/events/series0/split",
        json={"originalStart": {"dateTime": "2026-01-19T08:00:00Z"}, "changes": {"summary": "C"}},
    )
    assert [item["summary"] for item in (await google.listing())["items"]] == ["A", "B", "C"]

    await control.delete(f"{CALENDAR}/events/{split.json()['id']}")
    assert [item["summary"] for item in (await google.listing())["items"]] == ["A", "B"]


async def test_accounts_calendars_and_clients_are_added(google: Google, control: httpx.AsyncClient) -> None:
    await control.post("/_control/accounts", json={"email": "bob@example.com", "aliases": ["b@example.com"]})
    bob = google.simulator.world.accounts["bob@example.com"]
    added = await control.post("/_control/accounts/bob@example.com/calendars", json={"summary": "Team", "id": "team#1"})
    await control.patch("/_control/accounts/bob@example.com/calendars/team%231", json={"is_hidden": True})
    await control.post("/_control/clients", json={"id": "other", "secret": "s", "publishing_status": "testing"})

    assert added.json() == {"id": "team#1"}
    assert bob.aliases == ("b@example.com",)
    assert bob.entries["team#1"].is_hidden
    assert google.simulator.authority.clients["other"].publishing_status == "testing"


async def test_tokens_are_granted_expired_and_revoked(google: Google, control: httpx.AsyncClient) -> None:
    grant = {"client_id": "client", "scopes": [f"{SCOPE}calendar.readonly"]}
    tokens = (await control.post(f"{ADA}/grant", json=grant)).json()

    async with a_client(google.url, tokens["access_token"]) as http:
        assert (await http.get("/calendar/v3/users/me/calendarList")).status_code == 200
        await control.post(f"{ADA}/expire")
        assert (await http.get("/calendar/v3/users/me/calendarList")).status_code == 401

    refresh: dict[str, Any] = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": "client",
        "client_secret": "secret",
    }
    assert (await control.post("/token", data=refresh)).status_code == 200
    await control.post(f"{ADA}/revoke", json={"subtype": "invalid_rapt"})
    assert (await control.post("/token", data=refresh)).json()["error_subtype"] == "invalid_rapt"
    assert google.simulator.authority.granted(google.client, google.ada)
    await control.post(f"{ADA}/revoke")
    assert not google.simulator.authority.granted(google.client, google.ada)


async def test_sync_tokens_tombstones_and_calendars_come_to_their_end(
    google: Google, control: httpx.AsyncClient
) -> None:
    google.calendar.add("Event", MONDAY, id="event0")
    google.calendar.remove("event0")
    token = (await google.listing())["nextSyncToken"]

    await control.post(f"{CALENDAR}/forget")
    assert ids(await google.listing(showDeleted="true")) == []
    await control.post(f"{CALENDAR}/expire")
    assert await google.error(google.events(), syncToken=token) == (410, "fullSyncRequired")
    await control.post(f"{CALENDAR}/delete")
    assert await google.error(google.events()) == (404, "notFound")


async def test_quirks_faults_time_and_log_are_at_hand(google: Google, control: httpx.AsyncClient) -> None:
    await control.patch("/_control/quirks", json={"empty_pages": 1, "unticked_scopes": ["a"]})
    assert (await control.get("/_control/quirks")).json()["empty_pages"] == 1
    assert google.simulator.quirks.unticked_scopes == ("a",)
    await control.delete("/_control/quirks")
    assert google.simulator.quirks.empty_pages == 0

    await control.post("/_control/faults", json={"reason": "backendError", "times": 2})
    assert await google.error(google.events()) == (500, "backendError")
    await control.delete("/_control/faults")
    assert (await google.http.get(google.events())).status_code == 200

    log = (await control.get("/_control/log")).json()
    assert [(entry["account"], entry["status"]) for entry in log] == [
        ("ada@example.com", 500),
        ("ada@example.com", 200),
    ]
    assert "ya29" not in json.dumps(log)
    await control.delete("/_control/log")
    assert (await control.get("/_control/log")).json() == []

    await control.post("/_control/clock", json={"advance": 3600})
    assert await google.error(google.events()) == (401, "authError")

    google.simulator.quirks.push = "hold"
    assert (await control.post("/_control/push/release?newest_first=true")).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/_control/quirks", {"manners": "bad"}, 422),
        ("POST", "/_control/faults", {"reason": "bored"}, 422),
        ("POST", "/_control/faults", {"what": 1}, 422),
        ("POST", "/_control/clock", {}, 422),
        ("POST", "/_control/accounts/nobody/expire", None, 404),
        ("POST", f"{ADA}/grant", {"client_id": "stranger", "scopes": []}, 404),
        ("PUT", "/_control/calendars/nowhere/events", {}, 404),
        ("PATCH", f"{CALENDAR}/events/nothing", {}, 404),
    ],
)
async def test_what_cannot_be_done_is_told(
    control: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    response = await control.request(method, path, json=body)

    assert response.status_code == status
    assert response.json()["error"]


async def test_it_says_where_a_client_finds_what(google: Google, control: httpx.AsyncClient) -> None:
    assert (await control.get("/_control/settings")).json() == {
        "GOOGLE_API_URL": f"{google.url}/calendar/v3",
        "GOOGLE_AUTHORIZE_URL": f"{google.url}/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": f"{google.url}/token",
        "GOOGLE_REVOKE_URL": f"{google.url}/revoke",
        "GOOGLE_CLIENT_ID": "client",
        "GOOGLE_CLIENT_SECRET": "secret",
    }


def test_the_sample_account_has_a_week_ahead_of_it() -> None:
    simulator = demo(date(2026, 1, 1))

    primary, team = (entry.calendar for entry in simulator.world.accounts[EMAIL].entries.values())
    titles = {stored.resource.get("summary") for stored in primary.events.values()}
    assert titles == {"Stand-up", None, "Design review", "Home"}
    assert [stored.resource["summary"] for stored in team.events.values()] == ["Offsite"]


def test_it_starts_from_the_command_line() -> None:
    command = [sys.executable, "-m", "simulators.google", "--client-id", "mine", "--redirect-uri", "https://app/cb"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        granted = httpx.post(
            f"{url}/_control/accounts/{EMAIL}/grant", json={"client_id": "mine", "scopes": [f"{SCOPE}calendar"]}
        ).json()
        headers = {"Authorization": f"Bearer {granted['access_token']}"}
        listing = httpx.get(f"{url}/calendar/v3/calendars/primary/events", headers=headers).json()
        process.terminate()

    assert "Design review" in [item.get("summary") for item in listing["items"]]
