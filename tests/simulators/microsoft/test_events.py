"""Reading events one by one, by window and by series."""

from datetime import timedelta
from typing import Any

import pytest

from simulators.microsoft.ids import default_id
from simulators.microsoft.patterns import repeating
from tests.simulators.microsoft.world import (
    IMMUTABLE,
    JANUARY,
    MONDAY,
    WEEKLY,
    Microsoft,
    graph,
    ids,
    occurrence,
    refusal,
    starts,
)

FULL: dict[str, Any] = {
    "importance": "high",
    "sensitivity": "confidential",
    "showAs": "workingElsewhere",
    "categories": ["Red", "Blue"],
    "isCancelled": True,
    "hideAttendees": True,
    "responseStatus": {"response": "tentativelyAccepted", "time": "2026-01-02T08:00:00Z"},
    "organizer": {"emailAddress": {"name": "Grace", "address": "grace@example.com"}},
    "attendees": [
        {
            "type": kind,
            "status": {"response": "none", "time": "0001-01-01T00:00:00Z"},
            "emailAddress": {"name": kind, "address": f"{kind}@example.com"},
        }
        for kind in ("required", "optional", "resource")
    ],
    "location": {
        "displayName": "Room 1",
        "locationType": "conferenceRoom",
        "locationEmailAddress": "room@example.com",
        "address": {"street": "Main Street 1", "city": "Zurich"},
        "coordinates": {"latitude": 47.4, "longitude": 8.5},
    },
    "isOnlineMeeting": True,
    "onlineMeetingProvider": "teamsForBusiness",
    "onlineMeeting": {
        "joinUrl": "https://teams.microsoft.com/l/meetup-join/x",
        "conferenceId": "123",
        "tollNumber": "+41 43",
        "phones": [{"number": "+41 43", "type": "business"}],
    },
}


@pytest.mark.parametrize("prefer", [IMMUTABLE, ""])
async def test_an_event_is_read_by_either_id(microsoft: Microsoft, prefer: str) -> None:
    event = microsoft.calendar.add("Review", MONDAY, **FULL)
    other = default_id(microsoft.calendar.id, event)

    by_one, by_other = [await microsoft.get(f"me/events/{each}", prefer=prefer) for each in (event, other)]

    assert by_one == by_other
    assert by_one["id"] == (event if prefer else other)
    assert {name: by_one[name] for name in FULL} == FULL
    assert by_one["isOrganizer"] is False
    assert by_one["webLink"].endswith(by_one["id"])


async def test_an_occurrence_and_an_exception_are_read_in_full(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.change(occurrence(series, 1), subject="Special")

    plain = await microsoft.get(f"me/events/{occurrence(series, 0)}")
    special = await microsoft.get(f"me/calendars/{microsoft.calendar.id}/events/{occurrence(series, 1)}")

    assert (plain["type"], plain["subject"], plain["seriesMasterId"]) == ("occurrence", "Stand-up", series)
    assert plain["originalStart"] == "2026-01-05T08:00:00Z"
    assert (special["type"], special["subject"], special["seriesMasterId"]) == ("exception", "Special", series)


async def test_a_master_by_its_id_says_which_occurrences_are_cancelled_or_exceptions(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.change(occurrence(series, 1), subject="Special")
    microsoft.calendar.remove(occurrence(series, 2))
    asked = {"$select": "subject,cancelledOccurrences,exceptionOccurrences", "$expand": "exceptionOccurrences"}

    master = await microsoft.get(f"me/events/{series}", **asked)
    unasked = await microsoft.get(f"me/events/{series}")

    assert master["cancelledOccurrences"] == [f"OID.{series}.2026-01-19"]
    assert [each["subject"] for each in master["exceptionOccurrences"]] == ["Special"]
    assert {name for name in master if not name.startswith("@")} == {
        "id",
        "subject",
        "cancelledOccurrences",
        "exceptionOccurrences",
    }
    assert not {"cancelledOccurrences", "exceptionOccurrences"} & unasked.keys()


async def test_what_is_not_there_is_not_found(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    removed, kept = microsoft.calendar.add("Removed", MONDAY), microsoft.calendar.add("Kept", MONDAY)
    microsoft.calendar.remove(removed)
    microsoft.calendar.remove(occurrence(series, 1))
    team = microsoft.ada.add_calendar("Team")

    for missing in (
        "AAMkNone",
        removed,
        occurrence(series, 1),
        occurrence(series, 9),
        occurrence(kept, 0),
        series.upper(),
    ):
        assert await microsoft.error(f"me/events/{missing}") == (404, "ErrorItemNotFound")
    assert await microsoft.error(f"me/calendars/{team.id}/events/{kept}") == (404, "ErrorItemNotFound")


async def test_instances_are_occurrences_and_exceptions_in_full(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.change(occurrence(series, 1), subject="Special")

    instances = await microsoft.whole(f"me/events/{series}/instances", **JANUARY, **{"$top": "3"})

    assert ids(instances) == [occurrence(series, week) for week in range(4)]
    assert [each["subject"] for each in instances] == ["Stand-up", "Special", "Stand-up", "Stand-up"]
    assert ids(instances) == microsoft.calendar.instances(series, MONDAY, MONDAY + timedelta(weeks=8))


async def test_only_a_series_has_instances(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)

    assert await microsoft.error(f"me/events/{event}/instances", **JANUARY) == (400, "ErrorInvalidRequest")
    assert await microsoft.error(f"me/events/{event}/instances") == (400, "ErrorInvalidParameter")


async def test_a_view_has_what_takes_place_and_no_masters(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.add("Review", MONDAY + timedelta(days=1))

    view = await microsoft.whole("me/calendarView", **JANUARY, **{"$orderby": "start/dateTime", "$top": "2"})
    newest = await microsoft.whole("me/calendarView", **JANUARY, **{"$orderby": "start/dateTime desc"})

    assert starts(view) == sorted(starts(view))
    assert ids(newest) == ids(view)[::-1]
    assert [row["type"] for row in view] == ["occurrence", "singleInstance", *["occurrence"] * 3]
    assert view[0]["subject"] == "Stand-up"


async def test_a_list_has_masters_and_single_events(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.add("Review", MONDAY)

    events = await microsoft.whole(f"me/calendars/{microsoft.calendar.id}/events")

    assert [event["type"] for event in events] == ["seriesMaster", "singleInstance"]


@pytest.mark.parametrize("option", [{"$filter": "subject eq 'x'"}, {"$search": "x"}, {"$orderby": "subject"}])
async def test_other_options_of_a_list_are_refused(microsoft: Microsoft, option: dict[str, str]) -> None:
    assert await microsoft.error("me/events", **option) == (400, "ErrorInvalidUrlQueryFilter")


async def test_who_may_read_the_least_sees_no_bodies_and_no_guests(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Review", MONDAY, **FULL)

    async with microsoft.http_for(microsoft.ada, "Calendars.ReadBasic") as http:
        (event,) = (await http.get("me/events")).json()["value"]

    assert event["subject"] == "Review"
    assert not {"body", "bodyPreview", "attendees"} & event.keys()


async def test_the_default_id_changes_with_the_calendar(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.change(occurrence(event, 1), subject="Special")
    before = await microsoft.get(f"me/events/{event}", prefer="")
    team = microsoft.ada.add_calendar("Team")

    microsoft.calendar.move(event, team)

    after = await microsoft.get(f"me/events/{event}", prefer="")
    assert after["id"] != before["id"]
    assert await microsoft.error(f"me/events/{before['id']}") == (404, "ErrorItemNotFound")
    assert (await microsoft.get(f"me/events/{occurrence(event, 1)}"))["subject"] == "Special"
    assert team.find(event)[0].default_id == after["id"]


async def test_immutable_ids_may_be_unknown(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    microsoft.simulator.quirks.change(ignores_id_type=True, omits_applied_preferences=True)

    response = await microsoft.http.get(f"me/events/{event}", headers={"Prefer": IMMUTABLE})

    assert response.json()["id"] != event
    assert "preference-applied" not in response.headers


async def test_a_legacy_zone_is_told_as_it_is(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY, originalStartTimeZone="tzone://Microsoft/Custom")

    assert (await microsoft.get(f"me/events/{event}"))["originalStartTimeZone"] == "tzone://Microsoft/Custom"


async def test_a_change_changes_the_key(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    before = await microsoft.get(f"me/events/{event}")

    microsoft.calendar.touch(event)

    after = await microsoft.get(f"me/events/{event}")
    assert before["changeKey"] != after["changeKey"]
    assert after["@odata.etag"] == f'W/"{after["changeKey"]}"'
    assert before["createdDateTime"] == after["createdDateTime"]
    assert before["lastModifiedDateTime"] < after["lastModifiedDateTime"]


async def test_an_event_that_comes_back_is_new(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Stand-up", MONDAY, recurrence=repeating("daily", times=2), id="stand-up")
    microsoft.calendar.remove(event)

    microsoft.calendar.add("Again", MONDAY, id="stand-up")

    assert (await microsoft.get("me/events/stand-up"))["subject"] == "Again"
    microsoft.calendar.change("stand-up", start=graph(MONDAY + timedelta(days=1)))
    async with microsoft.raw() as http:
        assert refusal(await http.get("me/events/never")) == (404, "ErrorItemNotFound")
