"""An object that makes trouble hides no other, and is asked for until it is handed out."""

import pytest

from calendar_sync.domain.errors import (
    BadResponse,
)
from simulators.caldav import hostile
from simulators.caldav.quirks import Fault
from tests.providers.caldav.builders import a_service, ends_without_a_cursor, methods, removed


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
