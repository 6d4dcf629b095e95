import pytest

from tests.web.door import EVENTS, SYNC, TOMORROW, Door

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_without_connections_there_is_nothing_to_sync_and_nothing_wrong(door: Door) -> None:
    async with door.asking(await door.key()) as client:
        answer = await client.post(SYNC)

    assert answer.status_code == 200
    assert answer.json() == {"synced_calendars": 0, "new_events": 0, "updated_events": 0, "errors": []}


async def test_new_and_changed_events_are_counted_and_a_repeated_sync_counts_nothing(door: Door) -> None:
    feed = door.feed()
    feed.put("a", start=TOMORROW, summary="Planning")
    feed.put("b", start=TOMORROW, more=["RRULE:FREQ=DAILY;COUNT=5"])
    async with door.asking(await door.key()) as client:
        await door.connect(client, feed)

        first = (await client.post(SYNC)).json()
        feed.put("a", start=TOMORROW, summary="Review")
        second = (await client.post(SYNC)).json()
        third = (await client.post(SYNC)).json()

    assert first == {"synced_calendars": 1, "new_events": 2, "updated_events": 0, "errors": []}
    assert second == {"synced_calendars": 1, "new_events": 0, "updated_events": 1, "errors": []}
    assert third == {"synced_calendars": 1, "new_events": 0, "updated_events": 0, "errors": []}


async def test_a_provider_that_fails_is_an_error_in_a_good_answer_and_loses_nothing(door: Door) -> None:
    good, broken = door.feed(), door.feed()
    for feed in (good, broken):
        feed.put("a", start=TOMORROW)
    async with door.asking(await door.key()) as client:
        for feed in (good, broken):
            await door.connect(client, feed)
        await client.post(SYNC)
        broken.fail("status", status=404)

        answer = await client.post(SYNC)
        events = (await client.get(EVENTS)).json()

    assert answer.status_code == 200
    assert answer.json()["synced_calendars"] == 1
    (error,) = answer.json()["errors"]
    assert error.startswith("ics")
    assert events["total"] == 2


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b"1"])
async def test_whatever_is_in_the_body_is_not_read(door: Door, body: bytes) -> None:
    async with door.asking(await door.key()) as client:
        assert (await client.post(SYNC, content=body)).status_code == 200


async def test_a_user_syncs_what_is_theirs_alone(door: Door) -> None:
    (feed := door.feed()).put("a", start=TOMORROW)
    async with door.asking(await door.key()) as ada, door.asking(await door.key()) as bob:
        await door.connect(ada, feed)

        assert (await bob.post(SYNC)).json()["synced_calendars"] == 0
        assert (await ada.post(SYNC)).json()["synced_calendars"] == 1
