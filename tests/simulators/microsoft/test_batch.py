"""Several calls in one request."""

from typing import Any

import pytest

from simulators.faults import Fault
from tests.simulators.microsoft.world import IMMUTABLE, MONDAY, Microsoft, ids, refusal

Json = dict[str, Any]


def member(number: int, url: str = "/me/calendars", **more: Any) -> Json:  # noqa: ANN401 - JSON
    return {"id": str(number), "method": "GET", "url": url, **more}


async def batch(microsoft: Microsoft, *members: Json) -> dict[str, Json]:
    response = await microsoft.http.post("$batch", json={"requests": members})
    assert response.status_code == 200, response.text
    return {answer["id"]: answer for answer in response.json()["responses"]}


async def test_every_member_has_an_answer_of_its_own(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    path = f"/me/calendars/{microsoft.calendar.id}/calendarView/delta?startDateTime=2026-01-01&endDateTime=2026-02-01"

    answers = await batch(microsoft, member(1, path, headers={"Prefer": IMMUTABLE}), member(2, "/me/events/none"))

    assert answers["1"]["status"] == 200
    assert answers["1"]["headers"]["Preference-Applied"] == IMMUTABLE
    assert ids(answers["1"]["body"]["value"]) == [event]
    rows, _ = await microsoft.round(answers["1"]["body"]["@odata.deltaLink"])
    assert rows == []
    assert (answers["2"]["status"], answers["2"]["body"]["error"]["code"]) == (404, "ErrorItemNotFound")


async def test_each_member_is_throttled_alone(microsoft: Microsoft) -> None:
    microsoft.simulator.faults.plan(Fault(path="/v1.0/me/calendars", reason="ApplicationThrottled", retry_after="7"))

    answers = await batch(microsoft, member(1), member(2, "/me/calendar"))

    assert (answers["1"]["status"], answers["1"]["headers"]["Retry-After"]) == (429, "7")
    assert answers["2"]["status"] == 200


async def test_four_members_run_at_a_time(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.answer_seconds = 0.01

    answers = await batch(microsoft, *(member(number) for number in range(20)))

    assert {answer["status"] for answer in answers.values()} == {200}
    assert max(microsoft.simulator.throttle.peaks.values()) == 4


async def test_what_depends_on_a_failure_fails(microsoft: Microsoft) -> None:
    answers = await batch(
        microsoft,
        member(1, "/me/events/none"),
        member(2, dependsOn=["1"]),
        member(3, dependsOn=["2"]),
        member(4),
        member(5, dependsOn=["4"]),
    )

    assert [answers[number]["status"] for number in "12345"] == [404, 424, 424, 200, 200]


@pytest.mark.parametrize(
    "members",
    [
        [],
        [member(number) for number in range(21)],
        [member(1), member(1)],
        [member(1, dependsOn=["2"]), member(2)],
        [{"id": "1", "method": "GET"}],
        "none",
    ],
)
async def test_a_batch_must_be_well_formed(microsoft: Microsoft, members: Any) -> None:  # noqa: ANN401
    assert refusal(await microsoft.http.post("$batch", json={"requests": members})) == (400, "BadRequest")


async def test_a_batch_needs_a_token(microsoft: Microsoft) -> None:
    microsoft.simulator.authority.expire_access_tokens()

    response = await microsoft.http.post("$batch", json={"requests": [member(1)]})

    assert refusal(response) == (401, "InvalidAuthenticationToken")
