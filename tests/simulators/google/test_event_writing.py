"""events.get, insert, patch, update and delete: what a client may do, and what becomes of it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.simulators.google.world import MONDAY, SCOPE, WEEKLY, Google, ids, instance, refusal, starting

Json = dict[str, Any]

BODY: Json = {"summary": "Lunch", "start": starting(MONDAY), "end": starting(MONDAY + timedelta(hours=1))}


async def insert(google: Google, body: Json | None = None, **parameters: str) -> Json:
    response = await google.http.post(google.events(), json=body or BODY, params=parameters)
    assert response.status_code == 200, response.text
    event: Json = response.json()
    return event


async def patch(google: Google, event_id: str, body: Json, **headers: str) -> httpx.Response:
    return await google.http.patch(f"{google.events()}/{event_id}", json=body, headers=headers)


async def test_an_inserted_event_is_complete_and_listed(google: Google) -> None:
    event = await insert(google)

    assert event["status"] == "confirmed"
    assert event["creator"] == event["organizer"] == {"email": "ada@example.com", "self": True}
    assert event["iCalUID"] == f"{event['id']}@google.com"
    assert (event["sequence"], event["eventType"], event["reminders"]) == (0, "default", {"useDefault": True})
    assert (await google.listing())["items"] == [event]
    assert await google.get(f"{google.events()}/{event['id']}") == event


async def test_an_id_of_ones_own_is_taken_once(google: Google) -> None:
    await insert(google, BODY | {"id": "lunch0"})

    again = await google.http.post(google.events(), json=BODY | {"id": "lunch0"})
    odd = await google.http.post(google.events(), json=BODY | {"id": "Lunch!"})

    assert refusal(again) == (409, "duplicate")
    assert refusal(odd) == (400, "invalid")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"end": None}, (400, "required")),
        ({"start": {"timeZone": "Europe/Zurich"}}, (400, "required")),
        ({"start": {"dateTime": "2026-01-05T09:00:00"}}, (400, "required")),
        ({"start": {"dateTime": "yesterday"}}, (400, "invalid")),
        ({"start": {"date": "2026-01-05"}}, (400, "invalid")),
        ({"start": {"dateTime": "2026-01-05T09:00:00Z", "timeZone": "Europe/Nowhere"}}, (400, "invalid")),
        ({"end": {"dateTime": "2026-01-05T07:00:00Z"}}, (400, "timeRangeEmpty")),
        ({"recurrence": ["RRULE:FREQ=SECONDLY"]}, (400, "invalid")),
        ({"recurrence": WEEKLY, "start": {"dateTime": "2026-01-05T08:00:00Z"}}, (400, "required")),
        ({"attendees": [{"displayName": "Bob"}]}, (400, "required")),
        ({"eventType": "fromGmail"}, (400, "invalid")),
    ],
)
async def test_a_body_that_makes_no_event_is_refused(google: Google, changes: Json, error: tuple[int, str]) -> None:
    assert refusal(await google.http.post(google.events(), json=BODY | changes)) == error
    assert ids(await google.listing()) == []


async def test_what_is_no_json_object_is_refused(google: Google) -> None:
    assert refusal(await google.http.post(google.events(), content="{")) == (400, "parseError")
    assert refusal(await google.http.post(google.events(), content="[]")) == (400, "parseError")


async def test_a_time_without_an_offset_is_in_its_zone(google: Google) -> None:
    when = {"dateTime": "2026-07-01T09:00:00", "timeZone": "America/New_York"}

    event = await insert(google, BODY | {"start": when, "end": when | {"dateTime": "2026-07-01T10:00:00"}})

    assert event["start"] == {"dateTime": "2026-07-01T15:00:00+02:00", "timeZone": "America/New_York"}


async def test_a_patch_merges_objects_replaces_arrays_and_takes_away_by_null(google: Google) -> None:
    more = {"location": "Room 1", "extendedProperties": {"private": {"a": "1"}}, "attendees": [{"email": "a@b.ch"}]}
    event = await insert(google, BODY | more)

    changes = {"location": None, "extendedProperties": {"private": {"b": "2"}}, "attendees": [{"email": "c@b.ch"}]}
    changed = (await patch(google, event["id"], changes)).json()

    assert "location" not in changed
    assert changed["extendedProperties"] == {"private": {"a": "1", "b": "2"}}
    assert changed["attendees"] == [{"email": "c@b.ch"}]
    assert changed["summary"] == "Lunch"
    assert changed["etag"] != event["etag"]


async def test_an_update_leaves_nothing_of_before_but_what_nobody_can_write(google: Google) -> None:
    event = await insert(google, BODY | {"location": "Room 1"})

    response = await google.http.put(f"{google.events()}/{event['id']}", json=BODY | {"summary": "Dinner"})

    changed = response.json()
    assert "location" not in changed
    assert (changed["summary"], changed["iCalUID"], changed["created"]) == (
        "Dinner",
        event["iCalUID"],
        event["created"],
    )


async def test_a_new_time_raises_the_sequence_and_a_new_title_does_not(google: Google) -> None:
    event = await insert(google)

    moved = await patch(google, event["id"], {"end": starting(MONDAY + timedelta(hours=2))})
    renamed = await patch(google, event["id"], {"summary": "Dinner"})

    assert (moved.json()["sequence"], renamed.json()["sequence"]) == (1, 1)


async def test_a_change_of_reminders_alone_leaves_updated_as_it_was(google: Google) -> None:
    event = await insert(google)
    google.simulator.advance(minutes=1)

    reminded = (await patch(google, event["id"], {"reminders": {"useDefault": False}})).json()
    renamed = (await patch(google, event["id"], {"summary": "Dinner"})).json()

    assert reminded["updated"] == event["updated"]
    assert reminded["etag"] != event["etag"]
    assert renamed["updated"] > event["updated"]


async def test_a_write_that_knows_an_old_etag_is_refused(google: Google) -> None:
    event = await insert(google)
    changed = await patch(google, event["id"], {"summary": "Dinner"}, **{"If-Match": event["etag"]})
    stale = await patch(google, event["id"], {"summary": "Supper"}, **{"If-Match": event["etag"]})

    assert changed.status_code == 200
    assert refusal(stale) == (412, "conditionNotMet")


async def test_a_deleted_event_is_gone_once(google: Google) -> None:
    event = await insert(google)
    path = f"{google.events()}/{event['id']}"

    assert (await google.http.delete(path)).status_code == 204
    assert refusal(await google.http.delete(path)) == (410, "deleted")
    assert (await google.get(path))["status"] == "cancelled"
    assert refusal(await google.http.delete(f"{google.events()}/nothing")) == (404, "notFound")


async def test_a_deleted_event_comes_back_if_it_is_confirmed_again(google: Google) -> None:
    event = await insert(google)
    await google.http.delete(f"{google.events()}/{event['id']}")

    assert refusal(await patch(google, event["id"], {"summary": "Dinner"})) == (410, "deleted")
    assert (await patch(google, event["id"], {"status": "confirmed"})).json()["summary"] == "Lunch"
    assert ids(await google.listing()) == [event["id"]]


async def test_an_occurrence_is_read_and_changed_by_its_id(google: Google) -> None:
    master = await insert(google, BODY | {"recurrence": WEEKLY})
    second = instance(master["id"], 1)

    before = await google.get(f"{google.events()}/{second}")
    changed = (await patch(google, second, {"summary": "Dinner"})).json()

    assert (before["summary"], before["recurringEventId"]) == ("Lunch", master["id"])
    assert (changed["summary"], changed["originalStartTime"]) == ("Dinner", before["originalStartTime"])
    assert ids(await google.listing()) == [master["id"], second]
    assert await google.error(f"{google.events()}/{master['id']}_20260113T080000Z") == (404, "notFound")


async def test_an_occurrence_is_cancelled_by_delete_or_patch_and_restored_by_patch(google: Google) -> None:
    master = await insert(google, BODY | {"recurrence": WEEKLY})
    second, third = instance(master["id"], 1), instance(master["id"], 2)

    await google.http.delete(f"{google.events()}/{second}")
    cancelled = (await patch(google, third, {"status": "cancelled"})).json()

    assert cancelled["status"] == "cancelled"
    assert refusal(await google.http.delete(f"{google.events()}/{second}")) == (410, "deleted")
    assert len((await google.listing(singleEvents="true"))["items"]) == 3
    assert (await patch(google, second, {"status": "confirmed"})).json()["summary"] == "Lunch"
    assert len((await google.listing(singleEvents="true"))["items"]) == 4


async def test_a_video_call_is_made_on_request_only(google: Google) -> None:
    request = {"conferenceData": {"createRequest": {"requestId": "a"}}}

    without = await insert(google, BODY | request)
    with_call = await insert(google, BODY | request, conferenceDataVersion="1")

    assert "conferenceData" not in without
    assert with_call["hangoutLink"].startswith("https://meet.google.com/")
    assert with_call["conferenceData"]["entryPoints"][0]["uri"] == with_call["hangoutLink"]
    assert (await patch(google, with_call["id"], {"summary": "Dinner"})).json()["hangoutLink"]


async def test_only_the_organizer_changes_what_all_share(google: Google) -> None:
    people = [{"email": "ada@example.com", "responseStatus": "needsAction"}]
    google.calendar.add("Bob's", MONDAY, id="bobs0", organizer={"email": "bob@example.com"}, attendees=people)

    answer = [{"email": "ada@example.com", "responseStatus": "accepted"}]
    accepted = await patch(google, "bobs0", {"attendees": answer})

    assert accepted.json()["attendees"][0]["responseStatus"] == "accepted"
    assert refusal(await patch(google, "bobs0", {"summary": "Mine"})) == (403, "forbiddenForNonOrganizer")


async def test_readers_and_read_only_scopes_write_nothing(google: Google) -> None:
    bob = google.simulator.add_account("bob@example.com")
    bob.subscribe(google.calendar, "reader")

    async with google.http_for(bob) as http:
        assert refusal(await http.post(google.events(), json=BODY)) == (403, "requiredAccessLevel")
    async with google.http_for(google.ada, f"{SCOPE}calendar.readonly") as http:
        assert refusal(await http.post(google.events(), json=BODY)) == (403, "insufficientPermissions")


@pytest.mark.parametrize(
    "odd",
    [
        {"start": {"dateTime": "noon"}, "end": None},
        {"start": None, "end": None},
        {"start": 5, "end": []},
        {"start": {}, "end": {}},
        {"start": {"dateTime": "2026-01-05T09:00:00", "timeZone": "Mars/Olympus"}},
        {"recurrence": "RRULE:FREQ=DAILY"},
        {"recurrence": [5]},
        {"attendees": ["bob"], "organizer": "ada", "eventType": "hologram", "status": 7},
    ],
)
async def test_what_is_put_past_the_api_is_shown_as_it_is(google: Google, odd: Json) -> None:
    """Resources that break the rules, for clients that must bear them."""
    google.calendar.put(BODY | {"id": "odd00"} | odd)

    async with google.raw() as http:
        asked: list[dict[str, str]] = [{}, {"timeMin": "2026-01-01T00:00:00Z"}, {"singleEvents": "true"}]
        answers = [(await http.get(google.events(), params=parameters)).json()["items"] for parameters in asked]

    for (event,) in answers:
        assert {name: event.get(name) for name in odd} == odd
