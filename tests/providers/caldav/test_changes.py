"""What changed is told by tokens or by etags, at the price of as few requests as can be."""

import pytest

from calendar_sync.domain.errors import (
    BadResponse,
    CursorExpired,
    Unavailable,
)
from calendar_sync.domain.providers import Cursor, Snapshot
from simulators.caldav.quirks import Fault
from tests.providers.caldav.builders import (
    BY_ETAG,
    WITHOUT_A_WORD,
    a_service,
    an_object,
    ends_without_a_cursor,
    methods,
    removed,
)
from tests.providers.contract import Meeting, read, the_calendar

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
