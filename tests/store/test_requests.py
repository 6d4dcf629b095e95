"""No request for a run is lost or served by a run that began before it, and no connection is claimed by two."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from calendar_sync.domain.connections import Connection, ConnectionStatus
from calendar_sync.domain.errors import LeaseLost
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.requests import Asked, Begun, Job
from calendar_sync.domain.sync import Trigger
from calendar_sync.store.database import Database
from tests.builders import NOW, a_connection, an_actor
from tests.store.conftest import CLAIM, TTL, Place

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
SECOND = timedelta(seconds=1)
NOBODY = ConnectionId("tcred_none")
ON_DEMAND = (Trigger.USER, Trigger.CONNECT)
NOBODY_WAITS = (Trigger.PUSH, Trigger.SCHEDULE)


async def ended(place: Place, begun: Begun, *, is_served: bool = True, spacing: timedelta = timedelta()) -> Job | None:
    """End the run: the job for what was asked for meanwhile."""
    async with place.database.begin() as tx:
        await tx.connections.release(begun.lease, begun.serves if is_served else None)
        return await tx.requests.follow_up(place.connection.id, spacing, NOW)


async def claim(database: Database, now: datetime = NOW, limit: int = 10) -> Sequence[Asked]:
    async with database.begin() as tx:
        return await tx.requests.claim_due(now, now + CLAIM, limit)


async def claimed(database: Database, now: datetime = NOW, limit: int = 10) -> list[ConnectionId]:
    return [each.connection.id for each in await claim(database, now, limit)]


async def next_due(place: Place) -> datetime | None:
    async with place.database.begin(write=False) as tx:
        return await tx.requests.next_due()


async def schedule(place: Place, at: datetime | None) -> None:
    async with place.database.begin() as tx:
        await tx.connections.schedule(place.connection.id, at)


def job_of(asked: Asked) -> Job:
    assert asked.job is not None
    return asked.job


# Asking


async def test_a_request_puts_a_job_that_says_no_more_than_whose_it_is(place: Place) -> None:
    asked = await place.ask(Trigger.PUSH)
    job = job_of(asked)
    assert (asked.connection, asked.seq) == (place.connection, 1)
    assert (job.connection, job.organization) == (place.connection.id, place.actor.organization_id)
    assert job.delay == timedelta()


@pytest.mark.parametrize("trigger", NOBODY_WAITS)
async def test_a_request_during_a_run_stays_until_a_run_after_it(place: Place, trigger: Trigger) -> None:
    before = [await place.ask(trigger) for _ in range(3)]
    assert [(each.seq, each.job is not None) for each in before] == [(1, True), (1, False), (1, False)]
    begun = await place.begun()
    assert begun.serves == 1
    during = [await place.ask(trigger) for _ in range(3)]
    assert [(each.seq, each.job) for each in during] == [(2, None)] * 3
    follow_up = await ended(place, begun)
    assert await place.numbers() == (2, 1)
    assert follow_up is not None
    assert (await place.ask(trigger)).job is None, "it waits in the queue already"
    assert (await place.begun()).serves == 2


async def test_nothing_follows_a_run_during_which_nobody_asked(place: Place) -> None:
    await place.ask()
    assert await ended(place, await place.begun()) is None
    assert await place.begin() is None


@pytest.mark.parametrize("trigger", ON_DEMAND)
async def test_a_user_joins_the_run_under_way(place: Place, trigger: Trigger) -> None:
    await place.ask(Trigger.SCHEDULE)
    begun = await place.begun()
    joined = await place.ask(trigger)
    assert (joined.seq, joined.job) == (begun.serves, None)
    assert await ended(place, begun) is None


async def test_a_user_joins_the_run_under_way_also_where_another_is_to_follow_it(place: Place) -> None:
    await place.ask(Trigger.SCHEDULE)
    begun = await place.begun()
    await place.ask(Trigger.PUSH)
    assert (await place.ask()).seq == begun.serves == 1
    assert await ended(place, begun) is not None


async def test_a_user_does_not_join_a_run_whose_process_died(place: Place) -> None:
    await place.ask(Trigger.SCHEDULE)
    await place.begun()
    asked = await place.ask(after=TTL + SECOND)
    assert (asked.seq, asked.job is not None) == (1, True)
    assert (await place.begun("two", TTL + SECOND)).serves == 1


async def test_a_user_s_request_goes_ahead_of_one_that_waits_in_the_queue(place: Place) -> None:
    waiting, users = await place.ask(Trigger.SCHEDULE), await place.ask()
    assert users.seq == waiting.seq
    assert job_of(users).key == job_of(waiting).key
    assert job_of(users).priority > job_of(waiting).priority


async def test_a_request_that_a_run_was_cut_short_over_still_stands(place: Place) -> None:
    await place.ask()
    assert await ended(place, await place.begun(), is_served=False) is not None
    assert await place.numbers() == (1, 0)
    assert (await place.ask(Trigger.PUSH)).seq == 1
    assert (await place.begun()).serves == 1


async def test_of_many_who_ask_at_once_one_is_the_first(place: Place) -> None:
    asked = await asyncio.gather(*(place.ask(Trigger.PUSH) for _ in range(8)))
    assert sum(each.job is not None for each in asked) == 1
    assert {each.seq for each in asked} == {1}


async def test_a_request_is_due_again_in_case_that_nothing_comes_of_its_job(place: Place) -> None:
    await schedule(place, LATER)
    await place.ask()
    assert await next_due(place) == NOW + CLAIM
    assert await claimed(place.database, NOW + CLAIM) == [place.connection.id]
    assert await place.numbers() == (1, 0)


async def test_what_is_served_is_never_taken_back(place: Place) -> None:
    for number in (1, 2, 3):
        await place.ask()
        begun = await place.begun()
        assert begun.serves == number
        await ended(place, begun)
    await place.ask()
    for done in (1, None):
        lease = (await place.begun()).lease
        async with place.database.begin() as tx:
            await tx.connections.release(lease, done)
        assert await place.numbers() == (4, 3)
    await ended(place, await place.begun())
    assert await place.numbers() == (4, 4)


@pytest.mark.parametrize("trigger", [*NOBODY_WAITS, *ON_DEMAND])
async def test_only_a_user_may_ask_for_one_that_is_to_be_connected_anew(place: Place, trigger: Trigger) -> None:
    async with place.database.begin() as tx:
        await tx.connections.mark(place.connection.id, ConnectionStatus.RECONNECT_REQUIRED, "Token expired")
        asked = await tx.requests.ask([place.connection.id], trigger, NOW, until=LATER)
    is_users = trigger in ON_DEMAND
    assert (len(asked), await place.numbers()) == ((1, (1, 0)) if is_users else (0, (0, 0)))


@pytest.mark.parametrize("trigger", [Trigger.PUSH, Trigger.USER])
async def test_nothing_is_asked_for_of_a_connection_that_is_gone(database: Database, trigger: Trigger) -> None:
    async with database.begin() as tx:
        assert await tx.requests.ask([NOBODY], trigger, NOW, until=LATER) == []
        assert await tx.requests.ask([], trigger, NOW, until=LATER) == []
        assert await tx.requests.standings([NOBODY], NOW) == {}
        assert await tx.requests.follow_up(NOBODY, timedelta(), NOW) is None


async def test_a_run_tells_who_asked_for_it_and_what_it_needs(place: Place) -> None:
    await place.ask(Trigger.PUSH)
    begun = await place.begun()
    assert (begun.trigger, begun.connection, begun.ciphertext) == (Trigger.PUSH, place.connection, "not a secret")
    assert "secret" not in repr(begun)


# Spacing


@pytest.mark.parametrize("trigger", list(Trigger))
async def test_a_run_that_nobody_waits_for_begins_apart_from_the_last_one(place: Place, trigger: Trigger) -> None:
    await place.ask()
    await ended(place, await place.begun())
    async with place.database.begin() as tx:
        (asked,) = await tx.requests.ask([place.connection.id], trigger, NOW + SECOND, until=LATER, spacing=10 * SECOND)
    assert job_of(asked).delay == (timedelta() if trigger in ON_DEMAND else 9 * SECOND)


async def test_the_run_that_follows_begins_apart_from_the_one_it_follows(place: Place) -> None:
    await place.ask()
    begun = await place.begun(after=-SECOND)
    await place.ask(Trigger.PUSH)
    follow_up = await ended(place, begun, spacing=10 * SECOND)
    assert follow_up is not None
    assert follow_up.delay == 9 * SECOND


async def test_the_first_run_and_one_long_after_the_last_begin_at_once(place: Place) -> None:
    for now in (NOW, LATER):
        async with place.database.begin() as tx:
            (asked,) = await tx.requests.ask([place.connection.id], Trigger.PUSH, now, until=LATER, spacing=10 * SECOND)
        assert job_of(asked).delay == timedelta()
        await ended(place, await place.begun(after=now - NOW))


# Claiming what is due


async def test_the_longest_due_comes_first_and_what_is_not_scheduled_is_never_due(database: Database) -> None:
    actor = await an_actor(database)
    a, b, c = [await a_connection(database, actor, identity=name) for name in "abc"]
    async with database.begin() as tx:
        await tx.connections.schedule(a.id, LATER)
        await tx.connections.schedule(b.id, NOW)
        await tx.connections.schedule(c.id, None)
        assert await tx.requests.next_due() == NOW
    assert await claimed(database, LATER, limit=1) == [b.id]
    assert await claimed(database, LATER) == [a.id]
    assert await claimed(database, LATER) == []


async def test_what_was_claimed_is_asked_for_once_and_due_again_later(place: Place) -> None:
    for at in (NOW, NOW + CLAIM):
        assert await claimed(place.database, at) == [place.connection.id]
        assert await place.numbers() == (1, 0)
        assert await next_due(place) == at + CLAIM
    assert await claimed(place.database, NOW + CLAIM) == []
    assert (await place.begun()).trigger is Trigger.SCHEDULE


async def test_what_a_run_is_under_way_of_is_not_claimed(place: Place) -> None:
    await place.ask()
    await place.begun()
    await schedule(place, NOW)
    assert await claimed(place.database) == []
    assert await claimed(place.database, NOW + TTL) == []
    assert await next_due(place) == NOW + TTL, "in case that its process dies"


async def test_what_is_to_be_connected_anew_is_not_claimed(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.mark(place.connection.id, ConnectionStatus.RECONNECT_REQUIRED, "Token expired")
    assert await claimed(place.database, LATER) == []
    assert await next_due(place) is None


async def test_a_run_that_was_left_is_claimed_at_once_and_its_process_fenced_out(place: Place) -> None:
    await schedule(place, LATER)
    await place.ask()
    left = await place.begun("dead")
    late = NOW + TTL + SECOND
    assert await claimed(place.database, late) == [place.connection.id]
    for act in ("fence", "renew", "release"):
        async with place.database.begin() as tx:
            further = {"fence": (), "renew": (TTL, late), "release": (left.serves,)}[act]
            with pytest.raises(LeaseLost):
                await getattr(tx.connections, act)(left.lease, *further)
    assert await place.numbers() == (1, 0)
    assert await claimed(place.database, late) == []
    assert (await place.begun("two", TTL + SECOND)).lease.epoch == left.lease.epoch + 1


async def test_the_job_of_a_run_that_was_left_is_another_than_its_own(place: Place) -> None:
    """The queue may hold that one for a while longer, and holds no two with one key."""
    first = job_of(await place.ask(Trigger.SCHEDULE))
    keys = [first.key]
    for number in (1, 2, 3):
        await place.begun(str(number), number * HOUR)
        (again,) = await claim(place.database, NOW + number * HOUR + TTL + SECOND)
        keys.append(job_of(again).key)
    assert len(set(keys)) == 4


async def test_of_many_who_claim_at_once_each_gets_others(database: Database) -> None:
    actor = await an_actor(database)
    connections = {(await a_connection(database, actor, identity=str(number))).id for number in range(8)}
    taken = await asyncio.gather(*(claimed(database, limit=3) for _ in range(8)))
    assert sorted(id for each in taken for id in each) == sorted(connections)


async def test_of_many_who_claim_what_was_left_at_once_each_gets_others(database: Database) -> None:
    actor = await an_actor(database)
    connections = [(await a_connection(database, actor, identity=str(number))).id for number in range(8)]
    async with database.begin() as tx:
        await tx.requests.ask(connections, Trigger.USER, NOW, until=LATER)
        for connection in connections:
            await tx.requests.begin(connection, "dead", TTL, NOW)
    late = NOW + TTL + SECOND
    taken = await asyncio.gather(*(claimed(database, late, limit=3) for _ in range(8)))
    assert sorted(id for each in taken for id in each) == sorted(connections)


async def test_nobody_claims_what_another_is_claiming(postgresql_url: str) -> None:
    """Nor waits for it."""
    database = await Database.open(postgresql_url)
    actor = await an_actor(database)
    connections = {(await a_connection(database, actor, identity=name)).id for name in "ab"}
    async with database.begin() as one, database.begin() as two:
        (first,) = await one.requests.claim_due(NOW, LATER, 1)
        (second,) = await two.requests.claim_due(NOW, LATER, 2)
    assert {first.connection.id, second.connection.id} == connections
    await database.close()


async def test_what_a_lost_queue_held_is_due_at_once(database: Database) -> None:
    actor = await an_actor(database)
    asked, idle = [await a_connection(database, actor, identity=name) for name in "ab"]
    async with database.begin() as tx:
        await tx.connections.schedule(idle.id, LATER)
        await tx.requests.ask([asked.id], Trigger.PUSH, NOW, until=LATER)
        await tx.requests.recall(NOW)
    assert await claimed(database) == [asked.id]


# Where requests stand


async def test_it_is_told_what_waits_and_how_far_it_is(place: Place) -> None:
    async with place.database.begin(write=False) as tx:
        assert await tx.requests.waiting() == []
    asked = await place.ask()
    begun = await place.begun()
    async with place.database.begin(write=False) as tx:
        (waiting,) = await tx.requests.waiting()
        there = (await tx.requests.standings([place.connection.id], NOW + TTL))[place.connection.id]
        left = (await tx.requests.standings([place.connection.id], NOW + TTL + SECOND))[place.connection.id]
    assert (waiting.connection, waiting.seq, waiting.job) == (asked.connection, asked.seq, None)
    assert (there.requested, there.done, there.is_left) == (1, 0, False)
    assert left.is_left
    await ended(place, begun)
    async with place.database.begin(write=False) as tx:
        assert await tx.requests.waiting() == []


# Priorities


async def in_organization(database: Database, name: str, number: int) -> list[Connection]:
    actor = await an_actor(database, f"{name}@example.com", organization=name)
    return [await a_connection(database, actor, identity=str(each)) for each in range(number)]


async def priorities(database: Database, those: Sequence[Connection], trigger: Trigger) -> list[int]:
    async with database.begin() as tx:
        asked = await tx.requests.ask([each.id for each in those], trigger, NOW, until=LATER)
    return sorted((job_of(each).priority for each in asked), reverse=True)


async def test_an_organisation_queues_behind_itself_and_not_behind_others(database: Database) -> None:
    busy, quiet = await in_organization(database, "busy", 6), await in_organization(database, "quiet", 2)
    assert await priorities(database, busy[:4], Trigger.SCHEDULE) == [0, -1, -2, -3]
    assert await priorities(database, busy[4:5], Trigger.SCHEDULE) == [-4]
    assert await priorities(database, quiet[:1], Trigger.SCHEDULE) == [0]
    assert await priorities(database, [busy[5], quiet[1]], Trigger.SCHEDULE) == [-1, -5]


async def test_what_is_due_is_claimed_in_the_same_fair_order(database: Database) -> None:
    busy, quiet = await in_organization(database, "busy", 4), await in_organization(database, "quiet", 2)
    ranks = {each.connection.id: job_of(each).priority for each in await claim(database)}
    assert sorted(ranks[each.id] for each in busy) == [-3, -2, -1, 0]
    assert sorted(ranks[each.id] for each in quiet) == [-1, 0]


async def test_what_is_under_way_counts_and_what_is_done_does_not(database: Database) -> None:
    a, b, c = await in_organization(database, "busy", 3)
    assert await priorities(database, [a], Trigger.SCHEDULE) == [0]
    async with database.begin() as tx:
        begun = await tx.requests.begin(a.id, "one", TTL, NOW)
    assert await priorities(database, [b], Trigger.SCHEDULE) == [-1]
    assert begun is not None
    async with database.begin() as tx:
        await tx.connections.release(begun.lease, begun.serves)
    assert await priorities(database, [c], Trigger.SCHEDULE) == [-1]


async def test_the_run_that_follows_queues_behind_its_organisation(database: Database) -> None:
    a, b = await in_organization(database, "busy", 2)
    await priorities(database, [a, b], Trigger.SCHEDULE)
    async with database.begin() as tx:
        begun = await tx.requests.begin(a.id, "one", TTL, NOW)
        assert begun is not None
        await tx.requests.ask([a.id], Trigger.SCHEDULE, NOW, until=LATER)
        await tx.connections.release(begun.lease, begun.serves)
        follow_up = await tx.requests.follow_up(a.id, timedelta(), NOW)
    assert follow_up is not None
    assert follow_up.priority == -1


async def test_a_user_goes_ahead_of_push_and_push_ahead_of_the_schedule(database: Database) -> None:
    at_once = {
        trigger: (await priorities(database, await in_organization(database, trigger, 1), trigger))[0]
        for trigger in Trigger
    }
    assert at_once[Trigger.USER] == at_once[Trigger.CONNECT] > at_once[Trigger.PUSH] > at_once[Trigger.SCHEDULE] == 0


async def test_a_user_does_not_wait_for_what_nobody_waits_for(database: Database) -> None:
    *many, one, other = await in_organization(database, "busy", 200)
    await priorities(database, many, Trigger.SCHEDULE)
    (alone,) = await priorities(database, await in_organization(database, "quiet", 1), Trigger.USER)
    assert await priorities(database, [one], Trigger.USER) == [alone]
    assert await priorities(database, [other], Trigger.USER) == [alone - 1]
