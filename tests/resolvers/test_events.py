"""Lists of events, single ones, and what the user decides about auto-join."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import OccurrenceId
from calendar_sync.domain.occurrences import OccurrenceContent, OccurrenceFilter, OccurrencePage
from calendar_sync.events.service import EventService
from tests.schema.asking import Asking, error_of, hour

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = """
query ($first: Int!, $after: String, $order: EventOrder!, $filter: EventFilter) {
  events(first: $first, after: $after, order: $order, filter: $filter) {
    edges { cursor node { id title } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
AS_OF = """
query ($id: ID!, $never: DateTime!, $before: DateTime!, $between: DateTime!) {
  now: event(id: $id) { ...Told }
  never: event(id: $id, asOf: $never) { ...Told }
  before: event(id: $id, asOf: $before) { ...Told }
  between: event(id: $id, asOf: $between) { ...Told }
}
fragment Told on Event { title location start { dateTime timeZone } end { dateTime timeZone } }
"""
TITLES = "query ($filter: EventFilter) { events(filter: $filter) { edges { node { title } } } }"


async def titles(asking: Asking, **filter: object) -> list[str]:
    data = await asking.data(TITLES, filter=filter)
    return [edge["node"]["title"] for edge in data["events"]["edges"]]


async def first_id(asking: Asking) -> str:
    data = await asking.data("{ events(first: 1) { edges { node { id } } } }")
    found: str = data["events"]["edges"][0]["node"]["id"]
    return found


async def test_an_event_is_told_as_of_a_time_beside_what_it_is_now(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put("a", summary="One", start=hour(0), more=["LOCATION:Here"])
    await ada.connect(feed)
    await ada.sync()
    id, before = await first_id(ada), datetime.now(UTC).isoformat()
    feed.put("a", summary="Two", start=hour(1), more=["LOCATION:There"])
    await ada.sync()
    between = datetime.now(UTC).isoformat()
    feed.remove("a")
    await ada.sync()

    data = await ada.data(AS_OF, id=id, never="2001-01-01T00:00:00Z", before=before, between=between)

    told = {name: each and (each["title"], each["location"]) for name, each in data.items()}
    assert told == {"now": None, "never": None, "before": ("One", "Here"), "between": ("Two", "There")}
    moved = [datetime.fromisoformat(data[name]["start"]["dateTime"]) for name in ("before", "between")]
    assert moved == [hour(0), hour(1)]


# Pages


@pytest.mark.parametrize("order", ["START_ASC", "START_DESC"])
@pytest.mark.parametrize("first", [1, 2, 3, 7, 200])
async def test_the_pages_of_a_list_are_all_of_it_in_order(ada: Asking, order: str, first: int) -> None:
    names = [f"Event {number}" for number in range(7)]
    await ada.with_events(*names)

    pages = [page async for page in walk(ada, first=first, order=order)]

    seen = [edge["node"]["title"] for page in pages for edge in page["edges"]]
    assert seen == (names if order == "START_ASC" else names[::-1])
    assert [page["pageInfo"]["hasPreviousPage"] for page in pages] == [False] + [True] * (len(pages) - 1)
    assert all(len(page["edges"]) == first for page in pages[:-1])


async def walk(asking: Asking, **variables: object) -> AsyncGenerator[dict[str, Any]]:
    """Every page of a list, one after the other."""
    after = None
    while True:
        page = (await asking.data(PAGE, after=after, **variables))["events"]
        cursors = [edge["cursor"] for edge in page["edges"]]
        assert (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]) == (cursors[0], cursors[-1])
        yield page
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


async def test_events_that_start_together_are_each_listed_once(ada: Asking) -> None:
    feed = ada.door.feed()
    for number in range(5):
        feed.put(f"same-{number}", summary=f"{number}", start=hour(0))
    await ada.connect(feed)
    await ada.sync()

    seen = [edge["node"]["title"] async for page in walk(ada, first=2, order="START_ASC") for edge in page["edges"]]

    assert sorted(seen) == ["0", "1", "2", "3", "4"]


async def test_an_event_that_comes_in_before_a_cursor_moves_nothing(ada: Asking) -> None:
    feed = await ada.with_events("A", "B", "C")
    page = (await ada.data(PAGE, first=2, order="START_ASC"))["events"]

    feed.put("earlier", summary="Earlier", start=hour(-1))
    await ada.sync()
    rest = (await ada.data(PAGE, first=2, order="START_ASC", after=page["pageInfo"]["endCursor"]))["events"]

    assert [edge["node"]["title"] for edge in rest["edges"]] == ["C"]


async def test_an_empty_list_has_no_cursors(ada: Asking) -> None:
    page = (await ada.data(PAGE, first=2, order="START_ASC"))["events"]

    assert page == {
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


async def test_a_cursor_is_good_for_its_own_list_alone(ada: Asking, bob: Asking) -> None:
    await ada.with_events("A", "B")
    await bob.with_events("A", "B")
    cursor = (await ada.data(PAGE, first=1, order="START_ASC"))["events"]["pageInfo"]["endCursor"]

    refused = [
        await ada.code(PAGE, first=1, order="START_DESC", after=cursor),
        await ada.code(PAGE, first=1, order="START_ASC", after=cursor, filter={"text": "A"}),
        await bob.code(PAGE, first=1, order="START_ASC", after=cursor),
        await ada.code(PAGE, first=1, order="START_ASC", after=cursor[:-4]),
        await ada.code(PAGE, first=1, order="START_ASC", after=cursor + "AAAA"),
    ]

    assert refused == ["INVALID_CURSOR"] * 5
    assert (await ada.data(PAGE, first=7, order="START_ASC", after=cursor))["events"]["edges"] != []


# What is counted and loaded only when asked for


@dataclass(frozen=True, slots=True)
class CountingEvents(EventService):
    """Keeps a list of what was asked of the store."""

    asked: list[str] = field(default_factory=list)

    async def page(
        self,
        actor: Actor,
        wanted: OccurrenceFilter,
        *,
        limit: int,
        skip: int = 0,
        after: tuple[datetime, OccurrenceId] | None = None,
        descending: bool = False,
        count: bool = False,
    ) -> OccurrencePage:
        self.asked.append("count" if count else "page")
        return await EventService.page(
            self, actor, wanted, limit=limit, skip=skip, after=after, descending=descending, count=count
        )

    async def contents(
        self, actor: Actor, occurrences: Sequence[OccurrenceId]
    ) -> Mapping[OccurrenceId, OccurrenceContent]:
        self.asked.append(f"contents of {len(occurrences)}")
        return await EventService.contents(self, actor, occurrences)


def counting(asking: Asking) -> tuple[Asking, list[str]]:
    """The same user at the same server, and the list of what is asked of the store."""
    real = asking.door.services.events
    events = CountingEvents(**{field.name: getattr(real, field.name) for field in fields(real)})
    services = replace(asking.door.services, events=events)
    door = replace(asking.door, services=services, state={**asking.door.state, "services": services})
    return Asking(door, door.asking(headers=dict(asking.client.headers))), events.asked


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ("edges { node { id title meetingLink start { dateTime timeZone } end { dateTime } } }", ["page"]),
        ("edges { node { id } } totalCount", ["page", "count"]),
        (
            "edges { node { description location attendees { email } end { timeZone date } } }",
            ["page", "contents of 3"],
        ),
        ("edges { node { calendar { name connection { accountEmail } } connection { id } } }", ["page"]),
    ],
)
async def test_a_list_costs_a_query_for_all_that_is_asked_of_it_and_none_for_what_is_not(
    ada: Asking, fields: str, asked: list[str]
) -> None:
    await ada.with_events("A", "B", "C")
    counted, seen = counting(ada)

    await counted.data(f"{{ events {{ {fields} }} }}")

    assert seen == asked


async def test_the_count_is_of_the_whole_list(ada: Asking) -> None:
    await ada.with_events("Stand-up", "Lunch", "Stand-up", "Review")

    data = await ada.data(
        '{ all: events(first: 1) { totalCount } some: events(first: 1, filter: {text: "stand"}) { totalCount } }'
    )

    assert (data["all"]["totalCount"], data["some"]["totalCount"]) == (4, 2)


# Filters


async def test_a_list_is_narrowed_by_when_events_start_or_are_under_way(ada: Asking) -> None:
    await ada.with_events("9", "10", "11", "12")
    ten, half_past_ten, twelve = hour(1), hour(1) + timedelta(minutes=30), hour(3)

    assert await titles(ada, starts={"since": str_of(ten), "until": str_of(twelve)}) == ["10", "11"]
    assert await titles(ada, overlaps={"since": str_of(half_past_ten), "until": str_of(twelve)}) == ["10", "11"]
    assert await titles(ada, overlaps={"until": str_of(ten)}) == ["9"]
    assert await titles(ada, starts={"since": str_of(twelve)}) == ["12"]


def str_of(moment: datetime) -> str:
    return moment.isoformat()


async def test_a_list_is_narrowed_by_where_events_are_from(ada: Asking) -> None:
    first, second = await ada.with_events("A"), await ada.with_events("B")
    data = await ada.data("{ connections { id calendars { id name } } }")
    connections = [connection["id"] for connection in data["connections"]]
    calendars = [connection["calendars"][0]["id"] for connection in data["connections"]]

    by_connection = [await titles(ada, connectionIds=[one]) for one in connections]
    by_calendar = [await titles(ada, calendarIds=[one]) for one in calendars]

    assert first.name != second.name
    assert sorted(by_connection) == sorted(by_calendar) == [["A"], ["B"]]
    assert sorted(await titles(ada, connectionIds=connections)) == ["A", "B"]
    assert await titles(ada, calendarIds=[]) == []
    assert sorted(await titles(ada, provider="ICS")) == ["A", "B"]
    assert await titles(ada, provider="CALDAV") == []


async def test_a_list_is_narrowed_by_what_events_say(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put("1", summary="Zoom call", start=hour(0), more=["LOCATION:https://zoom.us/j/123456789"])
    feed.put("2", summary="Lunch", start=hour(1), more=["STATUS:TENTATIVE"])
    feed.put("3", summary="Off", start=hour(2), more=["STATUS:CANCELLED"])
    await ada.connect(feed)
    await ada.sync()

    assert await titles(ada, hasMeetingLink=True) == ["Zoom call"]
    assert await titles(ada, hasMeetingLink=False, text="LUNCH") == ["Lunch"]
    assert await titles(ada, statuses=["TENTATIVE", "CANCELLED", "TENTATIVE"]) == ["Lunch", "Off"]
    assert await titles(ada, autoJoinStatus="DISABLED") == []
    assert await titles(ada, text="") == ["Zoom call", "Lunch", "Off"]


@pytest.mark.parametrize(
    "filter",
    [
        {"starts": {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}},
        {"overlaps": {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}},
        {"starts": {"since": "2026-03-02"}},
        {"starts": {"since": "2026-02-30T00:00:00Z"}},
        {"statuses": ["LATE"]},
        {"calendarIds": ["cal_x"] * 101},
        {"connectionIds": ["tcred_x"] * 101},
        {"text": "x" * 201},
        {"seriesIds": ["evt_x"] * 101},
        {"responses": ["PERHAPS"]},
        {"days": {"first": "2026-03-02", "last": "2026-03-01", "timeZone": "UTC"}},
        {"unknown": 1},
    ],
)
async def test_a_filter_that_means_nothing_is_bad_input(ada: Asking, filter: Mapping[str, object]) -> None:
    assert await ada.code(TITLES, filter=filter) == "BAD_USER_INPUT"


# One event


DETAILS = """
query ($id: ID!) {
  event(id: $id) {
    title description location status visibility isBusy isAllDay isRecurring isJoinable timeZone provider url
    attendeeCount organizerEmail meetingLink meetingPlatform autoJoinStatus icalUid
    start { date dateTime timeZone } end { date dateTime timeZone }
    organizer { email name } attendees { email name response isOptional } links { url platform }
    calendar { provider } connection { provider }
  }
}
"""


async def test_a_timed_event_tells_all_it_says(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put(
        "1",
        summary="Review",
        start=hour(0),
        more=[
            "DESCRIPTION:Bring numbers",
            "LOCATION:https://zoom.us/j/123456789",
            "ORGANIZER;CN=Ada:mailto:ada@example.com",
            "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT:mailto:bob@example.com",
            "CLASS:PRIVATE",
        ],
    )
    await ada.connect(feed)
    await ada.sync()

    event = (await ada.data(DETAILS, id=await first_id(ada)))["event"]

    assert event["start"]["dateTime"] == str_of(hour(0)).replace("+00:00", "Z")
    assert event["end"]["dateTime"] == str_of(hour(1)).replace("+00:00", "Z")
    assert (event["start"]["date"], event["end"]["date"], event["isAllDay"]) == (None, None, False)
    assert (event["description"], event["visibility"]) == ("Bring numbers", "PRIVATE")
    assert event["organizer"] == {"email": "ada@example.com", "name": "Ada"}
    assert event["attendees"] == [
        {"email": "bob@example.com", "name": "Bob", "response": "ACCEPTED", "isOptional": True}
    ]
    assert event["links"] == [{"url": "https://zoom.us/j/123456789", "platform": "zoom"}]
    assert (event["meetingLink"], event["isJoinable"]) == ("https://zoom.us/j/123456789", True)
    assert event["calendar"]["provider"] == event["connection"]["provider"] == "ICS"


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "UTC"])
async def test_the_days_of_an_all_day_event_stay_days_in_every_zone(ada: Asking, zone: str) -> None:
    day = date.fromisoformat(str_of(hour(0))[:10])
    feed = ada.door.feeds.feed(ada.door.feed().name, X_WR_TIMEZONE=zone)
    feed.put("1", summary="Holiday", start=day, end=day + timedelta(days=2))
    await ada.connect(feed)
    await ada.sync()

    event = (await ada.data(DETAILS, id=await first_id(ada)))["event"]

    assert event["start"] == {"date": day.isoformat(), "dateTime": None, "timeZone": zone}
    assert event["end"] == {"date": (day + timedelta(days=2)).isoformat(), "dateTime": None, "timeZone": zone}


async def test_an_event_may_end_in_another_zone_than_it_starts_in(ada: Asking) -> None:
    start = hour(0).strftime("%Y%m%dT%H%M%S")
    feed = ada.door.feed()
    feed.put_lines(
        "flight",
        [
            f"DTSTART;TZID=Europe/Berlin:{start}",
            f"DTEND;TZID=America/New_York:{start}",
            "SUMMARY:Flight",
        ],
    )
    await ada.connect(feed)
    await ada.sync()

    event = (await ada.data(DETAILS, id=await first_id(ada)))["event"]

    assert (event["start"]["timeZone"], event["end"]["timeZone"]) == ("Europe/Berlin", "America/New_York")


async def test_occurrences_of_a_series_are_events_of_one_series(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put("daily", summary="Stand-up", start=hour(0), more=["RRULE:FREQ=DAILY;COUNT=3"])
    await ada.connect(feed)
    counts = await ada.sync()

    nodes = [
        edge["node"]
        for edge in (await ada.data("{ events { edges { node { id seriesId isRecurring } } } }"))["events"]["edges"]
    ]

    assert counts["newEvents"] == 1
    assert len({node["id"] for node in nodes}) == 3
    assert len({node["seriesId"] for node in nodes}) == 1
    assert all(node["isRecurring"] for node in nodes)


async def test_markup_in_a_text_comes_back_as_it_went_in(ada: Asking) -> None:
    hostile = "<script>alert(1)</script> \u202e right to left"
    await ada.with_events(hostile)

    assert await titles(ada) == [hostile]


# Auto-join


SET = """
mutation ($id: ID!, $status: AutoJoinChoice!) {
  setAutoJoin(eventId: $id, status: $status) {
    __typename
    ... on AutoJoinSet { event { autoJoinStatus title } }
    ... on Failure { code message field }
  }
}
"""


async def test_the_bot_is_kept_out_until_the_rules_may_decide_again(ada: Asking) -> None:
    await ada.with_events("A")
    event = await first_id(ada)

    kept_out = (await ada.data(SET, id=event, status="DISABLED"))["setAutoJoin"]
    found = await titles(ada, autoJoinStatus="DISABLED")
    again = (await ada.data(SET, id=event, status="PENDING"))["setAutoJoin"]

    assert kept_out == {"__typename": "AutoJoinSet", "event": {"autoJoinStatus": "DISABLED", "title": "A"}}
    assert found == ["A"]
    assert again["event"]["autoJoinStatus"] == "PENDING"


async def test_what_only_the_rules_decide_cannot_be_set(ada: Asking) -> None:
    assert await ada.code(SET, id="x", status="JOINED") == "BAD_USER_INPUT"


# Others


async def test_another_users_events_are_not_there(ada: Asking, bob: Asking) -> None:
    await ada.with_events("A")
    event = await first_id(ada)

    refused = (await bob.data(SET, id=event, status="DISABLED"))["setAutoJoin"]

    assert (await bob.data(DETAILS, id=event))["event"] is None
    assert (refused["__typename"], refused["code"]) == ("SetAutoJoinFailed", "EVENT_NOT_FOUND")
    assert await titles(bob) == []
    assert await titles(ada, autoJoinStatus="DISABLED") == []


async def test_an_event_that_cannot_be_read_is_told_with_its_reason_and_spoils_no_other(ada: Asking) -> None:
    feed = await ada.with_events("Good")
    feed.put_lines("bad", ["DTSTART:20260230T090000Z", "SUMMARY:No such day"])
    await ada.sync()

    found = (await ada.data("{ unreadableEvents { remoteId reason source calendar { id } } }"))["unreadableEvents"]

    assert [(each["remoteId"], "SUMMARY:No such day" in each["source"]) for each in found] == [("bad", True)]
    assert found[0]["reason"].endswith(".")
    assert await titles(ada) == ["Good"]


# Every other filter


async def test_a_list_is_narrowed_by_who_is_there_and_what_they_answered(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put("1", summary="Ours", start=hour(0), more=["ORGANIZER;CN=Ada Lovelace:mailto:ada@example.com"])
    feed.put("2", summary="Theirs", start=hour(1), more=["ATTENDEE;CN=Bob:mailto:bob@example.com"])
    feed.put(
        "3", summary="Daily", start=hour(2), more=["RRULE:FREQ=DAILY;COUNT=2", "LOCATION:https://zoom.us/j/123456789"]
    )
    await ada.connect(feed)
    await ada.sync()
    series = (await ada.data("{ events(filter: {isRecurring: true}) { nodes { seriesId } } }"))["events"]["nodes"]

    assert await titles(ada, organizerEmail=" ADA@example.com") == ["Ours"]
    assert await titles(ada, attendeeEmail="Bob@Example.com") == ["Theirs"]
    assert await titles(ada, text="lovelace") == ["Ours"]
    assert await titles(ada, icalUid="2") == ["Theirs"]
    assert await titles(ada, seriesIds=[series[0]["seriesId"]]) == ["Daily", "Daily"]
    assert await titles(ada, meetingPlatform="ZOOM", isRecurring=True, isAllDay=False) == ["Daily", "Daily"]
    assert await titles(ada, responses=["DECLINED"]) == []


async def test_days_are_those_of_a_zone_and_an_all_day_event_is_on_its_own(ada: Asking) -> None:
    feed = ada.door.feeds.feed(ada.door.feed().name, X_WR_TIMEZONE="Pacific/Kiritimati")
    day = hour(0).date()
    feed.put("1", summary="Holiday", start=day, end=day + timedelta(days=1))
    feed.put("2", summary="Late", start=hour(14))  # 23:00 in UTC, the next day in Berlin
    await ada.connect(feed)
    await ada.sync()

    async def on(which: date, zone: str) -> list[str]:
        return await titles(ada, days={"first": which.isoformat(), "timeZone": zone})

    assert sorted(await on(day, "UTC")) == ["Holiday", "Late"]
    assert await on(day, "Europe/Berlin") == ["Holiday"]
    assert await on(day + timedelta(days=1), "Europe/Berlin") == ["Late"]
    assert await on(day - timedelta(days=1), "Pacific/Pago_Pago") == []


TIMES = """
query ($zone: TimeZone!) {
  events { nodes {
    start { localDateTime there: localDateTime(timeZone: $zone) date }
    end { localDateTime there: localDateTime(timeZone: $zone) }
  } }
}
"""


async def test_times_are_told_as_clocks_show_them_anywhere(ada: Asking) -> None:
    feed = ada.door.feed()
    feed.put_lines(
        "flight",
        ["DTSTART;TZID=Europe/Berlin:20300701T090000", "DTEND;TZID=America/New_York:20300701T110000", "SUMMARY:Flight"],
    )
    feed.put("holiday", start=date(2030, 7, 2), end=date(2030, 7, 3))
    await ada.connect(feed)
    await ada.sync()

    flight, holiday = (await ada.data(TIMES, zone="Asia/Kathmandu"))["events"]["nodes"]

    assert flight["start"] == {
        "localDateTime": "2030-07-01T09:00:00+02:00",
        "there": "2030-07-01T12:45:00+05:45",
        "date": None,
    }
    assert flight["end"] == {"localDateTime": "2030-07-01T11:00:00-04:00", "there": "2030-07-01T20:45:00+05:45"}
    assert holiday["start"] == {"localDateTime": None, "there": None, "date": "2030-07-02"}


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "europe/berlin", "W. Europe Standard Time", "", "../etc", "posix/UTC"]
)
async def test_a_zone_that_is_not_known_is_bad_input_and_said_so(ada: Asking, zone: str) -> None:
    answer = await ada.answer(TIMES, zone=zone)

    error = error_of(answer)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "Europe/Berlin" in error["message"]
    assert await ada.code(TITLES, filter={"days": {"first": "2026-03-01", "timeZone": zone}}) == "BAD_USER_INPUT"
