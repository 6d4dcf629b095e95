"""The CalDAV simulator by itself: what a newcomer does with curl, and its switches over HTTP.

That it means what real servers mean is tested beside the provider, `tests/providers/caldav`.
"""

import json
import subprocess
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from simulators.caldav.app import CalDavSimulator
from simulators.server import serving

EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tests//EN\r\nBEGIN:VEVENT\r\nUID:lunch\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART:20260601T120000Z\r\nSUMMARY:Lunch\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
LUNCH = "/demo/work/lunch.ics"


@pytest.fixture
async def demo() -> AsyncIterator[httpx.AsyncClient]:
    simulator = CalDavSimulator()
    simulator.add_user("demo", "demo").add_calendar("work").put("lunch.ics", EVENT)
    async with (
        serving(simulator) as url,
        httpx.AsyncClient(base_url=url, auth=("demo", "demo"), trust_env=False) as client,
    ):
        yield client


async def test_an_event_is_fetched_changed_and_put_back(demo: httpx.AsyncClient) -> None:
    fetched = await demo.get(LUNCH)

    put = await demo.put(LUNCH, content=fetched.text.replace("Lunch", "Dinner"))

    assert fetched.text == EVENT
    assert put.status_code == 204
    assert (await demo.get(LUNCH)).text == EVENT.replace("Lunch", "Dinner")
    assert put.headers["etag"] != fetched.headers["etag"]


async def test_an_event_is_added_and_removed(demo: httpx.AsyncClient) -> None:
    added = await demo.put("/demo/work/tea.ics", content=EVENT.replace("UID:lunch", "UID:tea"))
    removed = await demo.delete("/demo/work/tea.ics")

    assert (added.status_code, removed.status_code) == (201, 204)
    assert (await demo.get("/demo/work/tea.ics")).status_code == 404


async def test_two_who_change_the_same_event_do_not_overwrite_each_other(demo: httpx.AsyncClient) -> None:
    etag = (await demo.get(LUNCH)).headers["etag"]

    first = await demo.put(LUNCH, content=EVENT.replace("Lunch", "Dinner"), headers={"If-Match": etag})
    second = await demo.put(LUNCH, content=EVENT.replace("Lunch", "Tea"), headers={"If-Match": etag})

    assert (first.status_code, second.status_code) == (204, 412)
    assert "Dinner" in (await demo.get(LUNCH)).text


async def test_an_unchanged_event_need_not_be_sent_again(demo: httpx.AsyncClient) -> None:
    etag = (await demo.get(LUNCH)).headers["etag"]

    assert (await demo.get(LUNCH, headers={"If-None-Match": etag})).status_code == 304


@pytest.mark.parametrize(
    ("path", "content", "condition"),
    [
        (LUNCH, "Hello", "valid-calendar-data"),
        ("/demo/work/copy.ics", EVENT, "no-uid-conflict"),
        (LUNCH, EVENT.replace("UID:lunch\r\n", ""), "valid-calendar-object-resource"),
        (LUNCH, EVENT.replace("VEVENT", "VJOURNAL"), "supported-calendar-component"),
    ],
)
async def test_what_must_not_be_put_is_refused_by_name(
    demo: httpx.AsyncClient, path: str, content: str, condition: str
) -> None:
    answer = await demo.put(path, content=content)

    assert answer.status_code == 403
    assert condition in answer.text
    assert (await demo.get(LUNCH)).text == EVENT


async def test_a_calendar_is_made_with_what_is_said_of_it_and_removed(demo: httpx.AsyncClient) -> None:
    body = (
        '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><displayname>Home</displayname>'
        '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>'
        "</prop></set></C:mkcalendar>"
    )

    made = await demo.request("MKCALENDAR", "/demo/home/", content=body)
    again = await demo.request("MKCALENDAR", "/demo/home/")
    listed = await demo.request("PROPFIND", "/demo/home/", headers={"Depth": "0"})
    event = await demo.put("/demo/home/lunch.ics", content=EVENT)
    removed = await demo.delete("/demo/home/")

    assert (made.status_code, again.status_code, event.status_code, removed.status_code) == (201, 403, 403, 204)
    assert "Home" in listed.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/demo/work/", 405),
        ("GET", "/demo/nothing/", 404),
        ("GET", "/nobody/", 404),
        ("PUT", "/demo/work/", 405),
        ("DELETE", "/demo/", 403),
        ("MKCALENDAR", "/demo/work/x.ics", 403),
        ("PATCH", LUNCH, 405),
        ("PROPFIND", "/demo/", 403),
        ("REPORT", "/demo/", 403),
        ("OPTIONS", LUNCH, 200),
    ],
)
async def test_every_method_has_its_place(demo: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    assert (await demo.request(method, path)).status_code == status


async def test_a_stranger_sees_nothing(demo: httpx.AsyncClient) -> None:
    await demo.post("/_control/users", json={"name": "grace", "password": "pw"})

    for auth in (("demo", "wrong"), ("nobody", "demo"), ("", "")):
        assert (await demo.get(LUNCH, auth=auth)).status_code == 401
    assert (await demo.get(LUNCH, auth=("grace", "pw"))).status_code == 403


async def test_a_read_only_calendar_takes_nothing() -> None:
    simulator = CalDavSimulator()
    calendar = simulator.add_user("demo", "demo").add_calendar("work")
    calendar.put("lunch.ics", EVENT)
    calendar.is_read_only = True

    async with serving(simulator) as url, httpx.AsyncClient(base_url=url, auth=("demo", "demo")) as client:
        assert (await client.put(LUNCH, content=EVENT)).status_code == 403
        assert (await client.delete(LUNCH)).status_code == 403


# Control


async def test_every_request_is_logged(demo: httpx.AsyncClient) -> None:
    await demo.get(LUNCH)

    (entry,) = (await demo.get("/_control/log")).json()

    assert (entry["method"], entry["path"], entry["authorization"], entry["status"]) == ("GET", LUNCH, "Basic", 200)
    assert (await demo.delete("/_control/log")).json() == []


async def test_quirks_are_switched_and_reset(demo: httpx.AsyncClient) -> None:
    switched = await demo.patch("/_control/quirks", json={"lists_etags": False, "ghosts": ["x.ics"]})
    without = await demo.get(LUNCH)
    reset = await demo.delete("/_control/quirks")

    assert switched.json()["ghosts"] == ["x.ics"]
    assert "etag" not in without.headers
    assert reset.json()["lists_etags"] is True
    assert "etag" in (await demo.get(LUNCH)).headers


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        ("quirks", "PATCH", '{"nonsense": 1}'),
        ("quirks", "PATCH", "nonsense"),
        ("faults", "POST", '{"nonsense": 1}'),
        ("faults", "POST", "[]"),
        ("users", "POST", "{}"),
    ],
)
async def test_a_switch_that_is_not_there_is_refused(
    demo: httpx.AsyncClient, path: str, method: str, body: str
) -> None:
    assert (await demo.request(method, f"/_control/{path}", content=body)).status_code == 422


async def test_a_fault_happens_as_often_as_it_was_planned(demo: httpx.AsyncClient) -> None:
    fault = {"method": "GET", "path": LUNCH, "status": 503, "headers": {"Retry-After": "7"}, "times": 2, "skip": 1}
    await demo.post("/_control/faults", json=fault)

    answers = [await demo.get(LUNCH) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["retry-after"] == "7"


async def test_planned_faults_can_be_dropped(demo: httpx.AsyncClient) -> None:
    await demo.post("/_control/faults", json={"status": 500, "times": 100})
    await demo.delete("/_control/faults")

    assert (await demo.get(LUNCH)).status_code == 200


async def test_an_answer_can_break_off(demo: httpx.AsyncClient) -> None:
    await demo.post("/_control/faults", json={"cut_after": 20})

    with pytest.raises(httpx.RemoteProtocolError):
        await demo.get(LUNCH)


async def test_tokens_can_be_forgotten(demo: httpx.AsyncClient) -> None:
    async def sync(token: str) -> httpx.Response:
        asked = f"<sync-token>{token}</sync-token><sync-level>1</sync-level>"
        body = f'<sync-collection xmlns="DAV:">{asked}</sync-collection>'
        return await demo.request("REPORT", "/demo/work/", content=body)

    token = (await sync("")).text.partition("<sync-token>")[2].partition("<")[0]
    before = await sync(token)
    await demo.post("/_control/expire")
    after = await sync(token)

    assert (before.status_code, after.status_code) == (207, 403)
    assert "valid-sync-token" in after.text


def test_it_starts_from_the_command_line_and_says_where() -> None:
    command = [sys.executable, "-m", "simulators.caldav", "--port", "0", "--user", "ada", "--password", "pw"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            answer = httpx.put(f"{url}/ada/work/lunch.ics", content=EVENT, auth=("ada", "pw"))
        finally:
            process.kill()

    assert answer.status_code == 201
