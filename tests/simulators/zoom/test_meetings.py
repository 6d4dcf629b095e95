"""The lists of meetings, their detail, and what can go wrong with them."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from simulators.faults import Fault
from simulators.zoom.meetings import occurrence_id
from simulators.zoom.recurrence import DAILY, MONTHLY, WEEKLY, Recurrence
from tests.simulators.zoom.world import FIVE_WEEKS, MONDAY, NOW, ZURICH, Zoom, a_client, refusal

TOMORROW = NOW + timedelta(hours=20)
WEEK = timedelta(weeks=1)


def starts(recurrence: Recurrence, first: datetime = MONDAY, most: int = 5) -> list[str]:
    found = recurrence.starts(first, ZURICH)
    return [f"{next(found).astimezone(ZURICH):%m-%d %H:%M}" for _ in range(most)]


# Recurrence


@pytest.mark.parametrize(
    ("recurrence", "days"),
    [
        (Recurrence(DAILY, 10), ["03-09", "03-19", "03-29", "04-08", "04-18"]),
        (Recurrence(WEEKLY, 2, weekly_days="2,5"), ["03-09", "03-12", "03-23", "03-26", "04-06"]),
        (Recurrence(WEEKLY, weekly_days="1"), ["03-15", "03-22", "03-29", "04-05", "04-12"]),
        (Recurrence(WEEKLY), ["03-09", "03-16", "03-23", "03-30", "04-06"]),
        (Recurrence(MONTHLY, monthly_day=31), ["03-31", "05-31", "07-31", "08-31", "10-31"]),
        (Recurrence(MONTHLY, monthly_day=1), ["04-01", "05-01", "06-01", "07-01", "08-01"]),
        (Recurrence(MONTHLY, monthly_week=-1, monthly_week_day=6), ["03-27", "04-24", "05-29", "06-26", "07-31"]),
        (Recurrence(MONTHLY, monthly_week=2, monthly_week_day=2), ["03-09", "04-13", "05-11", "06-08", "07-13"]),
    ],
    ids=str,
)
def test_a_meeting_recurs_on_its_wall_clock(recurrence: Recurrence, days: list[str]) -> None:
    assert starts(recurrence) == [f"{day} 09:00" for day in days]


def test_it_ends_after_so_many_times_or_at_a_time() -> None:
    assert len(list(FIVE_WEEKS.starts(MONDAY, ZURICH))) == 5
    until = Recurrence(WEEKLY, end_date_time="2026-03-23T08:00:00Z")
    assert len(list(until.starts(MONDAY, ZURICH))) == 3


# Lists


async def test_a_row_says_what_a_meeting_is(zoom: Zoom) -> None:
    meeting = zoom.simulator.world.schedule(zoom.ada, "Planning", MONDAY, agenda="Plans", duration=45)

    (row,) = await zoom.meetings()

    assert row["id"] > 2**32
    assert row["uuid"].startswith("/")
    assert (row["type"], row["start_time"], row["duration"]) == (2, "2026-03-09T08:00:00Z", 45)
    assert (row["timezone"], row["agenda"]) == ("Europe/Zurich", "Plans")
    assert row["join_url"] == meeting.join_url
    assert "pwd=" in row["join_url"]


async def test_only_what_one_hosts_is_listed_and_no_instant_meetings(zoom: Zoom) -> None:
    bob = zoom.simulator.add_user("bob@example.com")
    zoom.simulator.world.schedule(bob, "Bob's", TOMORROW, invitees=[zoom.ada.email])
    zoom.simulator.world.schedule(zoom.ada, "Instant", TOMORROW, type=1)
    zoom.simulator.world.schedule(zoom.ada, "Room", None)
    zoom.simulator.world.schedule(zoom.ada, "Screen", TOMORROW, type=10)

    rows = await zoom.meetings()

    assert [(row["topic"], row["type"], "start_time" in row) for row in rows] == [
        ("Room", 3, False),
        ("Screen", 10, True),
    ]


async def test_a_series_is_one_row_that_shows_its_next_occurrence(zoom: Zoom) -> None:
    series = zoom.simulator.world.schedule(zoom.ada, "Series", MONDAY, FIVE_WEEKS)
    shown: list[str] = []
    for week in range(7):
        zoom.at(MONDAY + week * WEEK)
        zoom.http.headers["authorization"] = f"Bearer {zoom.simulator.grant(zoom.app, zoom.ada).access.value}"
        (row,) = await zoom.meetings()
        assert row["id"] == series.id
        shown.append(row["start_time"])
    assert shown[0] == "2026-03-09T08:00:00Z"
    assert shown[3] == "2026-03-30T07:00:00Z"
    assert shown[5] == shown[6] == shown[4]


async def test_what_is_long_over_is_forgotten(zoom: Zoom) -> None:
    zoom.simulator.world.schedule(zoom.ada, "Over", NOW - timedelta(days=29))
    zoom.simulator.world.schedule(zoom.ada, "Forgotten", NOW - timedelta(days=31))
    zoom.simulator.world.schedule(zoom.ada, "Under way", NOW - timedelta(minutes=5))
    zoom.simulator.world.schedule(zoom.ada, "Ahead", TOMORROW)

    async def topics(kind: str) -> list[str]:
        return [row["topic"] for row in await zoom.meetings(type=kind)]

    assert await topics("scheduled") == ["Over", "Under way", "Ahead"]
    assert await topics("live") == ["Under way"]
    assert await topics("upcoming") == await topics("upcoming_meetings") == ["Under way", "Ahead"]
    assert await topics("previous_meetings") == ["Over", "Forgotten"]
    assert await zoom.error("users/me/meetings", type="past") == (400, 300)


async def test_pages_are_of_thirty_rows_and_at_most_300(zoom: Zoom) -> None:
    for number in range(31):
        zoom.simulator.world.schedule(zoom.ada, str(number), TOMORROW)
    page = await zoom.get("users/me/meetings")
    assert (len(page["meetings"]), page["page_size"], page["total_records"]) == (30, 30, 31)
    rest = await zoom.get("users/me/meetings", next_page_token=page["next_page_token"])
    assert (len(rest["meetings"]), rest["next_page_token"]) == (1, "")
    for size in ("0", "301", "many"):
        assert await zoom.error("users/me/meetings", page_size=size) == (400, 300)


async def test_a_page_token_lives_a_quarter_of_an_hour_and_is_of_its_list(zoom: Zoom) -> None:
    for number in range(3):
        zoom.simulator.world.schedule(zoom.ada, str(number), TOMORROW)
    token = (await zoom.get("users/me/meetings", page_size=2))["next_page_token"]

    assert await zoom.error("users/me/meetings", type="upcoming", next_page_token=token) == (400, 300)
    zoom.simulator.advance(minutes=14)
    assert len((await zoom.get("users/me/meetings", next_page_token=token))["meetings"]) == 1
    zoom.simulator.advance(minutes=1)
    assert await zoom.error("users/me/meetings", next_page_token=token) == (400, 300)


async def test_pages_can_be_short_empty_and_endless(zoom: Zoom) -> None:
    for number in range(3):
        zoom.simulator.world.schedule(zoom.ada, str(number), TOMORROW)
    zoom.simulator.quirks.change(short_pages=1, empty_pages=2)
    assert [row["topic"] for row in await zoom.meetings()] == ["0", "1", "2"]
    assert zoom.simulator.count(path="/meetings") == 5

    zoom.simulator.quirks.change(endless_pages="same token", short_pages=None, empty_pages=0)
    token = (await zoom.get("users/me/meetings"))["next_page_token"]
    again = await zoom.get("users/me/meetings", next_page_token=token)
    assert (again["meetings"], again["next_page_token"]) == ([], token)

    zoom.simulator.quirks.reset()
    zoom.simulator.quirks.change(empty_listings=1)
    assert [len(await zoom.meetings()) for _ in range(2)] == [0, 3]


async def test_the_next_day_shows_invitations_too_and_each_occurrence(zoom: Zoom) -> None:
    bob = zoom.simulator.add_user("bob@example.com")
    zoom.simulator.world.schedule(bob, "Bob's", TOMORROW, invitees=[zoom.ada.email])
    zoom.simulator.world.schedule(bob, "Private", TOMORROW)
    zoom.simulator.world.schedule(zoom.ada, "Mine", TOMORROW + timedelta(hours=1))
    zoom.simulator.world.schedule(zoom.ada, "Later", NOW + timedelta(hours=25))
    twice = zoom.simulator.world.schedule(bob, "Twice", NOW, Recurrence(DAILY), invitees=[zoom.ada.email])
    twice.move(occurrence_id(NOW + timedelta(days=1)), NOW + timedelta(hours=23))

    rows = await zoom.upcoming()

    assert [(row["topic"], row["is_host"]) for row in rows] == [
        ("Twice", False),
        ("Bob's", False),
        ("Mine", True),
        ("Twice", False),
    ]


# Detail


async def test_an_occurrence_keeps_its_id_when_it_is_moved_and_stays_when_it_is_deleted(zoom: Zoom) -> None:
    series = zoom.simulator.world.schedule(zoom.ada, "Series", MONDAY, FIVE_WEEKS, invitees=["bob@example.com"])
    first, second = occurrence_id(MONDAY), occurrence_id(MONDAY + WEEK)
    series.move(first, MONDAY + timedelta(days=1), 15)
    series.cancel(second)

    detail = await zoom.detail(series.id)

    assert detail["occurrences"][:2] == [
        {"occurrence_id": first, "start_time": "2026-03-10T08:00:00Z", "duration": 15, "status": "available"},
        {"occurrence_id": second, "start_time": "2026-03-16T08:00:00Z", "duration": 60, "status": "deleted"},
    ]
    assert detail["recurrence"] == {"type": 2, "repeat_interval": 1, "weekly_days": "2", "end_times": 5}
    assert detail["settings"]["meeting_invitees"] == [{"email": "bob@example.com"}]
    assert detail["host_email"] == "ada@example.com"
    one = await zoom.detail(series.id, occurrence_id=first)
    assert (one["start_time"], one["duration"], "occurrences" in one) == ("2026-03-10T08:00:00Z", 15, False)
    assert await zoom.error(f"meetings/{series.id}", occurrence_id=second) == (404, 3001)


async def test_occurrences_that_are_over_are_shown_on_request(zoom: Zoom) -> None:
    series = zoom.simulator.world.schedule(zoom.ada, "Series", NOW - 2 * WEEK, FIVE_WEEKS, time_zone="UTC")
    assert len((await zoom.detail(series.id))["occurrences"]) == 3
    assert len((await zoom.detail(series.id, show_previous_occurrences="true"))["occurrences"]) == 5


async def test_an_endless_series_is_worked_out_so_far(zoom: Zoom) -> None:
    series = zoom.simulator.world.schedule(zoom.ada, "For ever", NOW - 3 * WEEK, Recurrence(WEEKLY), time_zone="UTC")
    assert len((await zoom.detail(series.id))["occurrences"]) == 110
    assert len((await zoom.detail(series.id, show_previous_occurrences="true"))["occurrences"]) == 113


async def test_another_time_for_the_series_undoes_what_single_ones_had(zoom: Zoom) -> None:
    series = zoom.simulator.world.schedule(zoom.ada, "Series", MONDAY, FIVE_WEEKS)
    series.cancel(occurrence_id(MONDAY))
    series.change(start=MONDAY + timedelta(hours=1))
    assert {each["status"] for each in (await zoom.detail(series.id))["occurrences"]} == {"available"}


async def test_what_is_not_there_or_somebody_elses_is_not_found(zoom: Zoom) -> None:
    bob = zoom.simulator.add_user("bob@example.com")
    his = zoom.simulator.world.schedule(bob, "Bob's", TOMORROW, invitees=[zoom.ada.email])
    for name in ("1", "no-number", his.id):
        assert await zoom.error(f"meetings/{name}") == (404, 3001)


# Limits and faults


async def test_the_limit_of_a_second_is_counted_by_label(zoom: Zoom) -> None:
    zoom.simulator.quirks.change(per_second=1)
    answers = [await zoom.http.get("users/me/meetings") for _ in range(2)]
    while answers[-1].status_code == 200:  # a second has passed between them
        answers.append(await zoom.http.get("users/me/meetings"))
    assert refusal(answers[-1]) == (429, 429)
    headers = {name: answers[-1].headers[f"x-ratelimit-{name}"] for name in ("category", "type", "limit", "remaining")}
    assert headers == {"category": "Medium", "type": "QPS", "limit": "1", "remaining": "0"}
    assert answers[-1].headers["retry-after"] == "1"
    assert (await zoom.http.get("users/me")).headers["x-ratelimit-category"] == "Light"


@pytest.mark.parametrize("form", ["usual", "iso", "seconds", "date", "absent"])
async def test_the_limit_of_a_day_says_until_when(zoom: Zoom, form: str) -> None:
    zoom.simulator.quirks.change(per_day=1, retry_after=form)
    assert (await zoom.http.get("users/me")).headers["x-ratelimit-remaining"] == "0"
    answer = await zoom.http.get("users/me")
    assert answer.headers["x-ratelimit-type"] == "Daily-limit"
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    match answer.headers.get("retry-after"):
        case None:
            assert form == "absent"
        case str(text) if form == "seconds":
            assert abs(int(text) - 12 * 3600) < 60
        case str(text) if form == "date":
            assert parsedate_to_datetime(text) == midnight
        case text:
            assert text == "2026-03-03T00:00:00Z"
    zoom.simulator.advance(days=1)
    zoom.http.headers["authorization"] = f"Bearer {zoom.simulator.grant(zoom.app, zoom.ada).access.value}"
    assert (await zoom.http.get("users/me")).status_code == 200


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        ("invalidToken", 401, 124),
        ("expiredToken", 401, 124),
        ("missingScopes", 400, 4711),
        ("noSuchMeeting", 404, 3001),
        ("noSuchUser", 404, 1001),
        ("invalidPageToken", 400, 300),
        ("badRequest", 400, 300),
        ("perSecondLimit", 429, 429),
        ("perDayLimit", 429, 429),
        ("internalError", 500, 500),
    ],
)
async def test_every_error_can_be_had(zoom: Zoom, reason: str, status: int, code: int) -> None:
    zoom.simulator.faults.plan(Fault(reason=reason))
    assert await zoom.error("users/me") == (status, code)
    assert (await zoom.http.get("users/me")).status_code == 200


async def test_an_unknown_reason_is_no_fault(zoom: Zoom) -> None:
    with pytest.raises(ValueError, match="no such reason"):
        zoom.simulator.faults.plan(Fault(reason="bored"))


async def test_answers_can_be_cut_and_spoilt(zoom: Zoom) -> None:
    zoom.simulator.faults.plan(Fault(cut_after=10))
    with pytest.raises(httpx.RemoteProtocolError):
        await zoom.http.get("users/me")
    zoom.simulator.faults.plan(Fault(path="/oauth/token", reason="invalid_grant", status=401))
    async with a_client(zoom.url) as http:
        assert (await http.post("/oauth/token")).json()["reason"] == "Invalid Token!"


async def test_without_a_token_nothing_is_told(zoom: Zoom) -> None:
    async with a_client(f"{zoom.url}/v2/") as http:
        assert refusal(await http.get("users/me")) == (401, 124)
    async with a_client(f"{zoom.url}/v2/", "made-up") as http:
        assert refusal(await http.get("users/me/meetings")) == (401, 124)
