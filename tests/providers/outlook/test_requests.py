"""What is asked of Graph, and how: the request log of the simulator."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from calendar_sync.domain.errors import BadResponse, CalendarGone, CursorExpired, Disconnected
from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.providers import Account, ChangePage, Cursor, RemoteCalendar, Removal, Snapshot, Upsert
from providers.outlook.client import OutlookClient
from providers.outlook.provider import OutlookProvider
from simulators.faults import Fault
from simulators.microsoft.ids import occurrence_id
from simulators.microsoft.patterns import repeating
from tests.providers.contract import WINDOW, Meeting
from tests.providers.loopback import listening, ok
from tests.providers.outlook.remote import Json, OutlookRemote, a_remote

MONDAY = datetime(2026, 6, 1, 9, tzinfo=ZoneInfo("Europe/Zurich"))
DELTA = "/calendarView/delta"


@pytest.fixture
async def remote() -> AsyncIterator[OutlookRemote]:
    async with a_remote() as remote:
        yield remote


async def listed(remote: OutlookRemote) -> list[RemoteCalendar]:
    async with remote.provider.open(await remote.provider.connect(remote.credentials)) as client:
        return [calendar async for calendar in client.calendars()]


def a_series(remote: OutlookRemote) -> str:
    recurrence = repeating("weekly", daysOfWeek=["monday"], times=3)
    return remote.calendar.add("Stand-up", MONDAY, recurrence=recurrence)


def a_master(remote: OutlookRemote, name: str) -> Json:
    resource = remote.calendar.events[name].resource
    return resource | {"type": "seriesMaster", "originalStartTimeZone": resource["start"]["timeZone"]}


def told(pages: Sequence[ChangePage]) -> list[Event]:
    return [change.event for page in pages for change in page.changes if isinstance(change, Upsert)]


def cursor(pages: Sequence[ChangePage]) -> Cursor:
    found = pages[-1].cursor
    assert found is not None
    return found


def answers(remote: OutlookRemote, *rows: Json, **more: str) -> Fault:
    """An increment of these rows."""
    link = f"{remote.provider.url}/v1.0/me/calendars/x/calendarView/delta?$deltatoken=x"
    body = json.dumps({"@odata.deltaLink": link, "value": rows} | more)
    return Fault(query="$deltatoken", status=200, body=body, content_type="application/json")


def paths(remote: OutlookRemote) -> list[str]:
    return [request.path.removeprefix("/v1.0/me/") for request in remote.simulator.log]


# Calendars


async def test_calendars_are_listed_as_the_user_sees_them(remote: OutlookRemote) -> None:
    remote.account.add_calendar("Team", hex_color="#ff0000", owner_address="bob@example.com", can_edit=False)
    for number in range(10):
        remote.account.add_calendar(f"Calendar {number}")
    scopes = ("Calendars.Read", "Calendars.Read.Shared", "offline_access")
    remote.provider.grant.current = remote.simulator.grant(
        remote.provider.grant.client, remote.account, *scopes
    ).access.value

    found = await listed(remote)

    assert found[0] == RemoteCalendar(remote.calendar.id, "Calendar", is_primary=True)
    assert found[1] == RemoteCalendar(found[1].remote_id, "Team", color="#ff0000", is_read_only=True)
    assert [calendar.name for calendar in found[2:]] == [f"Calendar {number}" for number in range(10)]
    assert len(remote.simulator.log) == 1


async def test_more_calendars_than_a_page_has_are_listed_too(remote: OutlookRemote) -> None:
    for number in range(105):
        remote.account.add_calendar(f"Calendar {number}")
    assert len(await listed(remote)) == 106
    assert len(remote.simulator.log) == 2


@pytest.mark.parametrize(
    "body", ["[]", "7", '{"value": 7}', '{"value": [{"id": []}]}', '{"value": [{}]}', '{"value": ["none"]}', "<p>"]
)
async def test_an_answer_that_is_none_is_a_bad_response(remote: OutlookRemote, body: str) -> None:
    remote.simulator.faults.plan(Fault(status=200, body=body, content_type="application/json"))
    with pytest.raises(BadResponse):
        await listed(remote)


async def test_an_account_without_a_mailbox_is_told_so(remote: OutlookRemote) -> None:
    for reason in ("MailboxNotEnabledForRESTAPI", "ResourceNotFound"):
        remote.simulator.faults.plan(Fault(reason=reason))
        with pytest.raises(BadResponse, match="no mailbox"):
            await listed(remote)


async def test_an_account_without_tokens_is_disconnected_when_it_is_read(remote: OutlookRemote) -> None:
    async with OutlookProvider.open(remote.provider, Account("someone", None, {})) as client:
        assert isinstance(client, OutlookClient)
        with pytest.raises(Disconnected):
            await anext(client.calendars())
        assert client.requests == 0


# Rounds


async def test_preferences_are_sent_with_every_request(remote: OutlookRemote) -> None:
    a_series(remote)
    remote.simulator.quirks.change(short_pages=1, omits_masters=True)
    first = await remote.read()
    a_series(remote)
    await remote.read(cursor(first))
    assert {request.headers["prefer"] for request in remote.simulator.log} == {
        'odata.maxpagesize=200, outlook.timezone="UTC", IdType="ImmutableId", outlook.body-content-type="text"'
    }
    assert any("/instances" in path for path in paths(remote))


async def test_a_round_asks_for_the_window_and_a_month_more_and_its_links_for_nothing_else(
    remote: OutlookRemote,
) -> None:
    first = await remote.read(window=Window(WINDOW.start + timedelta(hours=5), WINDOW.end))
    await remote.read(cursor(first))
    initial, increment = (parse_qs(request.query) for request in remote.simulator.log if DELTA in request.path)
    assert initial == {"startDateTime": ["2026-01-01T00:00:00Z"], "endDateTime": ["2027-02-01T00:00:00Z"]}
    assert increment.keys() == {"$deltatoken"}


async def test_a_window_longer_than_graph_tells_of_is_cut_and_not_listed_anew_each_time(
    remote: OutlookRemote,
) -> None:
    window = Window(WINDOW.start, WINDOW.start + timedelta(days=366 * 10))
    since = cursor(await remote.read(window=window))
    snapshots = [
        (await remote.read(since, replace(window, start=window.start + timedelta(days=days))))[-1].snapshot
        for days in (1, 20, 31, 32)
    ]
    assert snapshots == [Snapshot.NONE, Snapshot.NONE, Snapshot.NONE, Snapshot.UPCOMING]


@pytest.mark.parametrize(
    ("earlier", "later", "snapshot"),
    [(0, 30, Snapshot.NONE), (0, 32, Snapshot.UPCOMING), (1, 0, Snapshot.UPCOMING), (-200, -200, Snapshot.NONE)],
    ids=["within the margin", "beyond the margin", "further back", "shorter"],
)
async def test_a_new_round_begins_where_the_window_left_the_span(
    remote: OutlookRemote, earlier: int, later: int, snapshot: Snapshot
) -> None:
    since = cursor(await remote.read())
    window = Window(WINDOW.start - timedelta(days=earlier), WINDOW.end + timedelta(days=later))
    assert (await remote.read(since, window))[-1].snapshot is snapshot


async def test_after_an_answer_that_took_too_long_smaller_pages_are_asked_for(remote: OutlookRemote) -> None:
    await remote.put(Meeting("a"))
    remote.simulator.faults.plan(Fault(query="startDateTime", reason="UnknownError", times=3))
    assert len(told(await remote.read())) == 1
    sizes = [request.headers["prefer"].partition(",")[0] for request in remote.simulator.log if DELTA in request.path]
    assert sizes == [*(["odata.maxpagesize=200"] * 3), "odata.maxpagesize=50"]


async def test_pages_without_changes_are_not_passed_on(remote: OutlookRemote) -> None:
    remote.simulator.quirks.change(empty_pages=3)
    await remote.put(Meeting("a"))
    (page,) = await remote.read()
    assert page.snapshot is Snapshot.UPCOMING


async def test_single_events_are_told_page_by_page_and_series_on_the_last(remote: OutlookRemote) -> None:
    a_series(remote)
    await remote.put(Meeting("a"))
    await remote.put(Meeting("b"))
    remote.simulator.quirks.change(short_pages=1, splits_series=True)
    pages = await remote.read()
    assert [[event.uid for event in told([page])] for page in pages[:-1]] == [["a"]]
    assert [event.is_recurring for event in told(pages[-1:])] == [False, True]


# Links


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        '{"f":0,"l":"x","s":["2026-01-01T00:00:00Z","2027-01-01T00:00:00Z"]}',
        '{"f":1,"l":7,"s":["2026-01-01T00:00:00Z","2027-01-01T00:00:00Z"]}',
        '{"f":1,"l":"x","s":["soon","2027-01-01T00:00:00Z"]}',
        '{"f":1,"l":"x","s":["2026-01-01T00:00:00Z"]}',
        '{"f":1,"l":"x"}',
    ],
)
async def test_a_cursor_that_is_not_of_this_version_has_expired(remote: OutlookRemote, text: str) -> None:
    with pytest.raises(CursorExpired):
        await remote.read(Cursor(text))


@pytest.mark.parametrize("moved", ["{other}/v1.0", "{ours}/beta", "{ours}/v1.0.evil", "{ours}@{host}/v1.0", "none"])
async def test_the_token_is_sent_nowhere_but_to_the_api(remote: OutlookRemote, moved: str) -> None:
    async with listening(ok(b"{}"), host="127.0.0.1") as elsewhere:
        ours = remote.provider.url
        base = moved.format(other=elsewhere.url, ours=ours, host=elsewhere.url.removeprefix("http://"))
        since = cursor(await remote.read())
        with pytest.raises(CursorExpired):
            await remote.read(Cursor(since.replace(f"{ours}/v1.0", base)))
        for link in ("@odata.nextLink", "@odata.deltaLink"):
            remote.simulator.faults.plan(answers(remote, **{link: f"{base}/me/calendarView/delta?$deltatoken=x"}))
            with pytest.raises(BadResponse):
                await remote.read(since)
        assert not elsewhere.requests


# Series that a round does not tell whole


async def test_a_master_that_comes_alone_is_asked_for_its_instances(remote: OutlookRemote) -> None:
    name = a_series(remote)
    first = await remote.read()
    remote.simulator.log.clear()
    remote.simulator.faults.plan(answers(remote, a_master(remote, name)))

    (event,) = told(await remote.read(cursor(first)))

    assert event.recurrence == told(first)[0].recurrence
    assert paths(remote)[2:] == [f"events/{name}/instances"]


async def test_an_exception_that_comes_without_its_series_replaces_no_other_instance(remote: OutlookRemote) -> None:
    name = a_series(remote)
    first = await remote.read()
    remote.calendar.change(occurrence_id(name, MONDAY.date()), subject="Kick-off")
    lone = {"id": "e", "type": "exception", "seriesMasterId": name, "originalStart": "2026-06-01T07:00:00Z"}
    remote.simulator.faults.plan(answers(remote, lone))
    (event,) = told(await remote.read(cursor(first)))
    assert event.recurrence is not None
    assert (len(event.recurrence.dates), [each.details.title for each in event.overrides]) == (2, ["Kick-off"])


async def test_a_first_round_without_masters_asks_for_them_alone(remote: OutlookRemote) -> None:
    name = a_series(remote)
    remote.simulator.quirks.change(omits_masters=True)
    (event,) = told(await remote.read())
    assert (event.details.title, event.is_orphan) == ("Stand-up", False)
    assert paths(remote)[2:] == [f"events/{name}"]


async def test_instances_whose_master_is_not_there_are_shown_as_an_orphan(remote: OutlookRemote) -> None:
    name = a_series(remote)
    first = await remote.read()
    times = {"start": zulu("2026-06-02T10:00:00"), "end": zulu("2026-06-02T11:00:00")}
    row = {"id": "e", "type": "exception", "seriesMasterId": "elsewhere", "subject": "As a guest", **times}
    remote.simulator.faults.plan(answers(remote, row))
    (event,) = told(await remote.read(cursor(first)))
    assert (event.remote_id, event.is_orphan, event.details.title) == ("elsewhere", True, None)
    assert [override.details.title for override in event.overrides] == ["As a guest"]
    assert name not in paths(remote)[-1]


async def test_a_series_that_has_nothing_left_in_the_span_goes_with_its_future_alone(remote: OutlookRemote) -> None:
    name = a_series(remote)
    first = await remote.read()
    later = a_series(remote)
    remote.calendar.remove(name)
    remote.calendar.put(remote.calendar.events[name].resource | {"recurrence": repeating("daily", times=1)})
    remote.calendar.remove(occurrence_id(name, MONDAY.date()))
    remote.simulator.faults.plan(
        answers(remote, a_master(remote, name), {"id": later, "@removed": {"reason": "deleted"}})
    )
    (page,) = await remote.read(cursor(first))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert sorted(page.changes, key=repr) == sorted([Removal(name, start), Removal(later, start)], key=repr)


async def test_a_master_that_turns_out_a_single_event_is_one(remote: OutlookRemote) -> None:
    first = await remote.read()
    name = remote.calendar.add("Once", MONDAY)
    times = {"start": zulu("2026-06-01T07:00:00"), "end": zulu("2026-06-01T08:00:00")}
    remote.simulator.faults.plan(answers(remote, {"id": "o", "type": "occurrence", "seriesMasterId": name, **times}))
    (event,) = told(await remote.read(cursor(first)))
    assert (event.remote_id, event.recurrence, event.details.title) == (name, None, "Once")


async def test_a_calendar_that_is_gone_is_told_as_that(remote: OutlookRemote) -> None:
    team = remote.account.add_calendar("Team")
    remote.account.remove_calendar(team)
    async with remote.provider.open(await remote.provider.connect(remote.credentials)) as client:
        with pytest.raises(CalendarGone):
            await anext(client.changes(RemoteCalendar(team.id), None, WINDOW))


def zulu(text: str) -> Json:
    return {"dateTime": f"{text}.0000000", "timeZone": "UTC"}
