"""The outbox and the line: what is written for whom, who is first, and who may take it."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import WebhookEndpointId
from calendar_sync.domain.providers import Removal
from calendar_sync.domain.sync import (
    CalendarProgress,
    CalendarState,
    RunProgress,
    RunStatus,
    SyncFailure,
    Tally,
    Trigger,
)
from calendar_sync.domain.webhooks import Answer, DeliveryState, WebhookEventType
from calendar_sync.store.database import Database
from calendar_sync.store.reencryption import reencrypt
from calendar_sync.store.tables import webhook_attempts, webhook_messages
from calendar_sync.store.webhook_deliveries import Ended, Taken
from calendar_sync.webhooks.deliverer import LEASE
from calendar_sync.webhooks.service import EndpointDraft
from tests.builders import NOW, an_actor, an_event
from tests.store.conftest import Place
from tests.store.test_cost import counted
from tests.webhooks.world import BUSY, KEYRING, OK, Office, a_deliverer, an_office, numbered

CREATED = WebhookEventType.EVENT_CREATED
LOOK = "SELECT webhook_endpoints.id, webhook_endpoints.organization_id, webhook_endpoints.event_types"


@pytest.fixture
async def office(database: Database) -> Office:
    return await an_office(database)


async def count(office: Office) -> int:
    async with office.database.begin(write=False) as tx:
        return len((await tx.connection.execute(webhook_messages.select())).all())


async def take(office: Office, most: int = 100, most_each: int = 100) -> Sequence[Taken]:
    async with office.database.begin() as tx:
        return await tx.webhook_deliveries.take(office.clock(), office.clock() + LEASE, most, most_each)


async def end(office: Office, taken: Taken, answer: Answer = OK) -> bool:
    state = DeliveryState.DELIVERED if answer.is_taken else DeliveryState.FAILED
    async with office.database.begin() as tx:
        return await tx.webhook_deliveries.end(taken, Ended(answer, state, None, office.clock(), timedelta()))


def numbers(taken: Sequence[Taken]) -> Sequence[int]:
    return sorted(json.loads(each.payload)["data"]["number"] for each in taken)


async def test_where_there_is_no_endpoint_nothing_is_written_and_one_look_is_all_it_costs(place: Place) -> None:
    with counted() as cost:
        await place.apply(*(an_event(str(number)) for number in range(50)))

    about = [statement for statement, _ in cost.sent if "webhook" in statement]
    assert len(about) == 1
    assert about[0].startswith(LOOK)


async def test_many_events_cost_as_many_statements_as_one(place: Place) -> None:
    office = await an_office(place.database, place.actor)
    await office.endpoint()
    with counted() as few:
        await place.apply(an_event("x"))
    with counted() as many:
        await place.apply(*(an_event(str(number)) for number in range(50)))

    assert many.statements <= few.statements


async def test_one_message_is_written_for_all_that_ask_for_it_and_none_for_nobody(office: Office) -> None:
    all_events, created = await office.endpoint("event.*"), await office.endpoint("event.created")
    off = await office.endpoint("*")
    await office.service.update(office.actor, off, EndpointDraft(is_enabled=False))

    await office.emit(numbered(1), numbered(2, type=CREATED), numbered(3, type=WebhookEventType.SYNC_COMPLETED))

    assert await count(office) == 2
    assert [len(await office.log(each)) for each in (all_events, created, off)] == [2, 1, 0]


async def test_what_is_undone_is_not_told(office: Office) -> None:
    endpoint = await office.endpoint()
    with suppress(InterruptedError):
        async with office.database.begin() as tx:
            await tx.webhooks.emit(office.actor.user_id, [numbered(1)], NOW)
            raise InterruptedError

    assert await office.log(endpoint) == []
    assert await office.deliverer.step() == 0


async def test_nobody_is_told_of_another_user_s(office: Office) -> None:
    endpoint = await office.endpoint()
    other = await an_actor(office.database, None)
    async with office.database.begin(actor=other) as tx:
        await tx.webhooks.emit(other.user_id, [numbered(1)], NOW)

    assert await office.log(endpoint) == []


async def test_of_one_key_the_first_is_taken_and_the_next_when_it_came_to_its_end(office: Office) -> None:
    await office.endpoint()
    await office.emit(numbered(1, "a"), numbered(2, "a"), numbered(3, "b"), numbered(4), numbered(5))
    await office.emit(numbered(6, "a"))

    first = await take(office)
    assert numbers(first) == [1, 3, 4, 5]
    assert await take(office) == []
    for each in first:
        assert await end(office, each, BUSY if each.ordering_key == "a" else OK)
    second = await take(office)
    assert numbers(second) == [2]
    await end(office, second[0])
    assert numbers(await take(office)) == [6]


async def test_what_a_dead_process_took_is_taken_again_when_its_lease_is_out(office: Office) -> None:
    endpoint = await office.endpoint()
    await office.emit(numbered(1))
    (lost,) = await take(office)

    office.clock.advance(LEASE)
    (again,) = await take(office)
    assert await end(office, again)
    assert not await end(office, lost)

    (delivery,) = await office.log(endpoint)
    attempts = (await office.service.attempts(office.actor, [delivery.id]))[delivery.id]
    assert delivery.state is DeliveryState.DELIVERED
    assert (lost.message, lost.id) == (again.message, again.id)
    assert {each.id for each in attempts} == {lost.attempt, again.attempt}


async def test_so_many_are_under_way_to_an_endpoint_whoever_makes_them(office: Office) -> None:
    await office.endpoint()
    other = await office.endpoint()
    await office.emit(*(numbered(number) for number in range(10)))

    first = await take(office, most_each=3)
    assert len(first) == 6
    assert await take(office, most_each=3) == []
    await end(office, next(each for each in first if each.endpoint.sealed.id == other))
    (more,) = await take(office, most_each=3)
    assert more.endpoint.sealed.id == other


async def test_processes_that_take_at_once_take_each_delivery_once(office: Office) -> None:
    for _ in range(3):
        await office.endpoint()
    await office.emit(*(numbered(number, f"k{number % 4}") for number in range(10)))
    processes = [a_deliverer(office) for _ in range(3)]

    while any(await asyncio.gather(*(process.step() for process in processes))):
        await asyncio.gather(*(process.drained() for process in processes))

    assert sorted(office.sender.numbers) == sorted([*range(10)] * 3)
    for endpoint in await office.service.list(office.actor):
        assert await office.log(endpoint.id, DeliveryState.PENDING) == []


async def test_writing_and_delivering_at_once_leaves_nothing_behind(office: Office) -> None:
    endpoint = await office.endpoint()
    processes = [a_deliverer(office) for _ in range(2)]

    async def write() -> None:
        for number in range(10):
            await office.emit(numbered(number, "k"))

    async def deliver(writing: "asyncio.Task[None]") -> None:
        while not writing.done() or await office.log(endpoint, DeliveryState.PENDING):
            await asyncio.gather(*(process.step() for process in processes))
            await asyncio.gather(*(process.drained() for process in processes))

    writing = asyncio.create_task(write())
    await deliver(writing)

    assert office.sender.numbers == list(range(10))


async def test_what_is_sent_again_goes_behind_what_waits_with_its_key(office: Office) -> None:
    endpoint = await office.endpoint()
    await office.emit(numbered(1, "k"))
    await office.step()
    (delivery,) = await office.log(endpoint)
    await office.emit(numbered(2, "k"))

    await office.service.redeliver(office.actor, delivery.id)
    await office.run_until_quiet()

    assert office.sender.numbers == [1, 2, 1]


async def test_what_waits_for_its_next_attempt_has_it_now_when_it_is_sent_again(office: Office) -> None:
    endpoint = await office.endpoint()
    office.sender.answer = BUSY
    await office.emit(numbered(1, "k"), numbered(2, "k"))
    await office.step()
    assert await office.step() == 0

    for delivery in await office.log(endpoint):
        await office.service.redeliver(office.actor, delivery.id)
    await office.step()

    assert office.sender.numbers == [1, 1]


async def test_those_of_a_time_are_sent_again_in_their_order(office: Office) -> None:
    endpoint = await office.endpoint()
    for number in range(4):
        await office.emit(numbered(number, "k"))
        await office.run_until_quiet()
        office.clock.advance(timedelta(hours=1))
    both, until = (DeliveryState.DELIVERED,), NOW + timedelta(hours=3)

    assert await office.service.redeliver_all(office.actor, endpoint, NOW + timedelta(hours=1)) == 0
    again = await office.service.redeliver_all(office.actor, endpoint, NOW + timedelta(hours=1), until, both)
    await office.run_until_quiet()

    assert again == 2
    assert office.sender.numbers == [0, 1, 2, 3, 1, 2]


async def test_what_is_over_is_kept_for_a_time_and_what_waits_as_long_as_it_does(office: Office) -> None:
    endpoint = await office.endpoint()
    await office.emit(numbered(1))
    await office.step()
    office.sender.answer = BUSY
    await office.emit(numbered(2))
    await office.step()
    office.clock.advance(timedelta(days=30, seconds=1))

    async with office.database.begin() as tx:
        assert await tx.webhook_log.trim(office.clock() - timedelta(days=30), 10) == 1
        left = (await tx.connection.execute(webhook_attempts.select())).all()
    assert await office.states(endpoint) == [DeliveryState.PENDING]
    assert len(left) == 1


async def test_a_deleted_endpoint_takes_what_is_under_way_to_it_along(office: Office) -> None:
    endpoint = await office.endpoint()
    await office.emit(numbered(1))
    (taken,) = await take(office)

    await office.service.delete(office.actor, endpoint)

    assert not await end(office, taken)
    with pytest.raises(NotFound):
        await office.log(endpoint)


async def test_addresses_and_secrets_are_put_under_a_new_key_with_all_others(office: Office) -> None:
    await office.endpoint()
    assert (await reencrypt(office.database, KEYRING)).done == 0

    async with office.database.begin(write=False) as tx:
        (stored,) = await tx.webhook_endpoints.list(office.actor)
    assert "hooks.example" not in stored.sealed.url
    assert KEYRING.knows(stored.sealed.url)
    assert KEYRING.knows(stored.secret)


async def told(office: Office, endpoint: WebhookEndpointId) -> Sequence[dict[str, object]]:
    return [json.loads(each.message.payload) for each in reversed(await office.log(endpoint))]


async def test_an_event_is_told_of_with_the_number_of_its_change(place: Place) -> None:
    office = await an_office(place.database, place.actor)
    endpoint = await office.endpoint("event.*")
    await place.apply(an_event("e", title="Stand-up"))
    await place.apply(an_event("e", title="Retro"), now=NOW + timedelta(minutes=1))
    await place.apply(Removal("e"), now=NOW + timedelta(minutes=2))

    bodies = await told(office, endpoint)
    changes = await place.changes()
    assert [body["type"] for body in bodies] == ["event.created", "event.updated", "event.removed"]
    for body, recorded in zip(bodies, changes, strict=True):
        change = recorded.change
        assert body["timestamp"] == recorded.at.isoformat().replace("+00:00", "Z")
        assert body["data"] == {
            "seq": recorded.seq,
            "kind": change.kind,
            "event_id": change.event_id,
            "calendar_id": change.calendar_id,
            "run_id": recorded.run_id,
            "changed_fields": list(change.fields),
            "before": change.before and json.loads(change.before),
            "after": change.after and json.loads(change.after),
        }
    assert {each.ordering_key for each in await office.log(endpoint)} == {changes[0].change.event_id}


async def test_a_connection_is_told_of_when_it_comes_is_refused_and_goes(place: Place) -> None:
    office = await an_office(place.database, place.actor)
    endpoint = await office.endpoint("connection.*")
    refused, id = ConnectionStatus.RECONNECT_REQUIRED, place.connection.id
    async with place.database.begin() as tx:
        for minute, status in enumerate([refused, refused, ConnectionStatus.ACTIVE]):
            await tx.connections.mark(id, status, "No.", NOW + timedelta(minutes=minute))
        await tx.connections.delete(place.actor, id, NOW + timedelta(minutes=5))

    bodies = await told(office, endpoint)
    assert [body["type"] for body in bodies] == ["connection.reconnect_required", "connection.disconnected"]
    about = {"connection_id": id, "provider": "caldav", "account_email": "someone@example.com"}
    assert [body["data"] for body in bodies] == [
        {**about, "status": "reconnect_required"},
        {**about, "status": "active"},
    ]


async def test_a_run_is_told_of_with_its_counts(place: Place) -> None:
    office = await an_office(place.database, place.actor)
    endpoint = await office.endpoint("sync.completed")
    failure = SyncFailure(place.calendar.id, "PROVIDER_UNAVAILABLE", "The provider is away.")
    async with place.database.begin() as tx:
        run = await tx.runs.start(place.connection, Trigger.USER, NOW)
        done = CalendarProgress(place.calendar.id, CalendarState.FAILED, pages=4, tally=Tally(1, 2, 3))
        progress = RunProgress([done], requests=5, failures=[failure])
        await tx.runs.finish(run, status=RunStatus.PARTIAL, progress=progress, now=NOW + timedelta(seconds=1))

    (body,) = await told(office, endpoint)
    assert body["data"] == {
        "run_id": run,
        "connection_id": place.connection.id,
        "trigger": "user",
        "started_at": "2026-03-02T12:00:00Z",
        "finished_at": "2026-03-02T12:00:01Z",
        "status": "partial",
        "new_events": 1,
        "updated_events": 2,
        "removed_events": 3,
        "pages": 4,
        "requests": 5,
        "synced_calendars": 0,
        "errors": [{"calendar_id": place.calendar.id, "code": failure.code, "message": failure.message}],
    }
