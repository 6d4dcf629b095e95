"""What the guide says of meetings, of busy time and of slots is so: its examples are asked of a server."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from calendar_sync.events.availability import LONGEST_WINDOW
from resolvers.availability import MOST_HOURS
from resolvers.connections import MOST_IDS
from tests import databases
from tests.schema.asking import Asking, asking
from tests.web.door import a_door

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCS = Path(__file__).parents[2] / "docs"
MEETINGS, FREE_BUSY = ((DOCS / name).read_text() for name in ("meetings.md", "free-busy.md"))
LISTED, ONE = re.findall(r"```graphql\n(.*?)```", MEETINGS, re.DOTALL)
BUSY, SLOTS = re.findall(r"```graphql\n(.*?)```", FREE_BUSY, re.DOTALL)

BERLIN = ZoneInfo("Europe/Berlin")
_TODAY = datetime.now(BERLIN).date()
MONDAY = _TODAY + timedelta(days=7 - _TODAY.weekday())
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(clock: str, day: int = 0) -> datetime:
    return datetime.combine(MONDAY + day * DAY, time.fromisoformat(clock), BERLIN).astimezone(UTC)


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


WEEK = {"since": text(at("00:00")), "until": text(at("00:00", 7))}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Asking]:
    """A user with a meeting in two feeds, later in one of them, and a day off."""
    async with a_door(databases.a_migrated_file(tmp_path_factory.mktemp("guide"))) as door, asking(door) as ada:
        work, home = door.feed(), door.feed()
        work.put("review", summary="Review", start=at("09:00"), end=at("10:00"))
        home.put("review", summary="Review", start=at("09:30"), end=at("10:30"))
        home.put("off", summary="Day off", start=MONDAY + DAY)
        home.put("maybe", summary="Maybe", start=at("14:00"), more=["STATUS:TENTATIVE"])
        for feed in (work, home):
            await ada.connect(feed)
        await ada.sync()
        yield ada


async def accounts(ada: Asking) -> list[str]:
    return [each["id"] for each in (await ada.data("{ connections { id } }"))["connections"]]


async def test_copies_of_a_meeting_and_how_they_differ(ada: Asking) -> None:
    nodes = (await ada.data(LISTED, since=WEEK["since"]))["events"]["nodes"]

    review, same, *others = (node["meeting"] for node in nodes)
    assert review == same
    assert [copy["start"]["dateTime"] for copy in review["copies"]] == [text(at("09:00")), text(at("09:30"))]
    assert review["differences"] == ["start", "end"]
    assert [(len(meeting["copies"]), meeting["differences"]) for meeting in others] == [(1, []), (1, [])]
    assert (await ada.data(ONE, id=review["id"]))["meeting"]["id"] == review["id"]


async def test_a_meeting_that_is_not_there_is_null(ada: Asking) -> None:
    assert await ada.data(ONE, id="mcmtg_none") == {"meeting": None}


async def test_busy_time_is_each_moment_once(ada: Asking) -> None:
    found = (await ada.data(BUSY, **WEEK))["freeBusy"]

    assert found["busy"] == [
        {"start": text(at(start)), "end": text(at(end)), "kind": kind}
        for start, end, kind in [("09:00", "10:30", "BUSY"), ("14:00", "15:00", "TENTATIVE")]
    ] + [{"start": text(at("00:00", 1)), "end": text(at("00:00", 2)), "kind": "BUSY"}]
    assert found["knownUntil"] > WEEK["until"]


async def test_slots_are_within_hours_and_around_what_is_taken(ada: Asking) -> None:
    asked = [await ada.data(SLOTS, account=account, **WEEK) for account in await accounts(ada)]

    found = [each["availability"] for each in asked]
    assert [len(each["slots"]) for each in found] == [10, 10]
    assert all(each["hasMore"] for each in found)
    assert sorted([slot["start"] for slot in each["slots"][:2]] for each in found) == [
        [text(at("09:00")), text(at("10:45"))],
        [text(at("10:15")), text(at("10:30"))],
    ]


async def test_only_what_counts_is_taken(ada: Asking) -> None:
    query = """
    query ($window: TimeWindow!, $filter: BusyFilter) { freeBusy(window: $window, filter: $filter) { busy { kind } } }
    """
    filters: list[dict[str, Any]] = [{"includeTentative": False}, {"includeAllDay": False}, {"calendarIds": []}]

    found = [(await ada.data(query, window=WEEK, filter=each))["freeBusy"]["busy"] for each in filters]

    assert [[block["kind"] for block in blocks] for blocks in found] == [["BUSY", "BUSY"], ["BUSY", "TENTATIVE"], []]


HOURS = {"weekdays": ["MONDAY"], "start": "09:00", "end": "17:00"}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("RANGE_TOO_LARGE", {"window": {**WEEK, "until": text(at("00:00", 367))}}),
    ("BAD_USER_INPUT", {"window": {**WEEK, "until": WEEK["since"]}}),
    ("BAD_USER_INPUT", {"window": {"since": "0001-01-01T00:00:00Z", "until": "0001-01-02T00:00:00Z"}}),
    ("BAD_USER_INPUT", {"window": {"since": "9999-12-30T00:00:00Z", "until": "9999-12-31T23:59:59Z"}}),
    ("BAD_USER_INPUT", {"filter": {"calendarIds": ["cal_x"] * 101}}),
    ("BAD_USER_INPUT", {"zone": "Europe/Nowhere"}),
    ("BAD_USER_INPUT", {"slot": {"minutes": 4}}),
    ("BAD_USER_INPUT", {"slot": {"minutes": 1441}}),
    ("BAD_USER_INPUT", {"slot": {"minutes": 30, "everyMinutes": 0}}),
    ("BAD_USER_INPUT", {"slot": {"minutes": 30, "freeMinutesBefore": -1}}),
    ("BAD_USER_INPUT", {"hours": [HOURS] * 21}),
    ("BAD_USER_INPUT", {"hours": [{**HOURS, "start": "24:00"}]}),
    ("BAD_USER_INPUT", {"hours": [{**HOURS, "start": "9:00"}]}),
    ("BAD_USER_INPUT", {"hours": [{**HOURS, "weekdays": ["SOMEDAY"]}]}),
    ("CALENDAR_NOT_FOUND", {"filter": {"calendarIds": ["cal_x"]}}),
    ("CONNECTION_NOT_FOUND", {"filter": {"connectionIds": ["tcred_x"]}}),
]


@pytest.mark.parametrize(("code", "given"), REFUSED)
async def test_what_cannot_be_answered_is_told_by_its_code(ada: Asking, code: str, given: dict[str, Any]) -> None:
    query = """
    query ($window: TimeWindow!, $slot: SlotRules!, $zone: TimeZone!, $hours: [WorkingHours!], $filter: BusyFilter) {
      availability(window: $window, slot: $slot, timeZone: $zone, workingHours: $hours, filter: $filter) {
        hasMore
      }
    }
    """
    usual: dict[str, Any] = {"window": WEEK, "slot": {"minutes": 30}, "zone": "UTC", "hours": None, "filter": None}

    assert await ada.code(query, **{**usual, **given}) == code
    assert f"`{code}`" in FREE_BUSY


async def test_a_calendar_that_is_not_selected_is_a_conflict(ada: Asking) -> None:
    feed = ada.door.feed()
    account = await ada.connect(feed)
    await ada.sync()
    (calendar,) = (await ada.data("query ($id: ID!) { connection(id: $id) { calendars { id } } }", id=account))[
        "connection"
    ]["calendars"]
    select = "mutation ($id: ID!) { selectCalendars(connectionId: $id, calendarIds: []) { __typename } }"
    await ada.data(select, id=account)
    query = "query ($w: TimeWindow!, $f: BusyFilter) { freeBusy(window: $w, filter: $f) { knownUntil } }"

    assert await ada.code(query, w=WEEK, f={"calendarIds": [calendar["id"]]}) == "CONFLICT"


async def test_the_limits_are_the_ones_it_names() -> None:
    for number in (LONGEST_WINDOW.days, MOST_IDS, MOST_HOURS):
        assert re.search(rf"\b{number}\b", FREE_BUSY)
