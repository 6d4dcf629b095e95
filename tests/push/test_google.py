"""Google pushes to the server as it runs: channels come and go with what they are for, and no change is lost."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from calendar_sync.domain.sync import Trigger
from calendar_sync.store import tables
from calendar_sync.sync.lease import LeasedRuns
from simulators.google.calendars import event_time
from simulators.google.faults import Fault
from tests.push.world import TOMORROW, WEBHOOKS, PushWorld, a_push_world, a_pushed_world, burst, message, until
from tests.web.door import CONNECTIONS


@pytest.fixture
async def world(sqlite_url: str) -> AsyncGenerator[PushWorld]:
    async with a_pushed_world(sqlite_url) as world:
        yield world


async def test_a_change_is_stored_without_anybody_asking(world: PushWorld) -> None:
    world.ada.primary.add("Dinner", TOMORROW)
    await world.settled()

    assert await world.titles() == ["Dinner", "Lunch"]
    assert [run.trigger for run in await world.runs()] == [Trigger.PUSH, Trigger.USER]


async def test_a_calendar_has_one_channel_and_it_costs_nothing_while_it_lives(world: PushWorld) -> None:
    await world.sync()
    await world.settled()

    assert len(world.channels) == 1
    assert world.simulator.count("POST") == 0
    assert len(world.simulator.log) == 2


async def test_the_token_of_a_channel_is_stored_nowhere(world: PushWorld) -> None:
    (channel,) = world.channels
    (row,) = await world.rows()
    assert channel.token
    assert len(channel.token) >= 43
    assert channel.token not in repr(row)


async def test_a_change_between_the_opening_of_the_channel_and_the_first_reading_is_not_lost(sqlite_url: str) -> None:
    async with a_push_world(sqlite_url) as world:
        world.simulator.quirks.change(sync_message="before")
        await world.connect()
        world.ada.primary.add("Lunch", TOMORROW)
        await world.sync()
        await world.settled()
        paths = [request.path for request in world.simulator.log if "/calendars/" in request.path]
        assert paths[0].endswith("/watch")
        assert await world.titles() == ["Lunch"]


async def test_every_calendar_that_is_read_has_a_channel_and_no_other(world: PushWorld) -> None:
    team = world.ada.add_calendar("Team")
    await world.sync()
    assert {channel.path for channel in world.channels} == {world.ada.primary.path, team.path}

    world.ada.unsubscribe(team)
    await world.sync()
    assert {channel.path for channel in world.channels} == {world.ada.primary.path}
    assert len(await world.rows()) == 1


async def test_a_channel_past_half_its_life_is_replaced_by_another_before_it_is_stopped(world: PushWorld) -> None:
    (before,) = world.channels
    await world.age(timedelta(days=4))
    await world.sync()
    (after,) = world.channels

    assert after.id != before.id
    posted = [request.path.rpartition("/")[2] for request in world.simulator.log if request.method == "POST"]
    assert posted == ["watch", "stop"]
    answer = await world.client.post(WEBHOOKS, headers=message(before))
    assert answer.status_code == 404


async def test_a_channel_that_has_ended_is_opened_anew(world: PushWorld) -> None:
    (before,) = world.channels
    await world.age(timedelta(days=7))
    assert (await world.client.post(WEBHOOKS, headers=message(before))).status_code == 404

    await world.sync()

    assert len(await world.rows()) == 1
    assert [channel.id for channel in world.channels if channel.id != before.id] == [(await world.rows())[0].id]


async def test_who_disconnects_ends_the_channels_first(world: PushWorld) -> None:
    (connection,) = (await world.client.get(CONNECTIONS)).json()["connections"]

    answer = await world.client.delete(f"{CONNECTIONS}/{connection['credential_id']}")

    assert answer.status_code == 204
    assert (world.channels, await world.rows()) == ([], [])
    posted = [request.path.rpartition("/")[2] for request in world.simulator.log if request.method == "POST"]
    assert posted[-2:] == ["stop", "revoke"]


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
async def test_a_provider_that_does_not_answer_does_not_keep_an_account_connected(
    world: PushWorld, fault: dict[str, object]
) -> None:
    (connection,) = (await world.client.get(CONNECTIONS)).json()["connections"]
    world.simulator.faults.plan(Fault(path="/calendar/v3/channels", **fault))  # type: ignore[arg-type]  # its own keywords

    assert (await world.client.delete(f"{CONNECTIONS}/{connection['credential_id']}")).status_code == 204
    assert await world.rows() == []


async def test_lost_push_is_healed_by_the_poll(world: PushWorld) -> None:
    world.simulator.quirks.change(push="lose")
    world.ada.primary.add("Dinner", TOMORROW)
    assert await world.titles() == ["Lunch"]
    async with world.services.database.begin() as tx:
        due_at = await tx.requests.next_due()
        assert due_at is not None
        assert due_at - datetime.now(UTC) < timedelta(hours=1)
        await tx.connections.schedule((await world.runs())[0].connection_id, datetime.now(UTC))
    await world.stop()

    await world.start(works=True)

    await until(lambda: shows(world, "Dinner", "Lunch"))
    assert [run.trigger for run in await world.runs()] == [Trigger.SCHEDULE, Trigger.USER]


async def test_a_request_that_was_stored_is_served_after_the_process_was_killed(
    world: PushWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    (channel,) = world.channels
    world.simulator.quirks.change(push="lose")
    world.ada.primary.add("Dinner", TOMORROW)
    monkeypatch.setattr(LeasedRuns, "run", nothing)  # it dies before the run begins
    assert (await world.client.post(WEBHOOKS, headers=message(channel))).status_code == 200
    await world.stop()
    monkeypatch.undo()

    await world.start(works=True)
    await until(lambda: shows(world, "Dinner", "Lunch"))


async def nothing(*_: object) -> None: ...


async def shows(world: PushWorld, *titles: str) -> bool:
    return await world.titles() == list(titles)


# Notifications that are not what they should be


FORGED: dict[str, dict[str, str | None]] = {
    "of no channel": {"channel_id": "ch_" + "a" * 24},
    "of a channel that has not even a name of ours": {"channel_id": "01234567-89ab-cdef"},
    "with another token": {"channel_token": "A" * 43},
    "with no token": {"channel_token": None},
    "with a token that is no ASCII": {"channel_token": "\xe9" * 43},
    "of another resource": {"resource_id": "another"},
    "of no resource": {"resource_id": None},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
async def test_a_forged_notification_is_answered_as_if_there_were_nothing(
    world: PushWorld, forged: dict[str, str | None]
) -> None:
    (channel,) = world.channels
    headers = {name.encode(): value.encode("latin-1") for name, value in message(channel, changed=forged).items()}

    answers = [await world.client.post(WEBHOOKS, headers=headers) for _ in range(20)]
    await world.settled()

    assert {(answer.status_code, answer.json()["error"]["code"]) for answer in answers} == {(404, "CHANNEL_NOT_FOUND")}
    assert (await world.pushed(), world.simulator.log) == (0, [])


async def test_the_same_notification_a_thousand_times_leads_to_one_sync(world: PushWorld) -> None:
    (channel,) = world.channels
    statuses = await burst(world.port, [message(channel)] * 1000, connections=1)
    await world.settled()

    assert statuses == {200: 1000}
    assert await world.pushed() == 1


async def test_that_a_channel_is_open_is_no_change(world: PushWorld) -> None:
    (channel,) = world.channels
    answer = await world.client.post(WEBHOOKS, headers=message(channel, 1, {"resource_state": "sync"}))
    await world.settled()
    assert (answer.status_code, await world.pushed()) == (200, 0)


async def test_notifications_late_doubled_and_out_of_order_end_in_what_google_shows(world: PushWorld) -> None:
    world.simulator.quirks.change(push="hold", push_copies=3)
    for number in range(5):
        world.ada.primary.add(f"Meeting {number}", TOMORROW)
    world.simulator.push.release(newest_first=True)
    await world.settled()

    assert await world.titles() == world.google_shows()
    assert 1 <= await world.pushed() <= 5


async def test_a_burst_leaves_one_run_under_way_and_one_to_follow(world: PushWorld) -> None:
    (channel,) = world.channels
    world.ada.primary.add("Dinner", TOMORROW)
    await world.settled()
    reading = world.hold_up()
    first = await world.client.post(WEBHOOKS, headers=message(channel))
    await reading.begun.wait()

    statuses = await burst(world.port, [message(channel, number) for number in range(1000, 3000)])
    reading.may_end.set()
    await world.settled()

    assert (first.status_code, statuses) == (200, {200: 2000})
    assert await world.pushed() == 1 + 2


async def test_runs_that_push_asks_for_lie_apart(world: PushWorld) -> None:
    (channel,) = world.channels
    await forget_when_a_run_began(world)
    world.space(timedelta(minutes=1))
    assert (await world.client.post(WEBHOOKS, headers=message(channel, 0))).status_code == 200
    await world.settled()

    for number in range(1, 10):
        assert (await world.client.post(WEBHOOKS, headers=message(channel, number))).status_code == 200
        await until(lambda: is_at_rest(world))

    assert await world.pushed() == 1
    async with world.services.database.begin(write=False) as tx:
        assert len(await tx.requests.waiting()) == 1, "the next one is to come"


async def forget_when_a_run_began(world: PushWorld) -> None:
    async with world.services.database.begin() as tx:
        await tx.connection.execute(update(tables.connections).values(last_started_at=None))


async def is_at_rest(world: PushWorld) -> bool:
    return (await world.runs())[0].finished_at is not None


meetings = st.sampled_from(["a", "b", "c"])
HAPPENINGS = st.one_of(
    st.tuples(st.just("put"), meetings, st.sampled_from(["Red", "Blue"])),
    st.tuples(st.just("remove"), meetings),
    st.tuples(st.just("push"), st.sampled_from(["deliver", "hold"]), st.integers(1, 3)),
    st.tuples(st.just("release"), st.booleans()),
    st.tuples(st.just("replay"), st.integers(1, 5)),
    st.tuples(st.just("settle")),
)


@given(st.lists(HAPPENINGS, max_size=12))
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
async def test_whatever_is_pushed_ends_in_what_google_shows_and_in_no_more_runs_than_changes(
    world: PushWorld, history: list[tuple[object, ...]]
) -> None:
    before, changes = await world.pushed(), 0
    for happening in history:
        changes += await happen(world, happening)
    world.simulator.push.release()
    await world.settled()
    world.simulator.quirks.change(push="deliver", push_copies=1)

    assert await world.titles() == world.google_shows()
    assert await world.pushed() - before <= changes


async def happen(world: PushWorld, happening: tuple[object, ...]) -> int:
    """How many notifications it leads to that were not there before."""
    calendar, push = world.ada.primary, world.simulator.push
    match happening:
        case ("put", str(name), str(title)):
            times = {"start": event_time(TOMORROW), "end": event_time(TOMORROW + timedelta(hours=1))}
            calendar.put({"id": name * 5, "summary": title, **times})
            return 1
        case ("remove", str(name)) if any(each == name * 5 for each in calendar.events):
            calendar.remove(name * 5)
            return 1
        case ("push", str(how), int(copies)):
            world.simulator.quirks.change(push=how, push_copies=copies)
        case ("release", bool(newest_first)):
            push.release(newest_first=newest_first)
        case ("replay", int(times)):
            sent = [each.headers for each in push.sent if each.headers["X-Goog-Resource-State"] == "exists"][-1:]
            await burst(world.port, sent * times, connections=1)
        case ("settle",):
            await world.settled()
    return 0
