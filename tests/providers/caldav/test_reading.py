"""The ways a server tells what changed, how it may go wrong, and that nothing is lost or removed by it."""

from collections.abc import AsyncGenerator

import pytest

from calendar_sync.domain.errors import (
    BadResponse,
    CalendarGone,
    CursorExpired,
    Disconnected,
    ProviderError,
    RateLimited,
    Unavailable,
)
from calendar_sync.domain.providers import ChangePage, Cursor, Removal, Snapshot
from simulators.caldav import hostile
from simulators.caldav.quirks import Fault
from tests.providers.caldav.builders import Service, a_service, an_object, calendar_object
from tests.providers.contract import WINDOW, Meeting, Reading, read, the_calendar

BY_ETAG = {"supports_sync_collection": False}
WITHOUT_A_WORD = {"supports_sync_collection": False, "supports_ctag": False}


def removed(reading: Reading) -> set[str]:
    return {change.remote_id for page in reading.pages for change in page.changes if isinstance(change, Removal)}


def methods(service: Service) -> list[str]:
    return [request.method for request in service.simulator.log]


# What it costs


async def test_an_unchanged_account_costs_one_request_in_all() -> None:
    async with a_service() as service:
        service.simulator.store.users["ada"].add_calendar("private").put("p.ics", an_object(Meeting("p")))
        service.put("a", "b")
        async with service.client() as client:
            calendars = [calendar async for calendar in client.calendars()]
            cursors = [(await read(client, calendar)).cursor for calendar in calendars]

        async with service.client() as client:
            calendars = [calendar async for calendar in client.calendars()]
            again = [await read(client, calendar, since) for calendar, since in zip(calendars, cursors, strict=True)]

        assert methods(service) == ["PROPFIND"]
        assert [reading.cursor for reading in again] == cursors
        assert client.requests == 1


async def test_one_change_costs_three_requests() -> None:
    async with a_service() as service:
        service.put(*(f"m{number}" for number in range(150)))
        first = await service.read()
        service.put("m7")
        service.calendar.put("m7.ics", an_object(Meeting("m7", "Moved")))

        reading = await service.read(first.cursor)

        assert methods(service) == ["PROPFIND", "REPORT", "REPORT"]
        assert reading.uids == {"m7"}


async def test_objects_are_asked_for_by_the_hundred() -> None:
    async with a_service() as service:
        service.put(*(f"m{number}" for number in range(250)))

        reading = await service.read()

        assert len(reading.uids) == 250
        assert [len(page.changes) for page in reading.pages] == [100, 100, 50]
        assert [request.body.count("<href>") for request in service.simulator.log[2:]] == [100, 100, 50]


async def test_a_change_between_listing_and_reading_is_not_missed() -> None:
    """A listing is only believed once."""
    async with a_service() as service:
        service.put("a")
        async with service.client() as client:
            calendar = await the_calendar(client)
            first = await read(client, calendar)
            service.put("b")

            assert (await read(client, calendar, first.cursor)).uids == {"b"}


async def test_a_token_told_in_the_listing_need_not_be_that_of_the_report() -> None:
    """iCloud's differ; what was listed before the reading stands for the same."""
    async with a_service(lists_sync_token=False) as service:
        service.put("a")
        first = await service.read()

        again = await service.read(first.cursor)

        assert methods(service) == ["PROPFIND"]
        assert not again.pages[0].changes


# Expired tokens


REFUSALS = {
    "403 by the book": {},
    "412 as text": {"expired_status": 412, "expired_content_type": "text/plain", "expired_body": "Precondition Failed"},
    "412 with xml that says it is text": {"expired_status": 412, "expired_content_type": "text/plain"},
    "409 without a word": {"expired_status": 409, "expired_body": ""},
    "410": {"expired_status": 410, "expired_body": "Gone"},
    "400": {"expired_status": 400, "expired_body": "Bad Request"},
    "500": {"expired_status": 500, "expired_body": "<html>Internal Server Error</html>"},
    "507": {"expired_status": 507, "expired_body": ""},
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=[name.replace(" ", "-") for name in REFUSALS])
async def test_an_expired_token_leads_to_one_whole_reading_and_then_increments(refusal: dict[str, object]) -> None:
    async with a_service(**refusal) as service:
        service.put("a", "b")
        first = await service.read()
        service.calendar.remove("a.ics")
        service.simulator.expire_tokens()

        with pytest.raises(CursorExpired):
            await service.read(first.cursor)
        whole = await service.read()
        service.put("c")
        then = await service.read(whole.cursor)

        assert (whole.uids, whole.snapshot) == ({"b"}, Snapshot.WHOLE)
        assert (then.uids, then.snapshot) == ({"c"}, Snapshot.NONE)
        assert methods(service) == ["PROPFIND", "REPORT", "REPORT"]


async def test_a_cursor_that_is_none_has_expired() -> None:
    async with a_service() as service:
        with pytest.raises(CursorExpired):
            await service.read(Cursor("garbage"))


async def test_a_server_that_lost_sync_collection_is_read_by_etags() -> None:
    async with a_service() as service:
        service.put("a")
        first = await service.read()
        service.simulator.quirks.supports_sync_collection = False
        service.put("b")

        with pytest.raises(CursorExpired):
            await service.read(first.cursor)
        assert (await service.read()).uids == {"a", "b"}


async def test_a_server_that_gained_sync_collection_is_read_by_tokens_without_a_second_whole_reading() -> None:
    async with a_service(**BY_ETAG) as service:
        service.put("a", "b")
        first = await service.read()
        service.simulator.quirks.supports_sync_collection = True
        service.put("c")

        then = await service.read(first.cursor)
        service.simulator.log.clear()
        service.put("d")

        assert then.uids == {"c"}
        assert (await service.read(then.cursor)).uids == {"d"}
        assert "ns/sync" in then.cursor


async def test_a_server_that_will_not_begin_a_sync_collection_is_read_by_etags() -> None:
    async with a_service(refuses_initial_sync=True) as service:
        service.put("a")
        first = await service.read()
        service.put("b")

        then = await service.read(first.cursor)

        assert first.uids == {"a"}
        assert then.uids == {"b"}


# Lists in pieces


async def test_a_list_cut_into_pieces_is_read_to_its_end() -> None:
    async with a_service(page_size=3) as service:
        service.put(*(f"m{number}" for number in range(10)))
        first = await service.read()
        service.calendar.remove("m0.ics")
        service.put(*(f"n{number}" for number in range(7)))

        then = await service.read(first.cursor)

        assert len(first.uids) == 10
        assert then.uids == {f"n{number}" for number in range(7)}
        assert removed(then) == {"/ada/work/m0.ics"}


async def test_a_list_that_does_not_end_is_given_up() -> None:
    async with a_service(page_size=1, stuck_token=True) as service:
        service.put("a", "b")

        with pytest.raises(BadResponse):
            await service.read()
        assert len(service.simulator.log) < 6


async def test_a_fault_in_the_middle_of_a_list_leaves_the_cursor_where_it_was() -> None:
    async with a_service(page_size=1) as service:
        service.put("a", "b", "c")
        service.simulator.faults.plan(Fault("REPORT", skip=2, status=503, times=100))

        await ends_without_a_cursor(service, Unavailable)


async def ends_without_a_cursor(service: Service, error: type[ProviderError], since: Cursor | None = None) -> None:
    """Reading ends with the error; nothing before it removes anything or moves the cursor."""
    pages: list[ChangePage] = []
    async with service.client() as client:
        calendar = await the_calendar(client)
        with pytest.raises(error):
            await _read_into(pages, client.changes(calendar, since, WINDOW))
    assert all(page.cursor is None and page.snapshot is Snapshot.NONE for page in pages)
    assert not any(isinstance(change, Removal) for page in pages for change in page.changes)


async def _read_into(pages: list[ChangePage], changes: AsyncGenerator[ChangePage]) -> None:
    async for page in changes:
        pages.append(page)  # noqa: PERF401 - what came before an error counts


# Odd lists


@pytest.mark.parametrize("quirks", [{}, BY_ETAG], ids=["tokens", "etags"])
async def test_the_collection_in_its_own_list_is_no_event(quirks: dict[str, object]) -> None:
    async with a_service(lists_itself=True, **quirks) as service:
        service.put("a")

        reading = await service.read()

        assert [change.remote_id for page in reading.pages for change in page.changes] == ["/ada/work/a.ics"]


@pytest.mark.parametrize("quirks", [{}, BY_ETAG], ids=["tokens", "etags"])
async def test_hrefs_of_others_are_left_out_and_reported(
    quirks: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    foreign = (
        "https://evil.example/ada/work/x.ics",
        "/grace/work/x.ics",
        "../../grace/work/x.ics",
        "/ada/work/sub/x.ics",
        "//evil.example/x.ics",
        "http://[::1/x.ics",
    )
    async with a_service(foreign_hrefs=foreign, **quirks) as service:
        service.put("a")

        reading = await service.read()

        assert reading.uids == {"a"}
        assert not removed(reading)
        assert "6 hrefs" in caplog.text
        assert not any("x.ics" in request.body + request.path for request in service.simulator.log)


async def test_a_list_of_nothing_but_foreign_hrefs_is_no_empty_calendar() -> None:
    async with a_service() as service:
        service.put("a")
        async with service.client() as client:
            calendar = await the_calendar(client)
            service.simulator.quirks.href_origin = "http://backend.internal"

            with pytest.raises(BadResponse):
                await read(client, calendar)


async def test_of_an_event_listed_twice_the_last_holds() -> None:
    async with a_service(lists_twice=True) as service:
        service.put("a", "b")

        reading = await service.read()

        assert [change.remote_id for page in reading.pages for change in page.changes] == [
            "/ada/work/a.ics",
            "/ada/work/b.ics",
        ]


@pytest.mark.parametrize("spelling", ["plain", "encoded", "mixed"])
async def test_an_event_keeps_its_name_in_every_spelling(spelling: str) -> None:
    async with a_service() as service:
        service.calendar.put("a~b@c (1).ics", an_object(Meeting("a")))
        first = await service.read()
        service.simulator.quirks.change(href_spelling=spelling, href_origin=service.url)
        service.calendar.remove("a~b@c (1).ics")

        then = await service.read(first.cursor)

        assert removed(then) == {"/ada/work/a~b@c%20(1).ics"}
        assert [change.remote_id for page in first.pages for change in page.changes] == ["/ada/work/a~b@c%20(1).ics"]


async def test_a_server_is_asked_in_its_own_spelling() -> None:
    async with a_service(href_spelling="mixed") as service:
        service.calendar.put("a~b@c.ics", an_object(Meeting("a")))

        await service.read()

        assert "<href>/ada/work/a%7Eb@c.ics</href>" in service.simulator.log[-1].body


async def test_an_event_that_vanished_since_it_was_listed_is_gone() -> None:
    async with a_service(ghosts=("ghost.ics",)) as service:
        service.put("a")

        reading = await service.read()

        assert reading.uids == {"a"}
        assert removed(reading) == {"/ada/work/ghost.ics"}
        assert reading.snapshot is Snapshot.WHOLE


async def test_a_task_is_no_event_and_an_event_that_became_one_is_gone() -> None:
    task = "BEGIN:VTODO\r\nUID:t\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Task\r\nEND:VTODO\r\n"
    async with a_service() as service:
        service.put("a", "t")
        first = await service.read()
        service.calendar.put("t.ics", calendar_object(task))

        then = await service.read(first.cursor)

        assert first.uids == {"a", "t"}
        assert removed(then) == {"/ada/work/t.ics"}


async def test_an_event_listed_with_an_error_is_not_taken_for_gone() -> None:
    listed = (
        '<multistatus xmlns="DAV:"><response><href>/ada/work/a.ics</href><status>HTTP/1.1 403 Forbidden</status>'
        "</response><sync-token>t</sync-token></multistatus>"
    )
    async with a_service() as service:
        service.put("a")
        service.simulator.faults.plan(Fault("REPORT", status=207, body=listed))

        assert (await service.read()).uids == {"a"}


# Without sync-collection


@pytest.mark.parametrize("quirks", [BY_ETAG, WITHOUT_A_WORD, {**WITHOUT_A_WORD, "supports_query": False}])
async def test_etags_tell_what_changed(quirks: dict[str, object]) -> None:
    async with a_service(**quirks) as service:
        service.put("a", "b", "c")
        first = await service.read()
        service.calendar.put("a.ics", an_object(Meeting("a", "Moved")))
        service.calendar.remove("b.ics")
        service.put("d")

        then = await service.read(first.cursor)

        assert (first.uids, first.snapshot) == ({"a", "b", "c"}, Snapshot.WHOLE)
        assert (then.uids, removed(then), then.snapshot) == ({"a", "d"}, {"/ada/work/b.ics"}, Snapshot.NONE)


async def test_an_event_without_an_etag_may_always_have_changed() -> None:
    async with a_service(**WITHOUT_A_WORD, lists_etags=False) as service:
        service.put("a")
        first = await service.read()
        service.calendar.put("a.ics", an_object(Meeting("a", "Moved")))

        assert (await service.read(first.cursor)).uids == {"a"}


async def test_a_list_of_etags_that_lost_most_of_the_calendar_is_left_to_a_whole_reading() -> None:
    """Only that is checked against what is stored before anything is removed."""
    async with a_service(**BY_ETAG) as service:
        service.put("a", "b", "c")
        first = await service.read()
        service.calendar.remove("a.ics")
        service.calendar.remove("b.ics")

        with pytest.raises(CursorExpired):
            await service.read(first.cursor)


async def test_a_query_that_finds_nothing_is_checked_by_another_list() -> None:
    async with a_service(**BY_ETAG) as service:
        service.put("a")
        service.simulator.faults.plan(Fault("REPORT", status=207, body='<multistatus xmlns="DAV:"/>'))

        assert (await service.read()).uids == {"a"}


# Objects


async def test_an_object_that_cannot_be_understood_is_set_aside_and_stays_so_until_it_changes() -> None:
    async with a_service() as service:
        service.put("a")
        service.calendar.put("broken.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n")
        first = await service.read()
        again = await service.read(first.cursor)
        service.put("broken")
        mended = await service.read(first.cursor)

        assert first.uids == {"a"}
        assert [one.remote_id for one in first.quarantined] == ["/ada/work/broken.ics"]
        assert not again.pages[0].changes
        assert mended.uids == {"broken"}


@pytest.mark.parametrize("body", ["<multistatus", hostile.login_page(), hostile.bare_doctype(), hostile.deep(1000)])
async def test_an_answer_that_is_of_no_use_is_asked_for_again_in_halves(body: str) -> None:
    async with a_service() as service:
        service.put(*(f"m{number}" for number in range(9)))
        service.simulator.faults.plan(Fault("REPORT", skip=1, status=207, body=body))

        reading = await service.read()

        assert len(reading.uids) == 9
        assert [request.body.count("<href>") for request in service.simulator.log[2:]] == [9, 4, 5]


async def test_an_object_that_xml_cannot_carry_is_fetched_by_itself() -> None:
    async with a_service() as service:
        service.put("a")
        service.simulator.faults.plan(Fault("REPORT", skip=1, status=207, body="<multistatus>\x0b</multistatus>"))

        assert (await service.read()).uids == {"a"}
        assert methods(service) == ["PROPFIND", "REPORT", "REPORT", "GET"]


@pytest.mark.parametrize("quirks", [{"mute": ("a.ics",)}, {"supports_multiget": False}], ids=["omitted", "no-multiget"])
async def test_an_object_that_a_multiget_leaves_out_is_fetched_by_itself(quirks: dict[str, object]) -> None:
    async with a_service(**quirks) as service:
        service.put("a", "b")

        assert (await service.read()).uids == {"a", "b"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", status=500, times=100),
        Fault("GET", status=403, times=100),
        Fault("GET", status=200, body=hostile.login_page(), times=100),
    ],
    ids=["500", "403", "a-login-page"],
)
async def test_an_object_that_is_not_handed_out_is_set_aside_and_hides_no_other(fault: Fault) -> None:
    async with a_service(mute=("a.ics",)) as service:
        service.put("a", "b")
        service.simulator.faults.plan(fault)

        reading = await service.read()

        assert reading.uids == {"b"}
        assert [one.remote_id for one in reading.quarantined] == ["/ada/work/a.ics"]


async def test_an_object_that_was_not_handed_out_is_asked_for_until_it_is() -> None:
    async with a_service(mute=("a.ics", "b.ics")) as service:
        service.put("a", "b", "c")
        service.simulator.faults.plan(Fault("GET", status=500, times=3))
        first = await service.read()
        second = await service.read(first.cursor)
        third = await service.read(second.cursor)
        last = await service.read(third.cursor)

        assert (first.uids, len(first.quarantined)) == ({"c"}, 2)
        assert (len(second.uids), len(second.quarantined)) == (1, 1)
        assert second.uids | third.uids == {"a", "b"}
        assert methods(service) == ["PROPFIND"]
        assert not last.pages[0].changes


async def test_an_object_that_was_not_handed_out_and_is_gone_is_gone() -> None:
    async with a_service(mute=("a.ics",)) as service:
        service.put("a", "c")
        service.simulator.faults.plan(Fault("GET", status=500))
        first = await service.read()
        service.calendar.remove("a.ics")

        then = await service.read(first.cursor)

        assert removed(then) == {"/ada/work/a.ics"}
        assert not then.quarantined


async def test_a_server_that_hands_nothing_out_is_broken() -> None:
    async with a_service(supports_multiget=False) as service:
        service.put(*(f"m{number}" for number in range(30)))
        service.simulator.faults.plan(Fault("GET", status=200, body=hostile.login_page(), times=100))

        await ends_without_a_cursor(service, BadResponse)


# Faults


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("REPORT", status=503, times=100), Unavailable),
        (Fault("REPORT", status=503, headers=(("Retry-After", "3600"),), times=100), RateLimited),
        (Fault("REPORT", status=429, headers=(("Retry-After", "3600"),), times=100), RateLimited),
        (Fault("REPORT", status=401, times=100), Disconnected),
        (Fault("REPORT", skip=1, status=401, times=100), Disconnected),
        (Fault("REPORT", skip=1, status=503, times=100), Unavailable),
        (Fault("REPORT", skip=1, cut_after=40, times=100), Unavailable),
        (Fault("REPORT", cut_after=40, times=100), Unavailable),
        (Fault("REPORT", status=207, body=hostile.billion_laughs(), times=100), BadResponse),
        (Fault("REPORT", status=207, body=hostile.login_page(), times=100), BadResponse),
        (Fault("REPORT", status=207, body=hostile.wrong_namespace(), times=100), BadResponse),
        (Fault("REPORT", status=404, times=100), Unavailable),
        (Fault("", "/ada/work/", status=403, times=100), BadResponse),
    ],
)
@pytest.mark.parametrize("is_increment", [False, True], ids=["whole", "increment"])
async def test_a_fault_ends_the_reading_and_removes_nothing(
    fault: Fault, error: type[ProviderError], is_increment: bool
) -> None:
    async with a_service() as service:
        service.put("a")
        since = (await service.read()).cursor if is_increment else None
        service.put("b")
        service.simulator.faults.plan(fault)
        expected = CursorExpired if is_increment and fault.status == 403 else error

        await ends_without_a_cursor(service, expected, since)


@pytest.mark.parametrize("fault", [Fault("REPORT", cut_after=40), Fault("REPORT", skip=1, status=503)])
async def test_a_fault_that_passes_is_waited_out(fault: Fault) -> None:
    async with a_service() as service:
        service.put("a")
        service.simulator.faults.plan(fault)

        assert (await service.read()).uids == {"a"}


@pytest.mark.parametrize(
    "quirks",
    [{}, BY_ETAG, {**BY_ETAG, "supports_query": False, "wraps_not_found": True}],
    ids=["tokens", "etags", "not-found-wrapped-in-207"],
)
async def test_a_calendar_that_was_removed_is_gone(quirks: dict[str, object]) -> None:
    async with a_service(**quirks) as service:
        service.put("a")
        async with service.client() as client:
            calendar = await the_calendar(client)
            del service.simulator.store.users["ada"].calendars["work"]

            with pytest.raises(CalendarGone):
                await read(client, calendar)


async def test_a_calendar_that_is_not_listed_is_gone() -> None:
    async with a_service() as service:
        async with service.client() as client:
            calendar = await the_calendar(client)
        service.simulator.store.users["ada"].add_calendar("other")
        del service.simulator.store.users["ada"].calendars["work"]

        async with service.client() as client:
            with pytest.raises(CalendarGone):
                await read(client, calendar)


async def test_a_listing_that_says_nothing_is_no_empty_account() -> None:
    async with a_service() as service, service.client() as client:
        service.simulator.faults.plan(Fault("PROPFIND", status=207, body='<multistatus xmlns="DAV:"/>'))

        with pytest.raises(BadResponse):
            _ = [calendar async for calendar in client.calendars()]


async def test_no_list_is_ever_asked_to_be_limited() -> None:
    async with a_service() as service:
        service.put("a")
        await service.read((await service.read()).cursor)

        assert not any("nresults" in request.body for request in service.simulator.log)
