"""A fault ends a reading, moves no cursor and removes nothing."""

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
from simulators.caldav import hostile
from simulators.caldav.quirks import Fault
from tests.providers.caldav.builders import BY_ETAG, a_service, ends_without_a_cursor
from tests.providers.contract import read, the_calendar


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
