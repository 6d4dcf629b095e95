"""What can go wrong on demand: refusals, cut and spoilt answers, odd pages, and limits."""

import asyncio
import json
import time

import httpx
import pytest

from simulators.google.faults import Fault
from tests.simulators.clients import a_client
from tests.simulators.google.world import MONDAY, Google, ids, refusal

LIST = "/calendar/v3/calendars/"


@pytest.mark.parametrize(
    ("status", "reason", "retry_after"),
    [
        (403, "userRateLimitExceeded", "120"),
        (403, "rateLimitExceeded", None),
        (403, "quotaExceeded", None),
        (429, "rateLimitExceeded", "Wed, 21 Oct 2026 07:28:00 GMT"),
        (429, "rateLimitExceeded", "-1"),
        (429, "rateLimitExceeded", "315360000"),
        (429, "rateLimitExceeded", "soon"),
    ],
)
async def test_a_rate_limit_comes_in_all_its_forms_and_passes(
    google: Google, status: int, reason: str, retry_after: str | None
) -> None:
    google.simulator.faults.plan(Fault(reason=reason, status=status, retry_after=retry_after, times=2))

    refused = [await google.http.get(google.events()) for _ in range(2)]

    assert [refusal(response) for response in refused] == [(status, reason)] * 2
    assert refused[0].json()["error"]["errors"][0]["domain"] == "usageLimits"
    assert refused[0].headers.get("retry-after") == retry_after
    assert (await google.http.get(google.events())).status_code == 200


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("backendError", 500),
        ("backendError", 503),
        ("notFound", 404),
        ("authError", 401),
        ("forbidden", 403),
        ("accessNotConfigured", 403),
        ("insufficientPermissions", 403),
        ("notACalendarUser", 403),
        ("fullSyncRequired", 410),
        ("updatedMinTooLongAgo", 410),
        ("deleted", 410),
    ],
)
async def test_every_error_can_be_had(google: Google, reason: str, status: int) -> None:
    google.simulator.faults.plan(Fault(reason=reason, status=status if status in {500, 503} else None))

    assert await google.error(google.events()) == (status, reason)


async def test_the_token_endpoint_fails_in_its_own_words(google: Google) -> None:
    for reason in ("invalid_grant", "invalid_client", "internal_failure"):
        google.simulator.faults.plan(Fault(path="/token", reason=reason))
    google.simulator.faults.plan(Fault(path="/token", status=429, retry_after="5"))

    async with a_client(google.url) as http:
        answers = [await http.post("/token") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [400, 401, 500, 429]
    assert [answer.json()["error"] for answer in answers[:3]] == ["invalid_grant", "invalid_client", "internal_failure"]


async def test_an_unknown_reason_is_no_fault(google: Google) -> None:
    with pytest.raises(ValueError, match="no such reason"):
        google.simulator.faults.plan(Fault(reason="bored"))


async def test_a_fault_hits_what_it_is_meant_for(google: Google) -> None:
    bob = google.simulator.add_account("bob@example.com")
    bob.subscribe(google.calendar, "reader")
    google.simulator.faults.plan(Fault(account="bob@example.com", reason="backendError", times=9))
    google.simulator.faults.plan(Fault(method="POST", reason="backendError", times=9))
    google.simulator.faults.plan(Fault(path="/calendar/v3/users", reason="backendError", times=9))

    async with google.http_for(bob) as http:
        assert (await http.get(google.events())).status_code == 500
    assert (await google.http.get(google.events())).status_code == 200
    assert (await google.http.get("users/me/calendarList")).status_code == 500


async def test_a_sync_token_can_die_between_two_pages(google: Google) -> None:
    for number in range(3):
        google.calendar.add(f"Event {number}", MONDAY)
    google.simulator.faults.plan(Fault(query="pageToken=", reason="fullSyncRequired"))

    first = await google.get(google.events(), maxResults=2)

    token = first["nextPageToken"]
    assert await google.error(google.events(), maxResults=2, pageToken=token) == (410, "fullSyncRequired")


async def test_a_fault_can_wait_for_its_turn(google: Google) -> None:
    google.simulator.faults.plan(Fault(skip=1, reason="backendError"))

    assert [(await google.http.get(google.events())).status_code for _ in range(3)] == [200, 500, 200]


async def test_a_connection_can_be_reset_within_the_body(google: Google) -> None:
    google.calendar.add("Long " * 100, MONDAY)
    google.simulator.faults.plan(Fault(cut_after=40))

    with pytest.raises(httpx.RemoteProtocolError):
        await google.http.get(google.events())


async def test_a_write_can_be_carried_out_and_its_answer_lost(google: Google) -> None:
    google.simulator.faults.plan(Fault(drop=True))
    when = {"dateTime": "2026-01-05T09:00:00Z"}

    with pytest.raises(httpx.RemoteProtocolError):
        await google.http.post(google.events(), json={"id": "event0", "start": when, "end": when})

    assert ids(await google.listing()) == ["event0"]


async def test_an_answer_can_be_half_of_itself_as_if_it_were_all(google: Google) -> None:
    google.simulator.faults.plan(Fault(half=True))

    async with google.raw() as http:
        response = await http.get(google.events())

    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


async def test_an_answer_can_be_anything_at_all(google: Google) -> None:
    google.simulator.faults.plan(Fault(status=200, body="<html>Sign in</html>"))
    google.simulator.faults.plan(Fault(status=200, body='{"items": 5}', content_type="application/json"))

    async with google.raw() as http:
        page = await http.get(google.events())
        odd = await http.get(google.events())

    assert page.headers["content-type"].startswith("text/html")
    assert odd.json() == {"items": 5}


async def test_an_answer_can_be_slow_to_begin_and_slow_to_end(google: Google) -> None:
    google.simulator.faults.plan(Fault(delay=0.1))
    google.simulator.faults.plan(Fault(drip=0.005))

    begun = time.monotonic()
    await google.get(google.events())
    assert time.monotonic() - begun >= 0.1

    begun = time.monotonic()
    await google.get(google.events())
    assert time.monotonic() - begun >= 0.1


async def test_a_slow_answer_holds_up_nobody_else(google: Google) -> None:
    google.simulator.faults.plan(Fault(delay=60))

    slow = asyncio.create_task(google.http.get(google.events()))
    finished, _ = await asyncio.wait({slow}, timeout=0.05)

    assert not finished
    assert (await google.http.get(google.events())).status_code == 200
    slow.cancel()


# Odd pages


async def test_empty_pages_can_come_first(google: Google) -> None:
    google.simulator.quirks.empty_pages = 2
    google.calendar.add("Event", MONDAY, id="event0")

    first = await google.get(google.events())
    second = await google.get(google.events(), pageToken=first["nextPageToken"])
    third = await google.get(google.events(), pageToken=second["nextPageToken"])

    assert [ids(page) for page in (first, second, third)] == [[], [], ["event0"]]
    assert "nextSyncToken" in third


async def test_pages_can_be_short_and_come_twice(google: Google) -> None:
    google.simulator.quirks.change(short_pages=1, repeats_pages=True)
    google.calendar.add("One", MONDAY, id="one00")
    google.calendar.add("Two", MONDAY, id="two00")

    listing = await google.listing()

    assert ids(listing) == ["one00", "one00", "two00", "two00"]


@pytest.mark.parametrize(("kind", "tokens"), [("new tokens", 5), ("same token", 1)])
async def test_pages_can_follow_without_end(google: Google, kind: str, tokens: int) -> None:
    google.simulator.quirks.change(endless_pages=kind)
    google.calendar.add("Event", MONDAY, id="event0")

    page, seen = await google.get(google.events()), set()
    for _ in range(5):
        seen.add(page["nextPageToken"])
        page = await google.get(google.events(), pageToken=page["nextPageToken"])
        assert page["items"] == []

    assert len(seen) == tokens
    assert "nextPageToken" in page


async def test_the_last_page_can_lack_its_sync_token(google: Google) -> None:
    google.simulator.quirks.omits_sync_token = True

    assert not {"nextSyncToken", "nextPageToken"} & (await google.listing()).keys()


async def test_tombstones_can_have_all_they_ever_had(google: Google) -> None:
    google.simulator.quirks.bare_tombstones = False
    google.calendar.add("Event", MONDAY, id="event0")
    token = (await google.listing())["nextSyncToken"]
    google.calendar.remove("event0")

    (tombstone,) = (await google.listing(syncToken=token))["items"]

    assert (tombstone["summary"], tombstone["status"]) == ("Event", "cancelled")


async def test_page_tokens_can_be_forgotten(google: Google) -> None:
    for number in range(3):
        google.calendar.add(f"Event {number}", MONDAY)
    token = (await google.get(google.events(), maxResults=2))["nextPageToken"]
    google.simulator.pages.forget()

    assert await google.error(google.events(), maxResults=2, pageToken=token) == (400, "invalid")


# Quotas


async def test_a_user_has_a_limit_that_slides(google: Google) -> None:
    google.simulator.quirks.requests_per_minute_and_user = 2

    answers = [await google.http.get(google.events()) for _ in range(3)]
    google.simulator.advance(seconds=61)

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert refusal(answers[2]) == (403, "userRateLimitExceeded")
    assert (await google.http.get(google.events())).status_code == 200


async def test_a_project_has_a_limit_for_all_its_users(google: Google) -> None:
    google.simulator.quirks.change(requests_per_minute=2, quota_status=429)
    bob = google.simulator.add_account("bob@example.com")

    async with google.http_for(bob) as http:
        answers = [await google.http.get("users/me/calendarList"), *[await http.get("calendars/primary") for _ in "12"]]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert refusal(answers[2]) == (429, "rateLimitExceeded")


async def test_good_manners_come_back(google: Google) -> None:
    google.simulator.quirks.change(empty_pages=3, consent="access_denied")
    google.simulator.faults.plan(Fault(reason="backendError", times=99))
    google.simulator.reset()

    await google.get(google.events())

    assert google.simulator.count("GET", "/events") == 1
    with pytest.raises(ValueError, match="no such quirk: manners"):
        google.simulator.quirks.change(manners="bad")
