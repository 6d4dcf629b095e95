"""The control interface, the samples, and the simulator from the command line."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest

from simulators.microsoft.samples import EMAIL, demo
from simulators.server import serving
from tests.simulators.clients import a_client
from tests.simulators.microsoft.world import (
    JANUARY,
    MONDAY,
    WEEKLY,
    Microsoft,
    graph,
    ids,
    occurrence,
    refusal,
)

ADA = "/_control/accounts/ada@example.com"
CALENDAR = "/_control/calendars/ada@example.com"


@pytest.fixture
async def control(microsoft: Microsoft) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(microsoft.url) as http:
        yield http


async def test_events_are_put_changed_moved_and_removed(microsoft: Microsoft, control: httpx.AsyncClient) -> None:
    times = {"start": graph(MONDAY), "end": graph(MONDAY)}
    put = await control.put(f"{CALENDAR}/events", json={"id": "series", "subject": "A", "recurrence": WEEKLY, **times})
    await control.patch(f"{CALENDAR}/events/{occurrence('series', 1)}", json={"subject": "B"})
    await control.delete(f"{CALENDAR}/events/{occurrence('series', 2)}")
    view = await microsoft.whole("me/calendarView", **JANUARY)
    team = microsoft.ada.add_calendar("Team")
    moved = await control.post(f"{CALENDAR}/events/series/move", json={"to": team.id})
    removed = await control.delete(f"/_control/calendars/{team.id}/events/series")

    assert put.json()["id"] == "series"
    assert [event["subject"] for event in view] == ["A", "B", "A"]
    assert moved.json() == {"id": "series"}
    assert removed.status_code == 204
    assert await microsoft.whole("me/calendarView", **JANUARY) == []


async def test_accounts_calendars_and_clients_are_added(microsoft: Microsoft, control: httpx.AsyncClient) -> None:
    added = await control.post("/_control/accounts", json={"email": "bob@example.com", "has_mailbox": False})
    bob = microsoft.simulator.world.accounts["bob@example.com"]
    team = await control.post("/_control/accounts/bob@example.com/calendars", json={"name": "Team", "can_edit": False})
    await control.post("/_control/clients", json={"id": "other", "secret": None, "redirect_uris": ["http://x"]})
    listed = await control.get("/_control/accounts/bob@example.com/calendars")
    await control.delete(f"/_control/accounts/bob@example.com/calendars/{team.json()['id']}")

    assert added.json() == {"email": "bob@example.com", "calendar": bob.calendar.id}
    assert (bob.has_mailbox, bob.tenant) == (False, microsoft.ada.tenant)
    assert [each["name"] for each in listed.json()] == ["Calendar", "Team"]
    assert list(bob.calendars) == [bob.calendar.id]
    assert microsoft.simulator.authority.clients["other"].redirect_uris == ("http://x",)


async def test_tokens_are_granted_expired_and_revoked(microsoft: Microsoft, control: httpx.AsyncClient) -> None:
    tokens = (await control.post(f"{ADA}/grant", json={"client_id": "client"})).json()
    _, link = await microsoft.round()
    await control.post(f"{ADA}/expire")
    refresh = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": "client",
        "client_secret": "secret",
    }
    renewed = (await control.post("/common/oauth2/v2.0/token", data=refresh)).json()["access_token"]

    assert await microsoft.error("me") == (401, "InvalidAuthenticationToken")
    microsoft.http.headers["authorization"] = f"Bearer {renewed}"
    assert await microsoft.error(link) == (410, "SyncStateNotFound")
    await control.post(f"{ADA}/revoke", json={"error": "interaction_required", "number": 50076})
    refused = (await control.post("/common/oauth2/v2.0/token", data=refresh)).json()
    assert (refused["error"], refused["error_codes"]) == ("interaction_required", [50076])
    assert microsoft.simulator.authority.granted(microsoft.client, microsoft.ada)
    await control.post(f"{ADA}/revoke")
    assert not microsoft.simulator.authority.granted(microsoft.client, microsoft.ada)
    assert (await control.post(f"{ADA}/grant", json={"client_id": "nobody"})).status_code == 404


async def test_quirks_faults_clock_and_log_are_switched(microsoft: Microsoft, control: httpx.AsyncClient) -> None:
    await control.patch("/_control/quirks", json={"reverses_items": True, "withheld_scopes": ["User.Read"]})
    assert microsoft.simulator.quirks.withheld_scopes == ("User.Read",)
    assert (await control.get("/_control/quirks")).json()["reverses_items"] is True
    await control.delete("/_control/quirks")
    assert microsoft.simulator.quirks.reverses_items is False
    assert (await control.patch("/_control/quirks", json={"is_moody": True})).status_code == 422

    await control.post("/_control/faults", json={"reason": "UnknownError", "times": 2})
    await microsoft.error("me")
    await control.delete("/_control/faults")
    await microsoft.get("me")
    assert [entry["status"] for entry in (await control.get("/_control/log")).json()] == [504, 200]
    assert microsoft.simulator.count("GET", "/me") == 2
    await control.delete("/_control/log")
    assert microsoft.simulator.log == []
    assert (await control.post("/_control/faults", json={"reason": "bored"})).status_code == 422

    await control.post("/_control/clock", json={"advance": 4203})
    assert await microsoft.error("me") == (401, "InvalidAuthenticationToken")


async def test_rounds_are_broken_off(microsoft: Microsoft, control: httpx.AsyncClient) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    _, link = await microsoft.round()
    microsoft.calendar.remove(event)
    await control.post(f"{CALENDAR}/forget")
    assert (await microsoft.round(link))[0] == []
    await control.post(f"{CALENDAR}/expire")
    assert await microsoft.error(link) == (410, "SyncStateNotFound")


async def test_what_is_not_there_cannot_be_controlled(control: httpx.AsyncClient) -> None:
    for path in ("accounts/nobody/expire", "calendars/none/expire", "subscriptions/none/forge"):
        assert (await control.post(f"/_control/{path}")).status_code == 404
    assert (await control.delete(f"{CALENDAR}/events/none")).status_code == 404


async def test_settings_lead_a_client_here(microsoft: Microsoft, control: httpx.AsyncClient) -> None:
    assert (await control.get("/_control/settings")).json() == {
        "MICROSOFT_API_URL": f"{microsoft.url}/v1.0",
        "MICROSOFT_LOGIN_URL": microsoft.url,
        "MICROSOFT_CLIENT_ID": "client",
        "MICROSOFT_CLIENT_SECRET": "secret",
    }


async def test_a_reset_forgets_manners_and_keeps_what_was_made(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    microsoft.simulator.quirks.most_days = 1
    microsoft.simulator.reset()

    rows, _ = await microsoft.round()

    assert ids(rows) == [event]


async def test_the_sample_is_a_week_of_a_team() -> None:
    simulator = demo(date(2026, 1, 1))
    client = simulator.add_client("client", "secret")
    token = simulator.grant(client, simulator.world.accounts[EMAIL]).access.value

    async with serving(simulator) as url, a_client(f"{url}/v1.0/", token) as http:
        _, team = (await http.get("me/calendars")).json()["value"]
        week = {"startDateTime": "2026-01-05", "endDateTime": "2026-01-12", "$top": "99", "$orderby": "start/dateTime"}
        view = (await http.get("me/calendarView", params=week)).json()["value"]
        assert refusal(await http.get("me/calendarView")) == (400, "ErrorInvalidParameter")

    assert team["name"] == "Team"
    assert [(event["start"]["dateTime"][8:13], event["subject"]) for event in view] == [
        ("05T08", "Stand-up"),
        ("06T09", "Stand-up (later)"),
        ("07T08", "Stand-up"),
        ("07T13", "Design review"),
        ("09T00", "Public holiday"),
        ("09T08", "Stand-up"),
    ]
    assert view[0]["onlineMeeting"]["joinUrl"].startswith("https://teams.microsoft.com/")


def test_it_runs_from_the_command_line() -> None:
    command = [sys.executable, "-m", "simulators.microsoft", "--client-id", "mine"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        settings = httpx.get(f"{url}/_control/settings").json()
        process.terminate()

    assert settings["MICROSOFT_CLIENT_ID"] == "mine"
    assert process.wait() == 0
