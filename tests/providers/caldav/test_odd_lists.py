"""Lists as servers write them, and as they should not: nobody else's events, and none taken for gone."""

import pytest

from calendar_sync.domain.errors import (
    BadResponse,
)
from calendar_sync.domain.providers import Snapshot
from simulators.caldav.quirks import Fault
from tests.providers.caldav.builders import BY_ETAG, a_service, an_object, calendar_object, removed
from tests.providers.contract import Meeting, read, the_calendar


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
