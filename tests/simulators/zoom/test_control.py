"""The control interface, and the simulator from the command line."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest

from simulators.zoom.meetings import occurrence_id
from simulators.zoom.samples import EMAIL, demo
from tests.simulators.zoom.world import MONDAY, Zoom, a_client

ADA = "/_control/users/ada@example.com"


@pytest.fixture
async def control(zoom: Zoom) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(zoom.url) as http:
        yield http


async def test_meetings_are_scheduled_changed_moved_and_deleted(zoom: Zoom, control: httpx.AsyncClient) -> None:
    series = {"topic": "A", "start": "2026-03-09T09:00:00+01:00", "recurrence": {"type": 2, "end_times": 3}}
    meeting = f"/_control/meetings/{(await control.post(f'{ADA}/meetings', json=series)).json()['id']}"
    first, second = (f"{meeting}/occurrences/{occurrence_id(MONDAY.replace(day=day))}" for day in (9, 16))
    await control.patch(meeting, json={"topic": "B"})
    await control.patch(first, json={"start": "2026-03-10T09:00:00Z", "duration": 5})
    await control.delete(second)

    (row,) = await zoom.meetings()
    detail = await zoom.detail(row["id"])
    assert (row["topic"], row["duration"]) == ("B", 5)
    assert [each["status"] for each in detail["occurrences"]] == ["available", "deleted", "available"]

    await control.delete(meeting)
    assert await zoom.meetings() == []


async def test_users_apps_and_tokens(zoom: Zoom, control: httpx.AsyncClient) -> None:
    await control.post("/_control/users", json={"email": "bob@example.com", "name": "Bob"})
    await control.post("/_control/apps", json={"id": "other", "secret": "s", "scopes": ["user:read:user"]})
    tokens = (await control.post("/_control/users/bob@example.com/grant", json={"app_id": "other"})).json()
    async with a_client(f"{zoom.url}/v2/", tokens["access_token"]) as http:
        assert (await http.get("users/me")).json()["display_name"] == "Bob"
        assert (await http.get("users/me/meetings")).json()["code"] == 4711
        await control.post("/_control/users/bob@example.com/expire")
        assert (await http.get("users/me")).json()["code"] == 124
    await control.post(f"{ADA}/revoke")
    assert await zoom.error("users/me") == (401, 124)


async def test_log_quirks_faults_clock_and_pages(zoom: Zoom, control: httpx.AsyncClient) -> None:
    for topic in "ab":
        zoom.simulator.world.schedule(zoom.ada, topic, MONDAY)
    await control.patch("/_control/quirks", json={"short_pages": 1})
    token = (await zoom.get("users/me/meetings"))["next_page_token"]
    await control.post("/_control/pages/forget")
    assert await zoom.error("users/me/meetings", next_page_token=token) == (400, 300)

    await control.post("/_control/faults", json={"reason": "internalError"})
    assert await zoom.error("users/me") == (500, 500)
    log = (await control.get("/_control/log")).json()
    assert [(each["path"], each["status"], each["account"]) for each in log[-1:]] == [
        ("/v2/users/me", 500, zoom.ada.email)
    ]
    assert not any("authorization" in each["headers"] for each in log)

    await control.delete("/_control/quirks")
    await control.delete("/_control/log")
    await control.delete("/_control/faults")
    assert (await control.get("/_control/quirks")).json()["short_pages"] is None
    assert (await control.get("/_control/log")).json() == []
    await control.post("/_control/clock", json={"advance": 7200})
    assert await zoom.error("users/me") == (401, 124)


async def test_what_cannot_be_done_is_said(zoom: Zoom, control: httpx.AsyncClient) -> None:
    meeting = zoom.simulator.world.schedule(zoom.ada, "Once", MONDAY)
    asked = [
        ("POST", "/_control/users/nobody/expire", {}),
        ("POST", f"{ADA}/grant", {"app_id": "none"}),
        ("DELETE", "/_control/meetings/1", {}),
        ("DELETE", f"/_control/meetings/{meeting.id}/occurrences/1", {}),
        ("PATCH", "/_control/quirks", {"bored": True}),
        ("POST", "/_control/faults", {"reason": "bored"}),
        ("POST", f"{ADA}/meetings", {}),
    ]
    answers = [(await control.request(method, path, json=body)).status_code for method, path, body in asked]
    assert answers == [404, 404, 404, 404, 422, 422, 422]


def test_a_newcomer_finds_a_week_of_meetings() -> None:
    simulator = demo(date(2026, 3, 2))
    user = simulator.world.users[EMAIL]
    assert [meeting.topic for meeting in simulator.world.hosted(user)] == ["Planning", "Interview", "Open room"]
    assert [meeting.topic for meeting in simulator.world.invited(user)] == ["Kick-off"]


def test_it_starts_from_the_command_line() -> None:
    command = [sys.executable, "-m", "simulators.zoom", "--client-id", "mine", "--client-secret", "hush"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            assert httpx.get(f"{url}/_control/settings").json() == {
                "ZOOM_API_URL": f"{url}/v2",
                "ZOOM_LOGIN_URL": url,
                "ZOOM_CLIENT_ID": "mine",
                "ZOOM_CLIENT_SECRET": "hush",
            }
        finally:
            process.terminate()
    assert process.returncode == 0
