"""calendarList.list and calendars.get: which calendars there are, and what of them a sync token tells."""

from typing import Any

import pytest

from tests.simulators.google.world import Google, ids


async def test_an_entry_says_what_the_calendar_is_to_its_user(google: Google) -> None:
    bob = google.simulator.add_account("bob@example.com")
    team = bob.add_calendar("Team", description="All of us", id="team@group.calendar.google.com")
    google.ada.subscribe(team, "reader")
    google.ada.change_entry(team, summary_override="Work")

    primary, shared = (await google.calendar_list())["items"]

    assert (primary["id"], primary["primary"], primary["accessRole"]) == ("ada@example.com", True, "owner")
    assert (shared["summary"], shared["summaryOverride"], shared["accessRole"]) == ("Team", "Work", "reader")
    assert shared["dataOwner"] == "bob@example.com"
    assert "hidden" not in shared
    assert "primary" not in shared
    assert "dataOwner" not in primary


async def test_lists_come_in_pages(google: Google) -> None:
    for number in range(4):
        google.ada.add_calendar(f"Calendar {number}")

    first = await google.get("users/me/calendarList", maxResults=2)

    assert len(first["items"]) == 2
    assert "nextSyncToken" not in first
    assert len((await google.calendar_list(maxResults=2))["items"]) == 5


async def test_hidden_and_removed_calendars_are_listed_only_if_asked_for(google: Google) -> None:
    hidden, removed = google.ada.add_calendar("Hidden"), google.ada.add_calendar("Removed")
    google.ada.change_entry(hidden, is_hidden=True)
    google.ada.unsubscribe(removed)

    assert ids(await google.calendar_list()) == ["ada@example.com"]
    assert ids(await google.calendar_list(showHidden="true")) == ["ada@example.com", hidden.id]
    assert ids(await google.calendar_list(showDeleted="true")) == ["ada@example.com", removed.id]


async def test_calendars_can_be_chosen_by_role(google: Google) -> None:
    bob = google.simulator.add_account("bob@example.com")
    google.ada.subscribe(bob.primary, "freeBusyReader")

    assert ids(await google.calendar_list()) == ["ada@example.com", "bob@example.com"]
    assert ids(await google.calendar_list(minAccessRole="reader")) == ["ada@example.com"]


async def test_an_increment_has_new_changed_hidden_and_removed_entries(google: Google) -> None:
    kept, hidden, removed = (google.ada.add_calendar(name) for name in ("Kept", "Hidden", "Removed"))
    token = (await google.calendar_list())["nextSyncToken"]

    google.ada.change_entry(hidden, is_hidden=True)
    google.ada.unsubscribe(removed)
    new = google.ada.add_calendar("New")
    increment = await google.calendar_list(syncToken=token)

    assert ids(increment) == [hidden.id, removed.id, new.id]
    assert increment["items"][0]["hidden"]
    assert increment["items"][1].keys() == {"kind", "etag", "id", "deleted"}
    assert kept.id not in ids(increment)
    assert ids(await google.calendar_list(syncToken=increment["nextSyncToken"])) == []


async def test_what_happens_to_the_calendar_itself_is_in_no_increment(google: Google) -> None:
    """So that clients must read the whole list now and then."""
    bob = google.simulator.add_account("bob@example.com")
    shared = bob.add_calendar("Shared")
    google.ada.subscribe(shared, "reader")
    token = (await google.calendar_list())["nextSyncToken"]

    shared.summary = "Renamed"
    assert ids(await google.calendar_list(syncToken=token)) == []
    assert (await google.calendar_list())["items"][1]["summary"] == "Renamed"

    google.ada.lose_access(shared)
    assert ids(await google.calendar_list(syncToken=token)) == []
    assert ids(await google.calendar_list()) == ["ada@example.com"]


async def test_a_deleted_calendar_goes_from_every_list(google: Google) -> None:
    bob = google.simulator.add_account("bob@example.com")
    team = google.ada.add_calendar("Team")
    bob.subscribe(team, "reader")
    token = (await google.calendar_list())["nextSyncToken"]

    google.simulator.world.delete_calendar(team)

    assert (await google.calendar_list(syncToken=token))["items"][0]["deleted"]
    assert await google.error(google.events(team)) == (404, "notFound")
    async with google.http_for(bob) as http:
        assert ids((await http.get("users/me/calendarList")).json()) == ["bob@example.com"]


@pytest.mark.parametrize(
    "forbidden",
    [
        {"showDeleted": "false"},
        {"showHidden": "false"},
        {"minAccessRole": "reader"},
        {"showOwnOrganizationOnly": "true"},
    ],
)
async def test_a_sync_token_goes_not_with_other_restrictions(google: Google, forbidden: dict[str, Any]) -> None:
    token = (await google.calendar_list())["nextSyncToken"]

    error = await google.error("users/me/calendarList", syncToken=token, **forbidden)

    assert error == (400, "syncTokenWithRequestRestrictions")


async def test_a_lost_sync_token_asks_for_a_full_sync(google: Google) -> None:
    of_events = (await google.listing())["nextSyncToken"]
    token = (await google.calendar_list())["nextSyncToken"]
    google.ada.expire_sync_tokens()

    for lost in (of_events, token, "nonsense"):
        assert await google.error("users/me/calendarList", syncToken=lost) == (410, "fullSyncRequired")


async def test_a_calendar_is_described_by_its_id(google: Google) -> None:
    team = google.ada.add_calendar("Team", time_zone="Asia/Tokyo")

    described = await google.get(f"calendars/{team.id}")

    assert (described["summary"], described["timeZone"], described["dataOwner"]) == (
        "Team",
        "Asia/Tokyo",
        "ada@example.com",
    )
    assert (await google.get("calendars/primary"))["id"] == "ada@example.com"
    assert await google.error("calendars/nothing") == (404, "notFound")


async def test_an_entry_is_read_by_the_calendars_id(google: Google) -> None:
    team = google.ada.add_calendar("Team")
    listed = (await google.calendar_list())["items"]

    assert await google.get("users/me/calendarList/primary") == listed[0]
    assert await google.get(f"users/me/calendarList/{team.id}") == listed[1]
    google.ada.unsubscribe(team)
    assert await google.error(f"users/me/calendarList/{team.id}") == (404, "notFound")
