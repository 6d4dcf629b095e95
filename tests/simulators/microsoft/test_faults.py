"""What can go wrong on demand: refusals, cut and spoilt answers, and limits."""

import asyncio
import json
import time

import httpx
import pytest

from simulators.faults import Fault
from tests.simulators.clients import a_client
from tests.simulators.microsoft.world import JANUARY, MONDAY, Microsoft, refusal


@pytest.mark.parametrize(
    "retry_after", ["120", None, "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "315360000", "soon", "", "1.5"]
)
async def test_a_limit_comes_in_all_its_forms_and_passes(microsoft: Microsoft, retry_after: str | None) -> None:
    microsoft.simulator.faults.plan(Fault(reason="ApplicationThrottled", retry_after=retry_after, times=2))

    refused = [await microsoft.http.get("me/calendars") for _ in range(2)]

    assert [refusal(response) for response in refused] == [(429, "ApplicationThrottled")] * 2
    assert refused[0].headers.get("retry-after") == retry_after
    assert (await microsoft.http.get("me/calendars")).status_code == 200


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("InvalidAuthenticationToken", 401),
        ("CompactTokenParsingFailed", 401),
        ("unauthenticated", 401),
        ("ErrorAccessDenied", 403),
        ("accessDenied", 403),
        ("Authorization_RequestDenied", 403),
        ("ErrorItemNotFound", 404),
        ("MailboxNotEnabledForRESTAPI", 404),
        ("ResourceNotFound", 404),
        ("InvalidDeltaToken", 400),
        ("ErrorInvalidRequest", 400),
        ("SyncStateNotFound", 410),
        ("SyncStateInvalid", 410),
        ("resyncRequired", 410),
        ("TooManyRequests", 429),
        ("activityLimitReached", 429),
        ("ErrorInternalServerError", 500),
        ("serviceNotAvailable", 503),
        ("UnknownError", 504),
        ("bandwidthLimitExceeded", 509),
    ],
)
async def test_every_error_can_be_had(microsoft: Microsoft, reason: str, status: int) -> None:
    microsoft.simulator.faults.plan(Fault(reason=reason))

    assert await microsoft.error("me/calendars") == (status, reason)


async def test_a_policy_may_want_claims(microsoft: Microsoft) -> None:
    microsoft.simulator.faults.plan(Fault(reason="insufficient_claims"))

    response = await microsoft.http.get("me/calendars")

    assert refusal(response) == (401, "InvalidAuthenticationToken")
    assert 'error="insufficient_claims", claims="ey' in response.headers["www-authenticate"]


async def test_an_unknown_reason_is_refused_at_once(microsoft: Microsoft) -> None:
    with pytest.raises(ValueError, match="no such reason: bored"):
        microsoft.simulator.faults.plan(Fault(reason="bored"))


async def test_the_token_endpoint_fails_in_its_own_words(microsoft: Microsoft) -> None:
    errors = ("invalid_grant", "interaction_required", "invalid_client", "temporarily_unavailable", "server_error")
    for reason in errors:
        microsoft.simulator.faults.plan(Fault(path="/common/oauth2", reason=reason))

    async with a_client(microsoft.url) as http:
        refused = [await http.post("/common/oauth2/v2.0/token") for _ in errors]

    assert [(each.status_code, each.json()["error"]) for each in refused] == [
        (400, "invalid_grant"),
        (400, "interaction_required"),
        (401, "invalid_client"),
        (503, "temporarily_unavailable"),
        (500, "server_error"),
    ]
    assert refused[1].json()["suberror"] == "basic_action"


async def test_an_answer_may_be_no_json(microsoft: Microsoft) -> None:
    microsoft.simulator.faults.plan(Fault(status=200, body="<html>Sign in</html>"))
    microsoft.simulator.faults.plan(Fault(status=502, body="Bad Gateway", content_type="text/plain"))

    async with microsoft.raw() as http:
        page, gateway = await http.get("me/calendars"), await http.get("me/calendars")

    assert (page.status_code, page.headers["content-type"], page.text) == (
        200,
        "text/html; charset=UTF-8",
        "<html>Sign in</html>",
    )
    assert (gateway.status_code, gateway.text) == (502, "Bad Gateway")


async def test_an_answer_may_be_cut_or_never_come(microsoft: Microsoft) -> None:
    for fault in (Fault(cut_after=40), Fault(drop=True)):
        microsoft.simulator.faults.plan(fault)
        with pytest.raises(httpx.TransportError):
            await microsoft.http.get("me/calendars")


async def test_an_answer_may_be_half_of_it(microsoft: Microsoft) -> None:
    microsoft.simulator.faults.plan(Fault(half=True))

    async with microsoft.raw() as http:
        response = await http.get("me/calendars")

    with pytest.raises(json.JSONDecodeError):
        response.json()


async def test_an_answer_may_be_slow(microsoft: Microsoft) -> None:
    microsoft.simulator.faults.plan(Fault(delay=0.2))
    started = time.monotonic()

    await microsoft.http.get("me/calendars")

    assert time.monotonic() - started >= 0.2


async def test_a_spoilt_answer_was_carried_out(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.serves_links_once = True
    _, link = await microsoft.round()
    microsoft.simulator.faults.plan(Fault(query="$deltatoken", drop=True))

    with pytest.raises(httpx.TransportError):
        await microsoft.http.get(link)

    assert await microsoft.error(link) == (410, "SyncStateNotFound")


# Limits


async def together(microsoft: Microsoft, number: int) -> list[int]:
    responses = await asyncio.gather(*(microsoft.http.get("me/calendars") for _ in range(number)))
    return sorted(response.status_code for response in responses)


async def test_four_requests_may_be_in_flight(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.answer_seconds = 0.1

    assert await together(microsoft, 4) == [200] * 4
    assert await together(microsoft, 6) == [200] * 4 + [429] * 2
    assert await together(microsoft, 4) == [200] * 4
    assert microsoft.simulator.throttle.peaks[("client", "ada@example.com")] > 4


async def test_a_throttled_answer_says_when_to_come_back(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.change(most_in_flight=0, retry_after="17")

    response = await microsoft.http.get("me/calendars")

    assert refusal(response) == (429, "ApplicationThrottled")
    assert response.json()["error"]["message"] == "Application is over its MailboxConcurrency limit."
    assert response.headers["retry-after"] == "17"

    microsoft.simulator.quirks.retry_after = None
    assert "retry-after" not in (await microsoft.http.get("me/calendars")).headers


async def test_mailboxes_have_limits_of_their_own(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.requests_per_ten_minutes = 2
    bob = microsoft.simulator.add_account("bob@example.com")

    statuses = [(await microsoft.http.get("me/calendars")).status_code for _ in range(3)]
    async with microsoft.http_for(bob) as http:
        statuses.append((await http.get("me/calendars")).status_code)
    microsoft.simulator.advance(minutes=10)
    statuses.append((await microsoft.http.get("me/calendars")).status_code)

    assert statuses == [200, 200, 429, 200, 200]


async def test_faults_befall_whom_they_are_meant_for(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    microsoft.simulator.faults.plan(Fault(path="/v1.0/me/events", account="bob@example.com", reason="UnknownError"))
    microsoft.simulator.faults.plan(Fault(query="$skiptoken", reason="UnknownError"))
    microsoft.simulator.faults.plan(Fault(path="/v1.0/me/calendarView", skip=1, reason="UnknownError"))

    assert (await microsoft.http.get(f"me/events/{event}")).status_code == 200
    assert (await microsoft.http.get("me/calendarView", params=JANUARY)).status_code == 200
    assert await microsoft.error("me/calendarView", **JANUARY) == (504, "UnknownError")
