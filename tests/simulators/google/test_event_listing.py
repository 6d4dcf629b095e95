"""events.list: which events it gives, how it pages, and what it refuses."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.simulators.clients import a_client
from tests.simulators.google.world import (
    MONDAY,
    SCOPE,
    WEEKLY,
    ZURICH,
    Google,
    ids,
    instance,
    refusal,
    starting,
)

# Pages


async def test_pages_follow_one_another_and_only_the_last_has_a_sync_token(google: Google) -> None:
    for number in range(5):
        google.calendar.add(f"Event {number}", MONDAY, id=f"event{number}")

    first = await google.get(google.events(), maxResults=2)
    second = await google.get(google.events(), maxResults=2, pageToken=first["nextPageToken"])
    third = await google.get(google.events(), maxResults=2, pageToken=second["nextPageToken"])

    assert [ids(page) for page in (first, second, third)] == [["event0", "event1"], ["event2", "event3"], ["event4"]]
    assert ["nextSyncToken" in page for page in (first, second, third)] == [False, False, True]
    assert "nextPageToken" not in third


async def test_a_change_between_two_pages_comes_with_the_next_increment(google: Google) -> None:
    for number in range(4):
        google.calendar.add(f"Event {number}", MONDAY, id=f"event{number}")

    first = await google.get(google.events(), maxResults=2)
    google.calendar.change("event3", summary="Changed")
    google.calendar.remove("event0")
    second = await google.get(google.events(), maxResults=2, pageToken=first["nextPageToken"])
    increment = await google.listing(syncToken=second["nextSyncToken"])

    assert ids(second) == ["event2", "event3"]
    assert ids(increment) == ["event3", "event0"]


async def test_a_page_may_be_asked_for_again(google: Google) -> None:
    for number in range(3):
        google.calendar.add(f"Event {number}", MONDAY)
    token = (await google.get(google.events(), maxResults=2))["nextPageToken"]

    assert await google.get(google.events(), maxResults=2, pageToken=token) == await google.get(
        google.events(), maxResults=2, pageToken=token
    )


@pytest.mark.parametrize("changed", [{"maxResults": 3}, {"showDeleted": "true"}, {"timeMin": "2026-01-01T00:00:00Z"}])
async def test_a_page_token_is_refused_with_other_parameters(google: Google, changed: dict[str, str]) -> None:
    for number in range(3):
        google.calendar.add(f"Event {number}", MONDAY)
    token = (await google.get(google.events(), maxResults=2))["nextPageToken"]

    assert await google.error(google.events(), **{"maxResults": 2, "pageToken": token} | changed) == (400, "invalid")


async def test_a_page_token_goes_with_its_calendar_and_its_user_only(google: Google) -> None:
    bob = google.simulator.add_account("bob@example.com")
    google.calendar.access[bob.email] = "reader"
    for number in range(3):
        google.calendar.add(f"Event {number}", MONDAY)
    token = (await google.get(google.events(), maxResults=2))["nextPageToken"]

    async with google.http_for(bob) as http:
        answer = await http.get(google.events(), params={"maxResults": 2, "pageToken": token})

    assert refusal(answer) == (400, "invalid")
    assert await google.error(google.events(), pageToken="E999.1") == (400, "invalid")


async def test_an_empty_calendar_gives_an_empty_page_with_a_sync_token(google: Google) -> None:
    answer = await google.get(google.events())

    assert answer["items"] == []
    assert "nextSyncToken" in answer
    assert (answer["summary"], answer["timeZone"], answer["accessRole"]) == (
        "ada@example.com",
        "Europe/Zurich",
        "owner",
    )


# Increments


async def test_an_increment_has_what_changed_since_oldest_first(google: Google) -> None:
    for name in ("kept0", "changed0", "removed0"):
        google.calendar.add(name, MONDAY, id=name)
    token = (await google.listing())["nextSyncToken"]

    google.calendar.remove("removed0")
    google.calendar.add("New", MONDAY, id="new0")
    google.calendar.change("changed0", summary="Changed")
    increment = await google.listing(syncToken=token)

    assert ids(increment) == ["removed0", "new0", "changed0"]
    assert ids(await google.listing(syncToken=increment["nextSyncToken"])) == []


async def test_an_increment_of_several_pages_repeats_the_sync_token(google: Google) -> None:
    token = (await google.listing())["nextSyncToken"]
    for number in range(5):
        google.calendar.add(f"Event {number}", MONDAY, id=f"event{number}")

    increment = await google.listing(syncToken=token, maxResults=2)

    assert ids(increment) == [f"event{number}" for number in range(5)]
    assert ids(await google.listing(syncToken=increment["nextSyncToken"])) == []


async def test_a_tombstone_has_nothing_but_its_id(google: Google) -> None:
    google.calendar.add("Secret", MONDAY, id="gone0")
    token = (await google.listing())["nextSyncToken"]
    google.calendar.remove("gone0")

    (tombstone,) = (await google.listing(syncToken=token))["items"]

    assert tombstone.keys() == {"kind", "etag", "id", "status"}
    assert (tombstone["id"], tombstone["status"]) == ("gone0", "cancelled")


@pytest.mark.parametrize(
    "forbidden",
    [
        {"iCalUID": "a@example.com"},
        {"orderBy": "updated"},
        {"privateExtendedProperty": "a=b"},
        {"q": "lunch"},
        {"sharedExtendedProperty": "a=b"},
        {"timeMin": "2026-01-01T00:00:00Z"},
        {"timeMax": "2026-01-01T00:00:00Z"},
        {"updatedMin": "2026-01-01T00:00:00Z"},
        {"showDeleted": "false"},
    ],
)
async def test_a_sync_token_goes_not_with_other_restrictions(google: Google, forbidden: dict[str, str]) -> None:
    token = (await google.listing())["nextSyncToken"]

    assert await google.error(google.events(), syncToken=token, **forbidden) == (
        400,
        "syncTokenWithRequestRestrictions",
    )


async def test_a_sync_token_goes_not_with_another_kind_of_listing(google: Google) -> None:
    token = (await google.listing())["nextSyncToken"]

    assert await google.error(google.events(), syncToken=token, singleEvents="true") == (400, "invalid")


@pytest.mark.parametrize(
    "search", [{"q": "x"}, {"orderBy": "updated"}, {"iCalUID": "x"}, {"singleEvents": "true", "orderBy": "startTime"}]
)
async def test_what_cannot_be_synced_gives_no_sync_token(google: Google, search: dict[str, str]) -> None:
    assert "nextSyncToken" not in await google.listing(**search)


@pytest.mark.parametrize(
    "spoil", [lambda token: f"x{token}", lambda token: token[:-4], lambda token: "CJi", lambda token: "é"]
)
async def test_a_garbled_sync_token_asks_for_a_full_sync(google: Google, spoil: Callable[[str], str]) -> None:
    token = (await google.listing())["nextSyncToken"]

    assert await google.error(google.events(), syncToken=spoil(token)) == (410, "fullSyncRequired")


async def test_a_sync_token_of_another_calendar_asks_for_a_full_sync(google: Google) -> None:
    token = (await google.listing())["nextSyncToken"]
    team = google.ada.add_calendar("Team")

    assert await google.error(google.events(team), syncToken=token) == (410, "fullSyncRequired")


async def test_sync_tokens_can_be_expired(google: Google) -> None:
    token = (await google.listing())["nextSyncToken"]
    google.calendar.expire_sync_tokens()

    assert await google.error(google.events(), syncToken=token) == (410, "fullSyncRequired")
    assert ids(await google.listing(syncToken=(await google.listing())["nextSyncToken"])) == []


async def test_sync_tokens_can_be_let_age(google: Google) -> None:
    google.simulator.quirks.sync_token_days = 30
    token = (await google.listing())["nextSyncToken"]

    google.simulator.advance(days=29)
    google.simulator.grant(google.client, google.ada)
    async with google.http_for(google.ada) as http:
        assert (await http.get(google.events(), params={"syncToken": token})).status_code == 200
        google.simulator.quirks.access_token_seconds = 10**7
    google.simulator.advance(days=2)
    async with google.http_for(google.ada) as http:
        assert refusal(await http.get(google.events(), params={"syncToken": token})) == (410, "fullSyncRequired")


async def test_the_first_listing_may_be_bounded_and_its_increments_are_not(google: Google) -> None:
    first = await google.listing(timeMin="2026-01-01T00:00:00Z")
    google.calendar.add("Long ago", datetime(2020, 1, 1, tzinfo=UTC), id="old0")

    assert ids(await google.listing(syncToken=first["nextSyncToken"])) == ["old0"]

    google.simulator.quirks.bounds_increments = True
    assert ids(await google.listing(syncToken=first["nextSyncToken"])) == []


async def test_a_touched_event_comes_again_though_nothing_changed(google: Google) -> None:
    google.calendar.add("Same", MONDAY, id="same0")
    first = await google.listing()
    google.calendar.touch("same0")

    (again,) = (await google.listing(syncToken=first["nextSyncToken"]))["items"]

    assert again["etag"] != first["items"][0]["etag"]
    assert again | {"etag": ""} == first["items"][0] | {"etag": ""}


async def test_a_listing_can_lag_behind_what_was_written(google: Google) -> None:
    token = (await google.listing())["nextSyncToken"]
    google.simulator.quirks.list_lag_seconds = 5
    google.simulator.advance(seconds=60)
    google.calendar.add("New", MONDAY, id="new0")

    early = await google.listing(syncToken=token)
    assert ids(early) == []
    assert ids(await google.listing()) == []

    google.simulator.advance(seconds=6)
    assert ids(await google.listing(syncToken=early["nextSyncToken"])) == ["new0"]


# What is listed


async def a_calendar_with_all_kinds(google: Google) -> None:
    calendar = google.calendar
    calendar.add("Single", MONDAY, id="single0")
    calendar.add("Removed", MONDAY, id="removed0")
    calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    calendar.change(instance("series0", 1), summary="Moved", start=starting(MONDAY + timedelta(days=8)))
    calendar.change(instance("series0", 2), status="cancelled")
    calendar.add("Dead series", MONDAY, id="dead0", recurrence=WEEKLY)
    calendar.change(instance("dead0", 1), summary="Dead exception")
    calendar.remove("removed0")
    calendar.remove("dead0")


LIVING = ["single0", "series0", instance("series0", 1), instance("series0", 2)]


async def test_a_plain_listing_has_the_holes_of_living_series_and_nothing_else_that_is_cancelled(
    google: Google,
) -> None:
    await a_calendar_with_all_kinds(google)

    assert ids(await google.listing()) == LIVING


async def test_with_deleted_ones_a_listing_has_tombstones_too(google: Google) -> None:
    await a_calendar_with_all_kinds(google)

    listing = await google.listing(showDeleted="true")

    assert set(ids(listing)) == {*LIVING, "removed0", "dead0", instance("dead0", 1)}


async def test_single_events_are_instances_and_no_masters(google: Google) -> None:
    await a_calendar_with_all_kinds(google)

    listing = await google.listing(singleEvents="true")

    assert set(ids(listing)) == {"single0", *(instance("series0", week) for week in (0, 1, 3, 4))}
    assert not any("recurrence" in item for item in listing["items"])


async def test_single_events_with_deleted_ones_have_cancelled_instances_but_no_removed_masters(google: Google) -> None:
    await a_calendar_with_all_kinds(google)

    found = set(ids(await google.listing(singleEvents="true", showDeleted="true")))

    assert {instance("series0", 2), instance("dead0", 0), "removed0"} <= found
    assert not {"series0", "dead0"} & found


async def test_tombstones_vanish_in_time(google: Google) -> None:
    await a_calendar_with_all_kinds(google)
    google.calendar.forget_tombstones()

    assert ids(await google.listing(showDeleted="true")) == LIVING


async def test_an_event_is_in_a_range_if_it_ends_after_it_begins_and_starts_before_it_ends(google: Google) -> None:
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    google.calendar.add("Nine to ten", nine, id="nine0")
    google.calendar.add("All day", date(2026, 3, 2), id="day00")

    def at(hour: int, minute: int = 0) -> str:
        return f"2026-03-02T{hour:02}:{minute:02}:00Z"

    assert ids(await google.listing(timeMin=at(9, 59))) == ["nine0", "day00"]
    assert ids(await google.listing(timeMin=at(10))) == ["day00"]
    assert ids(await google.listing(timeMax=at(9))) == ["day00"]
    assert ids(await google.listing(timeMin=at(8), timeMax=at(9, 1))) == ["nine0", "day00"]
    # In Zurich, the calendar's zone, the day ends an hour before midnight in UTC.
    assert ids(await google.listing(timeMin=at(23))) == []


async def test_a_series_is_in_a_range_if_one_of_its_occurrences_is(google: Google) -> None:
    google.calendar.add("Ends", MONDAY, id="ends0", recurrence=WEEKLY)
    google.calendar.add("Goes on", MONDAY, id="goes0", recurrence=["RRULE:FREQ=DAILY"])
    google.calendar.change(
        instance("ends0", 1),
        start=starting(datetime(2027, 6, 1, 9, tzinfo=ZURICH)),
        end=starting(datetime(2027, 6, 1, 10, tzinfo=ZURICH)),
    )

    assert ids(await google.listing(timeMin="2026-02-02T07:59:00Z")) == ["ends0", "goes0", instance("ends0", 1)]
    assert ids(await google.listing(timeMin="2026-02-02T09:00:00Z")) == ["goes0", instance("ends0", 1)]
    assert ids(await google.listing(timeMax="2026-01-05T08:00:00Z")) == []


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"timeMin": "2026-01-02T00:00:00Z", "timeMax": "2026-01-01T00:00:00Z"}, (400, "timeRangeEmpty")),
        ({"timeMin": "2026-01-01T00:00:00Z", "timeMax": "2026-01-01T00:00:00Z"}, (400, "timeRangeEmpty")),
        ({"timeMin": "2026-01-01T00:00:00"}, (400, "badRequest")),
        ({"timeMin": "2026-01-01"}, (400, "badRequest")),
        ({"orderBy": "startTime"}, (400, "badRequest")),
        ({"orderBy": "summary"}, (400, "invalidParameter")),
        ({"maxResults": "0"}, (400, "invalidParameter")),
        ({"maxResults": "many"}, (400, "invalidParameter")),
        ({"singleEvents": "yes"}, (400, "invalidParameter")),
        ({"eventTypes": "party"}, (400, "invalidParameter")),
        ({"timeZone": "Europe/Nowhere"}, (400, "invalid")),
        ({"fields": "items(id"}, (400, "invalidParameter")),
        ({"fields": "items(nonsense)"}, (400, "invalidParameter")),
    ],
)
async def test_wrong_parameters_are_refused(google: Google, parameters: dict[str, str], error: tuple[int, str]) -> None:
    assert await google.error(google.events(), **parameters) == error


async def test_events_updated_since_are_found_with_the_removed_ones(google: Google) -> None:
    google.calendar.add("Old", MONDAY, id="old00")
    google.calendar.add("Removed", MONDAY, id="removed0")
    google.simulator.advance(minutes=30)
    since = google.simulator.clock.now()
    google.simulator.advance(seconds=1)
    google.calendar.add("New", MONDAY, id="new00")
    google.calendar.remove("removed0")

    assert set(ids(await google.listing(updatedMin=since.isoformat()))) == {"new00", "removed0"}


async def test_updates_are_not_remembered_for_ever(google: Google) -> None:
    long_ago = (google.simulator.clock.now() - timedelta(days=60)).isoformat()

    assert await google.error(google.events(), updatedMin=long_ago) == (410, "updatedMinTooLongAgo")


async def test_events_come_in_the_order_asked_for(google: Google) -> None:
    google.calendar.add("Later", MONDAY + timedelta(days=1), id="later0")
    google.calendar.add("Sooner", MONDAY, id="sooner0")

    assert ids(await google.listing(singleEvents="true", orderBy="startTime")) == ["sooner0", "later0"]
    assert ids(await google.listing(orderBy="updated")) == ["later0", "sooner0"]


async def test_events_are_found_by_type_uid_words_and_properties(google: Google) -> None:
    google.calendar.add("Lunch with Lin", MONDAY, id="lunch0", iCalUID="lunch@example.com")
    google.calendar.add("Deep work", MONDAY, id="focus0", eventType="focusTime")
    google.calendar.add(
        "Tagged", MONDAY, id="tagged0", extendedProperties={"private": {"a": "1"}, "shared": {"b": "2"}}
    )

    assert ids(await google.listing(eventTypes=["focusTime", "outOfOffice"])) == ["focus0"]
    assert ids(await google.listing(iCalUID="lunch@example.com")) == ["lunch0"]
    assert ids(await google.listing(q="LIN lunch")) == ["lunch0"]
    assert ids(await google.listing(privateExtendedProperty="a=1")) == ["tagged0"]
    assert ids(await google.listing(sharedExtendedProperty=["b=2", "b=3"])) == []


async def test_hidden_invitations_are_listed_only_if_asked_for(google: Google) -> None:
    google.calendar.add("Spam", MONDAY, id="spam0")
    google.calendar.hide_invitation("spam0")

    assert ids(await google.listing()) == []
    assert ids(await google.listing(showHiddenInvitations="true")) == ["spam0"]


async def test_exceptions_can_be_listed_before_their_master(google: Google) -> None:
    google.simulator.quirks.exceptions_first = True
    google.calendar.add("Series", MONDAY, id="series0", recurrence=WEEKLY)
    google.calendar.change(instance("series0", 1), summary="Other")

    first = await google.get(google.events(), maxResults=1)

    assert ids(first) == [instance("series0", 1)]


# How events look


async def test_times_have_the_offset_of_the_answer_and_keep_their_own_zone(google: Google) -> None:
    google.calendar.add("Call", MONDAY, id="call0")

    (at_home,) = (await google.listing())["items"]
    (abroad,) = (await google.listing(timeZone="America/New_York"))["items"]
    (greenwich,) = (await google.listing(timeZone="UTC"))["items"]

    assert at_home["start"] == {"dateTime": "2026-01-05T09:00:00+01:00", "timeZone": "Europe/Zurich"}
    assert abroad["start"] == {"dateTime": "2026-01-05T03:00:00-05:00", "timeZone": "Europe/Zurich"}
    assert greenwich["start"]["dateTime"] == "2026-01-05T08:00:00Z"


async def test_the_calendars_own_attendee_is_marked_as_self_by_any_of_its_addresses(google: Google) -> None:
    people = [{"email": "ada@alias.example"}, {"email": "bob@example.com"}]
    google.calendar.add("Call", MONDAY, attendees=people, organizer={"email": "bob@example.com"})

    (event,) = (await google.listing())["items"]

    assert event["attendees"] == [{"email": "ada@alias.example", "self": True}, {"email": "bob@example.com"}]
    assert event["organizer"] == {"email": "bob@example.com"}
    assert event["creator"] == {"email": "ada@example.com", "self": True}


async def test_of_too_many_attendees_only_oneself_is_left(google: Google) -> None:
    google.calendar.add("Call", MONDAY, attendees=[{"email": "ada@example.com"}, {"email": "bob@example.com"}])

    (full,) = (await google.listing(maxAttendees=2))["items"]
    (short,) = (await google.listing(maxAttendees=1))["items"]

    assert "attendeesOmitted" not in full
    assert short["attendeesOmitted"]
    assert short["attendees"] == [{"email": "ada@example.com", "self": True}]


async def test_only_the_fields_asked_for_come(google: Google) -> None:
    google.calendar.add("Call", MONDAY, id="call0", attendees=[{"email": "a@example.com", "comment": "Hi"}])

    answer = await google.get(google.events(), fields="nextSyncToken,items(id,start/dateTime,attendees(email))")

    assert answer.keys() == {"nextSyncToken", "items"}
    assert answer["items"] == [
        {"id": "call0", "start": {"dateTime": "2026-01-05T09:00:00+01:00"}, "attendees": [{"email": "a@example.com"}]}
    ]
    assert (await google.get(google.events(), fields="items/*")).keys() == {"items"}
    assert "nextSyncToken" not in await google.get(google.events(), fields="items")


@pytest.mark.parametrize(
    ("user_agent", "needs_word", "is_compressed"),
    [("any", False, True), ("any", True, False), ("x (gzip)", True, True)],
)
async def test_answers_are_compressed_for_clients_that_take_it(
    google: Google, user_agent: str, needs_word: bool, is_compressed: bool
) -> None:
    google.simulator.quirks.gzip_needs_user_agent = needs_word
    headers = {"Accept-Encoding": "gzip", "User-Agent": user_agent}

    async with google.http.stream("GET", google.events(), headers=headers) as response:
        assert ("content-encoding" in response.headers) == is_compressed
    assert (await google.http.get(google.events(), headers=headers)).json()["kind"] == "calendar#events"


async def test_an_unchanged_listing_may_be_answered_with_304(google: Google) -> None:
    etag = (await google.get(google.events()))["etag"]

    unchanged = await google.http.get(google.events(), headers={"If-None-Match": etag})
    google.calendar.add("New", MONDAY)
    changed = await google.http.get(google.events(), headers={"If-None-Match": etag})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert changed.status_code == 200


# Who may see what


async def test_a_calendar_is_found_under_its_id_whatever_is_in_it(google: Google) -> None:
    holidays = google.ada.add_calendar("Holidays", id="en.usa#holiday@group.v.calendar.google.com")
    holidays.add("New Year", date(2026, 1, 1), id="newyear")

    assert ids(await google.get(google.events(holidays))) == ["newyear"]
    assert google.simulator.log[-1].path.endswith("/en.usa#holiday@group.v.calendar.google.com/events")


async def test_primary_is_another_name_of_ones_own(google: Google) -> None:
    google.calendar.add("Mine", MONDAY, id="mine0")

    assert ids(await google.get("calendars/primary/events")) == ["mine0"]


@pytest.mark.parametrize("role", ["freeBusyReader", "reader", "writer"])
async def test_details_depend_on_the_role(google: Google, role: str) -> None:
    bob = google.simulator.add_account("bob@example.com")
    bob.subscribe(google.calendar, role)  # type: ignore[arg-type]  # parametrized
    google.calendar.add("Open", MONDAY, id="open0")
    google.calendar.add("Secret", MONDAY, id="secret0", visibility="private")

    async with google.http_for(bob) as http:
        items = (await http.get(google.events())).json()["items"]

    visible = {"freeBusyReader": [None, None], "reader": ["Open", None], "writer": ["Open", "Secret"]}
    assert [item.get("summary") for item in items] == visible[role]
    assert all("start" in item for item in items)


async def test_a_calendar_that_is_shared_no_more_is_not_found(google: Google) -> None:
    bob = google.simulator.add_account("bob@example.com")
    bob.subscribe(google.calendar, "reader")
    async with google.http_for(bob) as http:
        assert (await http.get(google.events())).status_code == 200
        bob.lose_access(google.calendar)
        assert refusal(await http.get(google.events())) == (404, "notFound")
    assert await google.error("calendars/nobody@example.com/events") == (404, "notFound")


@pytest.mark.parametrize(
    ("scope", "sees"),
    [
        ("calendar.readonly", True),
        ("calendar.events.readonly", True),
        ("calendar.events.owned.readonly", True),
        ("calendar.events.public.readonly", False),
        ("calendar.calendarlist.readonly", False),
        ("calendar.settings.readonly", False),
    ],
)
async def test_a_scope_gives_what_it_says(google: Google, scope: str, sees: bool) -> None:
    async with google.http_for(google.ada, f"{SCOPE}{scope}") as http:
        answer = await http.get(google.events())

    if sees:
        assert answer.status_code == 200
    else:
        assert refusal(answer) == (403, "insufficientPermissions")
        assert answer.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_the_free_busy_scope_shows_times_only(google: Google) -> None:
    google.calendar.add("Open", MONDAY)
    async with google.http_for(google.ada, f"{SCOPE}calendar.events.freebusy") as http:
        (event,) = (await http.get(google.events())).json()["items"]

    assert "summary" not in event


async def test_without_a_valid_token_nothing_is_shown(google: Google) -> None:
    async with a_client(f"{google.url}/calendar/v3/") as http:
        nobody = await http.get(google.events())
        stranger = await http.get(google.events(), headers={"Authorization": "Bearer ya29.nonsense"})

    assert refusal(nobody) == (401, "required")
    assert refusal(stranger) == (401, "authError")
    assert stranger.json()["error"]["errors"][0]["location"] == "Authorization"


async def test_an_access_token_expires(google: Google) -> None:
    google.simulator.advance(seconds=3600)

    assert await google.error(google.events()) == (401, "authError")


async def test_a_compressed_answer_is_real_gzip(google: Google) -> None:
    async with google.raw() as http, http.stream("GET", google.events()) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])

    assert b"calendar#events" in gzip.decompress(raw)
