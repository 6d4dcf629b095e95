"""Rounds of change tracking over a window of a calendar, as calendarView/delta has them."""

from datetime import date, timedelta
from typing import Any

import pytest

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
    starts,
)

Json = dict[str, Any]
THIN = {"@odata.type", "@odata.etag", "id", "seriesMasterId", "type", "start", "end"}


def types(rows: list[Json]) -> list[str]:
    return [row.get("type", "removed") for row in rows]


# The first round


async def test_a_single_event_is_told_in_full(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY, categories=["Blue"], sensitivity="private", showAs="oof")

    (row,), _ = await microsoft.round()

    assert (row["id"], row["type"], row["subject"], row["seriesMasterId"]) == (event, "singleInstance", "Review", None)
    assert row["start"] == {"dateTime": "2026-01-05T08:00:00.0000000", "timeZone": "UTC"}
    assert row["end"] == {"dateTime": "2026-01-05T09:00:00.0000000", "timeZone": "UTC"}
    assert row["originalStartTimeZone"] == row["originalEndTimeZone"] == "W. Europe Standard Time"
    assert (row["categories"], row["sensitivity"], row["showAs"]) == (["Blue"], "private", "oof")
    assert row["organizer"]["emailAddress"] == {"name": "Ada Lovelace", "address": "ada@example.com"}
    assert row["responseStatus"] == {"response": "organizer", "time": "0001-01-01T00:00:00Z"}
    assert row["isOrganizer"] is True
    assert row["@odata.type"] == "#microsoft.graph.event"


async def test_a_series_is_its_master_and_thin_occurrences(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)

    (master, *occurrences), _ = await microsoft.round()

    assert (master["id"], master["type"], master["subject"]) == (series, "seriesMaster", "Stand-up")
    assert all(row.keys() == THIN for row in occurrences)
    assert all((row["seriesMasterId"], row["type"]) == (series, "occurrence") for row in occurrences)
    assert starts(occurrences) == [f"2026-01-{day:02}T08:00" for day in (5, 12, 19, 26)]


async def test_a_recurrence_is_told_with_values_that_mean_nothing(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Stand-up", MONDAY, recurrence=repeating("weekly", daysOfWeek=["monday"]))

    (master, *_), _ = await microsoft.round()

    assert master["recurrence"] == {
        "pattern": {
            "type": "weekly",
            "interval": 1,
            "month": 0,
            "dayOfMonth": 0,
            "daysOfWeek": ["monday"],
            "firstDayOfWeek": "sunday",
            "index": "first",
        },
        "range": {
            "type": "noEnd",
            "startDate": "2026-01-05",
            "endDate": "0001-01-01",
            "recurrenceTimeZone": "W. Europe Standard Time",
            "numberOfOccurrences": 0,
        },
    }


async def test_a_master_is_told_though_it_starts_before_the_window(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Old", MONDAY - timedelta(weeks=52), recurrence=repeating("weekly", daysOfWeek=["monday"]))

    (master, *occurrences), _ = await microsoft.round()

    assert master["start"]["dateTime"].startswith("2025-01-06")
    assert len(occurrences) == 4


async def test_an_exception_has_values_of_its_own_and_its_original_start(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY, location={"displayName": "Room 1"})
    later = MONDAY + timedelta(weeks=1, hours=2)
    microsoft.calendar.change(occurrence(series, 1), subject="Later", start=graph(later), end=graph(later))

    rows, _ = await microsoft.round()

    (exception,) = [row for row in rows if row["type"] == "exception"]
    assert exception["id"] == occurrence(series, 1)
    assert exception["originalStart"] == "2026-01-12T08:00:00Z"
    assert exception["start"]["dateTime"] == "2026-01-12T10:00:00.0000000"
    assert (exception["subject"], exception["location"]["displayName"]) == ("Later", "Room 1")
    assert exception["recurrence"] is None


async def test_every_occurrence_has_an_ical_uid_of_its_own(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.simulator.quirks.full_occurrences = True

    rows, _ = await microsoft.round()

    assert len({row["iCalUId"] for row in rows}) == len(rows) == 5


async def test_what_is_outside_the_window_is_not_told(microsoft: Microsoft) -> None:
    microsoft.calendar.add(
        "Ends as it begins", MONDAY.replace(year=2025, month=12, day=31, hour=23), MONDAY.replace(day=1, hour=1)
    )
    microsoft.calendar.add("Begins as it ends", MONDAY.replace(month=2, day=1, hour=1))
    inside = microsoft.calendar.add(
        "Reaches in", MONDAY.replace(year=2025, month=12, day=31), MONDAY.replace(day=1, hour=2)
    )

    rows, _ = await microsoft.round()

    assert ids(rows) == [inside]


@pytest.mark.parametrize("path", ["me/calendarView/delta", "me/calendarView/delta()", "me/calendar/calendarView/delta"])
async def test_the_default_calendar_needs_no_id(microsoft: Microsoft, path: str) -> None:
    event = microsoft.calendar.add("Review", MONDAY)

    assert ids((await microsoft.get(path, **JANUARY))["value"]) == [event]


# Windows


@pytest.mark.parametrize("window", [{}, {"startDateTime": "2026-01-01"}, {"endDateTime": "2026-01-01"}])
async def test_a_first_round_needs_a_window(microsoft: Microsoft, window: dict[str, str]) -> None:
    assert await microsoft.error(microsoft.delta, **window) == (400, "ErrorInvalidParameter")


async def test_a_window_may_have_1825_days(microsoft: Microsoft) -> None:
    start = date(2026, 1, 1)
    longest = {"startDateTime": start.isoformat(), "endDateTime": (start + timedelta(days=1825)).isoformat()}
    await microsoft.round(None, **longest)

    longest["endDateTime"] += "T00:00:01Z"
    response = await microsoft.http.get(microsoft.delta, params=longest)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "ErrorInvalidRequest"
    assert response.json()["error"]["message"].endswith("Maximum number of days: 1825")


@pytest.mark.parametrize("value", ["tomorrow", "2026-13-01T00:00:00Z", ""])
async def test_a_window_needs_times(microsoft: Microsoft, value: str) -> None:
    window = JANUARY | {"startDateTime": value}

    assert await microsoft.error(microsoft.delta, **window) == (400, "ErrorInvalidParameter")


async def test_a_window_without_offset_is_utc_and_its_names_are_of_any_case(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    window = {"startdatetime": "2026-01-05T08:30:00", "ENDDATETIME": "2026-01-05T09:30:00+00:30"}

    rows = (await microsoft.get(microsoft.delta, **window))["value"]

    assert ids(rows) == [event]


@pytest.mark.parametrize("option", ["$select", "$filter", "$orderby", "$expand", "$search", "$top", "top"])
async def test_query_options_are_not_supported(microsoft: Microsoft, option: str) -> None:
    assert await microsoft.error(microsoft.delta, **JANUARY, **{option: "1"}) == (400, "ErrorInvalidUrlQuery")


# Preferences


async def test_preferences_are_granted_and_said_to_be(microsoft: Microsoft) -> None:
    html = "<html><head><title>x</title></head><body><p>Fish &amp; chips</p></body></html>"
    microsoft.calendar.add("Lunch", MONDAY, body={"contentType": "html", "content": html})
    prefer = 'odata.maxpagesize=20, outlook.timezone="Eastern Standard Time", outlook.body-content-type="text"'

    response = await microsoft.http.get(microsoft.delta, params=JANUARY, headers={"Prefer": prefer})

    assert response.headers["preference-applied"] == prefer
    (row,) = response.json()["value"]
    assert row["start"] == {"dateTime": "2026-01-05T03:00:00.0000000", "timeZone": "Eastern Standard Time"}
    assert row["body"] == {"contentType": "text", "content": "Fish & chips"}
    assert row["bodyPreview"] == "Fish & chips"
    assert not row["id"].startswith("AAkALg")


async def test_bodies_are_html_unless_text_is_preferred(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Lunch", MONDAY, body={"contentType": "text", "content": "Fish & chips"})

    (row,), _ = await microsoft.round()

    assert row["body"]["contentType"] == "html"
    assert "<body>Fish &amp; chips</body>" in row["body"]["content"]


@pytest.mark.parametrize("name", ["Europe/Zurich", "W. Europe Standard Time"])
async def test_zones_go_by_either_name(microsoft: Microsoft, name: str) -> None:
    microsoft.calendar.add("Review", MONDAY)

    (row,), _ = await microsoft.round(prefer=f'outlook.timezone="{name}"')

    assert row["start"] == {"dateTime": "2026-01-05T09:00:00.0000000", "timeZone": name}


async def test_an_unknown_zone_is_refused(microsoft: Microsoft) -> None:
    response = await microsoft.http.get(
        microsoft.delta, params=JANUARY, headers={"Prefer": 'outlook.timezone="Mars/Olympus"'}
    )

    assert (response.status_code, response.json()["error"]["code"]) == (400, "TimeZoneNotSupportedException")


@pytest.mark.parametrize("zone", ["UTC", "Pacific Standard Time", "Tonga Standard Time"])
async def test_a_whole_day_is_midnight_in_every_zone(microsoft: Microsoft, zone: str) -> None:
    microsoft.calendar.add("Holiday", MONDAY.date())

    (row,), _ = await microsoft.round(prefer=f'outlook.timezone="{zone}"')

    assert row["isAllDay"] is True
    assert row["start"] == {"dateTime": "2026-01-05T00:00:00.0000000", "timeZone": zone}
    assert row["end"] == {"dateTime": "2026-01-06T00:00:00.0000000", "timeZone": zone}


async def test_preferences_count_for_each_request(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    microsoft.calendar.add("Other", MONDAY)
    first = await microsoft.get(microsoft.delta, prefer="odata.maxpagesize=1", **JANUARY)

    second = await microsoft.get(first["@odata.nextLink"], prefer=IMMUTABLE)

    assert first["value"][0]["id"] == microsoft.calendar.events[event].default_id
    assert second["value"][0]["id"].startswith("AAkALg")


# Pages


async def test_pages_have_ten_items_unless_more_are_preferred(microsoft: Microsoft) -> None:
    for _ in range(12):
        microsoft.calendar.add("Review", MONDAY)

    usual = await microsoft.get(microsoft.delta, **JANUARY)
    large = await microsoft.get(microsoft.delta, prefer="odata.maxpagesize=12", **JANUARY)

    assert (len(usual["value"]), "@odata.deltaLink" in usual) == (10, False)
    assert (len(large["value"]), "@odata.nextLink" in large) == (12, False)
    assert "$skiptoken=" in usual["@odata.nextLink"]
    assert usual["@odata.nextLink"].startswith(f"{microsoft.url}/v1.0/{microsoft.delta}?")
    assert large["@odata.deltaLink"].startswith(f"{microsoft.url}/v1.0/{microsoft.delta}?$deltatoken=")


async def test_a_series_is_not_cut_where_a_page_ends(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Review", MONDAY)
    microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)

    first = await microsoft.get(microsoft.delta, prefer="odata.maxpagesize=2", **JANUARY)
    second = await microsoft.get(first["@odata.nextLink"])

    assert (len(first["value"]), len(second["value"])) == (1, 5)


async def test_a_round_stands_still_while_it_is_read(microsoft: Microsoft) -> None:
    microsoft.calendar.add("First", MONDAY)
    second = microsoft.calendar.add("Second", MONDAY)
    page = await microsoft.get(microsoft.delta, prefer="odata.maxpagesize=1", **JANUARY)
    microsoft.calendar.change(second, subject="Changed")

    last = await microsoft.get(page["@odata.nextLink"])
    increment, _ = await microsoft.round(last["@odata.deltaLink"])

    assert last["value"][0]["subject"] == "Second"
    assert [row["subject"] for row in increment] == ["Changed"]


async def test_a_skip_token_that_was_never_given_is_refused(microsoft: Microsoft) -> None:
    assert await microsoft.error(f"{microsoft.delta}?$skiptoken=R99.1") == (410, "SyncStateNotFound")


# Further rounds


async def test_nothing_new_is_an_empty_page(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Review", MONDAY)
    _, link = await microsoft.round()

    rows, again = await microsoft.round(link)

    assert rows == []
    assert "$deltatoken=" in again


async def test_a_round_tells_what_was_added_changed_and_deleted(microsoft: Microsoft) -> None:
    changed, deleted = (microsoft.calendar.add(name, MONDAY) for name in ("Changed", "Deleted"))
    _, link = await microsoft.round()
    microsoft.calendar.change(changed, subject="New name")
    microsoft.calendar.remove(deleted)
    added = microsoft.calendar.add("Added", MONDAY)

    rows, _ = await microsoft.round(link)

    assert ids(rows) == [changed, deleted, added]
    assert rows[0]["subject"] == "New name"
    removed = {"@odata.type": "#microsoft.graph.event", "id": deleted, "@removed": {"reason": "deleted"}}
    assert rows[1] == removed


async def test_what_moves_out_of_the_window_is_removed_and_what_moves_in_is_new(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Review", MONDAY)
    _, link = await microsoft.round()

    march = MONDAY.replace(month=3)
    microsoft.calendar.change(event, start=graph(march), end=graph(march))
    out, link = await microsoft.round(link)
    microsoft.calendar.change(event, start=graph(MONDAY), end=graph(MONDAY))
    back, _ = await microsoft.round(link)

    assert (types(out), types(back)) == (["removed"], ["singleInstance"])


async def test_what_happens_outside_the_window_is_told_as_removed(microsoft: Microsoft) -> None:
    _, link = await microsoft.round()
    far = microsoft.calendar.add("Far", MONDAY.replace(year=2027))

    rows, _ = await microsoft.round(link)

    assert (types(rows), ids(rows)) == (["removed"], [far])


async def test_a_deleted_occurrence_is_told_by_its_absence(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    _, link = await microsoft.round()
    microsoft.calendar.remove(occurrence(series, 1))

    rows, _ = await microsoft.round(link)

    assert types(rows) == ["seriesMaster", "occurrence", "occurrence", "occurrence"]
    assert starts(rows) == [f"2026-01-{day:02}T08:00" for day in (5, 19, 26)]


async def test_a_changed_occurrence_sends_the_whole_series_again(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    _, link = await microsoft.round()
    microsoft.calendar.change(occurrence(series, 2), subject="Special")

    rows, _ = await microsoft.round(link)

    assert types(rows) == ["seriesMaster", "occurrence", "occurrence", "exception", "occurrence"]


async def test_a_removed_series_is_told_of_its_master_only(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    _, link = await microsoft.round()
    microsoft.calendar.remove(series)

    rows, _ = await microsoft.round(link)

    assert (ids(rows), types(rows)) == ([series], ["removed"])


async def test_a_series_without_an_occurrence_left_in_the_window_is_removed(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Once", MONDAY, recurrence=repeating("weekly", daysOfWeek=["monday"], times=1))
    _, link = await microsoft.round()
    microsoft.calendar.remove(occurrence(series, 0))

    rows, _ = await microsoft.round(link)

    assert (ids(rows), types(rows)) == ([series], ["removed"])


async def test_an_exception_that_moves_out_of_the_window_leaves_its_series_behind(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    march = MONDAY.replace(month=3)
    microsoft.calendar.change(occurrence(series, 3), start=graph(march), end=graph(march))

    january, _ = await microsoft.round()
    in_march, _ = await microsoft.round(None, startDateTime="2026-03-01", endDateTime="2026-04-01")

    assert types(january) == ["seriesMaster", "occurrence", "occurrence", "occurrence"]
    assert types(in_march) == ["seriesMaster", "exception"]


async def test_a_changed_time_of_day_forgets_exceptions_and_another_end_does_not(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.change(occurrence(series, 1), subject="Special")
    microsoft.calendar.remove(occurrence(series, 2))

    microsoft.calendar.change(series, recurrence=repeating("weekly", daysOfWeek=["monday"], until=date(2026, 1, 19)))
    ended, _ = await microsoft.round()
    hour = timedelta(hours=1)
    microsoft.calendar.change(series, start=graph(MONDAY + hour), end=graph(MONDAY + 2 * hour))
    moved, _ = await microsoft.round()

    assert types(ended) == ["seriesMaster", "occurrence", "exception"]
    assert types(moved) == ["seriesMaster", "occurrence", "occurrence", "occurrence"]


async def test_an_event_that_moves_to_another_calendar_keeps_its_immutable_id_only(microsoft: Microsoft) -> None:
    team = microsoft.ada.add_calendar("Team")
    event = microsoft.calendar.add("Review", MONDAY)
    default = microsoft.calendar.events[event].default_id
    _, link = await microsoft.round()
    _, team_link = await microsoft.round(
        f"me/calendars/{team.id}/calendarView/delta?startDateTime=2026-01-01&endDateTime=2026-02-01"
    )

    microsoft.calendar.move(event, team)

    assert types((await microsoft.round(link))[0]) == ["removed"]
    (moved,), _ = await microsoft.round(team_link)
    (by_default,), _ = await microsoft.round(team_link, prefer="")
    assert moved["id"] == event
    assert by_default["id"] not in {event, default}


async def test_an_old_link_replays(microsoft: Microsoft) -> None:
    _, link = await microsoft.round()
    event = microsoft.calendar.add("Review", MONDAY)

    assert ids((await microsoft.round(link))[0]) == ids((await microsoft.round(link))[0]) == [event]


# Links that are no longer served


@pytest.mark.parametrize(
    ("code", "status"),
    [("SyncStateNotFound", 410), ("SyncStateInvalid", 410), ("resyncRequired", 410), ("InvalidDeltaToken", 400)],
)
async def test_links_can_expire(microsoft: Microsoft, code: Any, status: int) -> None:  # noqa: ANN401
    _, link = await microsoft.round()
    microsoft.simulator.quirks.delta_error = code
    microsoft.calendar.expire_delta_links()

    assert await microsoft.error(link) == (status, code)
    await microsoft.round()


async def test_links_can_age(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.delta_link_days = 7
    _, link = await microsoft.round()
    microsoft.simulator.advance(days=8)
    token = microsoft.simulator.grant(microsoft.client, microsoft.ada).access.value
    microsoft.http.headers["authorization"] = f"Bearer {token}"

    assert await microsoft.error(link) == (410, "SyncStateNotFound")


async def test_links_can_serve_once(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.serves_links_once = True
    _, link = await microsoft.round()
    await microsoft.round(link)

    assert await microsoft.error(link) == (410, "SyncStateNotFound")


@pytest.mark.parametrize("token", ["R0us", "%21", "e30"])
async def test_a_token_that_was_never_given_is_refused(microsoft: Microsoft, token: str) -> None:
    assert await microsoft.error(f"{microsoft.delta}?$deltatoken={token}") == (400, "InvalidDeltaToken")


async def test_a_token_serves_one_calendar(microsoft: Microsoft) -> None:
    team = microsoft.ada.add_calendar("Team")
    _, link = await microsoft.round()

    assert await microsoft.error(link.replace(microsoft.calendar.id, team.id)) == (400, "InvalidDeltaToken")


async def test_the_window_of_a_token_is_that_of_its_first_round(microsoft: Microsoft) -> None:
    _, link = await microsoft.round()
    event = microsoft.calendar.add("Review", MONDAY)
    other = f"{link}&startDateTime=2030-01-01&endDateTime=2030-02-01"

    assert ids((await microsoft.round(other))[0]) == [event]

    microsoft.simulator.quirks.refuses_window_with_token = True
    assert await microsoft.error(other) == (400, "ErrorInvalidUrlQuery")


async def test_a_calendar_that_is_gone_is_not_found(microsoft: Microsoft) -> None:
    team = microsoft.ada.add_calendar("Team")
    path = f"me/calendars/{team.id}/calendarView/delta"
    _, link = await microsoft.round(f"{path}?startDateTime=2026-01-01&endDateTime=2026-02-01")
    microsoft.ada.remove_calendar(team)

    assert await microsoft.error(link) == (404, "ErrorItemNotFound")


# Quirks


async def test_empty_pages_may_come_first(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Review", MONDAY)
    microsoft.simulator.quirks.empty_pages = 2

    page = await microsoft.get(microsoft.delta, **JANUARY)
    rows, _ = await microsoft.round()

    assert page["value"] == []
    assert len(rows) == 1


@pytest.mark.parametrize("kind", ["new tokens", "same token"])
async def test_pages_may_have_no_end(microsoft: Microsoft, kind: Any) -> None:  # noqa: ANN401
    microsoft.simulator.quirks.endless_pages = kind
    page = await microsoft.get(microsoft.delta, **JANUARY)
    links = []
    for _ in range(4):
        page = await microsoft.get(page["@odata.nextLink"])
        links.append(page["@odata.nextLink"])

    assert len(set(links)) == (4 if kind == "new tokens" else 1)


async def test_the_last_page_may_lack_its_link(microsoft: Microsoft) -> None:
    microsoft.simulator.quirks.omits_delta_link = True

    assert not {"@odata.nextLink", "@odata.deltaLink"} & (await microsoft.get(microsoft.delta, **JANUARY)).keys()


async def test_items_may_come_in_any_order(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    usual, _ = await microsoft.round()
    microsoft.simulator.quirks.reverses_items = True

    assert ids((await microsoft.round())[0]) == ids(usual)[::-1]


async def test_an_item_may_come_twice_first_as_it_was(microsoft: Microsoft) -> None:
    event = microsoft.calendar.add("Before", MONDAY)
    microsoft.calendar.change(event, subject="After")
    microsoft.simulator.quirks.repeats_items = True

    rows, _ = await microsoft.round()

    assert [row["subject"] for row in rows] == ["Before", "After"]


async def test_a_round_may_replay_the_one_before(microsoft: Microsoft) -> None:
    _, link = await microsoft.round()
    first = microsoft.calendar.add("First", MONDAY)
    _, link = await microsoft.round(link)
    second = microsoft.calendar.add("Second", MONDAY)
    microsoft.simulator.quirks.replays = True

    assert ids((await microsoft.round(link))[0]) == [first, second]


async def test_rows_may_have_more_or_less_than_usual(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.calendar.change(occurrence(series, 1), subject="Special")
    microsoft.simulator.quirks.change(full_occurrences=True, thin_exceptions=True, omits_masters=True)

    rows, _ = await microsoft.round()

    assert types(rows) == ["occurrence", "exception", "occurrence", "occurrence"]
    assert rows[0]["subject"] == "Stand-up"
    assert rows[1].keys() == THIN | {"originalStart", "subject"}


async def test_a_removed_series_may_be_told_of_every_occurrence(microsoft: Microsoft) -> None:
    series = microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    _, link = await microsoft.round()
    microsoft.simulator.quirks.removes_occurrences = True
    microsoft.calendar.remove(series)

    assert ids((await microsoft.round(link))[0]) == [series, *(occurrence(series, week) for week in range(4))]


async def test_changes_may_be_told_late(microsoft: Microsoft) -> None:
    _, link = await microsoft.round()
    microsoft.simulator.quirks.list_lag_seconds = 60
    event = microsoft.calendar.add("Review", MONDAY)
    early, link = await microsoft.round(link)
    microsoft.simulator.advance(minutes=2)

    assert early == []
    assert ids((await microsoft.round(link))[0]) == [event]


async def test_a_series_may_be_cut_where_a_page_ends(microsoft: Microsoft) -> None:
    microsoft.calendar.add("Stand-up", MONDAY, recurrence=WEEKLY)
    microsoft.simulator.quirks.change(splits_series=True, short_pages=2)

    first = await microsoft.get(microsoft.delta, **JANUARY)

    assert len(first["value"]) == 2
    assert len((await microsoft.round())[0]) == 5


async def test_events_of_any_kind_may_be_put(microsoft: Microsoft) -> None:
    microsoft.calendar.put({"id": "no-time", "subject": "No time"})
    microsoft.calendar.put(
        {"id": "no-rule", "start": graph(MONDAY), "end": graph(MONDAY), "recurrence": {"pattern": {}, "range": {}}}
    )
    async with microsoft.raw() as http:
        rows = (await http.get(microsoft.delta, params=JANUARY, headers={"Prefer": IMMUTABLE})).json()["value"]

    assert ids(rows) == ["no-time", "no-rule"]
