"""What is asked of Google, and how: the request log of the simulator."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest

from calendar_sync.domain.errors import BadResponse, CursorExpired, Disconnected
from calendar_sync.domain.events import Details
from calendar_sync.domain.providers import Account, Cursor, RemoteCalendar, Snapshot, Upsert
from providers.google.client import GoogleClient
from providers.google.provider import GoogleProvider
from simulators.google.faults import Fault
from tests.providers.contract import WINDOW, Meeting
from tests.providers.google.remote import GoogleRemote, a_remote


@pytest.fixture
async def remote() -> AsyncIterator[GoogleRemote]:
    async with a_remote() as remote:
        yield remote


async def listed(remote: GoogleRemote) -> dict[str, RemoteCalendar]:
    async with remote.provider.open(await remote.provider.connect(remote.credentials)) as client:
        return {calendar.remote_id: calendar async for calendar in client.calendars()}


async def test_calendars_are_listed_as_the_user_sees_them(remote: GoogleRemote) -> None:
    ada, simulator = remote.account, remote.simulator
    team = ada.add_calendar("Team", id="team#1@group.calendar.google.com", description="All of us")
    ada.change_entry(team, summary_override="My team", background_color="#ff0000")
    ada.change_entry(ada.add_calendar("Hidden"), is_hidden=True)
    ada.unsubscribe(ada.add_calendar("Removed"))
    colleague = simulator.add_account("bob@example.com", time_zone="America/New_York")
    ada.subscribe(colleague.primary, "freeBusyReader")
    simulator.quirks.change(short_pages=1, repeats_pages=True)

    found = await listed(remote)

    assert found == {
        "ada@example.com": RemoteCalendar(
            "ada@example.com", "ada@example.com", None, "#9fe1e7", "Europe/Zurich", is_primary=True
        ),
        "team#1@group.calendar.google.com": RemoteCalendar(
            "team#1@group.calendar.google.com", "My team", "All of us", "#ff0000", "Europe/Zurich"
        ),
        "bob@example.com": RemoteCalendar(
            "bob@example.com", "bob@example.com", None, "#9fe1e7", "America/New_York", is_read_only=True
        ),
    }


async def test_a_first_reading_and_its_increments_ask_alike_but_for_the_token(remote: GoogleRemote) -> None:
    first = await remote.read()
    await remote.read(first[-1].cursor)

    whole, increment = (parse_qs(each.query) for each in remote.simulator.log if each.path.endswith("/events"))
    assert increment.pop("syncToken")
    assert whole == increment
    assert whole["singleEvents"] == ["false"]
    assert whole["maxResults"] == ["2500"]
    assert {"nextPageToken", "nextSyncToken"} <= set(whole["fields"][0].split(","))


async def test_answers_are_asked_for_compressed(remote: GoogleRemote) -> None:
    remote.simulator.quirks.change(gzip_needs_user_agent=True)
    await remote.read()
    assert all("gzip" in each.headers["user-agent"] for each in remote.simulator.log)
    assert all("gzip" in each.headers["accept-encoding"] for each in remote.simulator.log)


async def test_busy_time_of_somebody_else_has_no_details(remote: GoogleRemote) -> None:
    colleague = remote.simulator.add_account("bob@example.com")
    remote.account.subscribe(colleague.primary, "freeBusyReader")
    times = {"start": {"dateTime": "2026-06-01T09:00:00Z"}, "end": {"dateTime": "2026-06-01T10:00:00Z"}}
    colleague.primary.put({"id": "secret", "summary": "Secret", **times})

    async with remote.provider.open(await remote.provider.connect(remote.credentials)) as client:
        pages = [page async for page in client.changes(RemoteCalendar("bob@example.com"), None, WINDOW)]

    (change,) = pages[-1].changes
    assert isinstance(change, Upsert)
    assert (change.event.details.title, change.event.details.organizer) == (Details().title, None)


async def test_pages_without_changes_are_not_passed_on(remote: GoogleRemote) -> None:
    remote.simulator.quirks.change(empty_pages=3)
    await remote.put(Meeting("a"))
    (page,) = await remote.read()
    assert page.snapshot is Snapshot.WHOLE


@pytest.mark.parametrize("cursor", ["", "x", "[]", '{"f":0,"t":"x"}', '{"f":1,"t":7}', '{"f":1,"t":"garbled"}'])
async def test_a_cursor_that_is_not_of_this_version_or_garbled_has_expired(remote: GoogleRemote, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        await remote.read(Cursor(cursor))


@pytest.mark.parametrize(
    "body", ["[]", "7", '{"items": 7}', '{"items": [{"id": []}]}', '{"items": ["no calendar"]}', "<p>"]
)
async def test_an_answer_that_is_none_is_a_bad_response(remote: GoogleRemote, body: str) -> None:
    remote.simulator.faults.plan(Fault(status=200, body=body, content_type="application/json"))
    with pytest.raises(BadResponse):
        await listed(remote)


async def test_an_account_without_tokens_is_disconnected_when_it_is_read(remote: GoogleRemote) -> None:
    account = Account("someone", None, {})
    async with GoogleProvider.open(remote.provider, account) as client:
        assert isinstance(client, GoogleClient)
        with pytest.raises(Disconnected):
            await anext(client.calendars())
        assert client.requests == 0
