"""The feed of changes: whoever reads on from where they were sees each change once and in order, whoever writes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import (
    BEGINNING,
    ChangeCause,
    ChangeFilter,
    ChangeKind,
    Position,
    RecordedChange,
)
from calendar_sync.domain.errors import CursorCompacted, CursorUnknown, StoreUnavailable
from calendar_sync.domain.events import Event
from calendar_sync.domain.identifiers import EventId
from calendar_sync.domain.providers import Change, Removal, Upsert
from calendar_sync.events.feed import ChangeFeed
from calendar_sync.store import tables
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.payload import decode
from tests.builders import NOW, START, WINDOW, a_calendar, a_connection, a_series, an_actor, an_event
from tests.store.conftest import RUN, Place, a_place
from tests.store.test_cost import counted

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_place(database)


@pytest.fixture
async def feed(database: Database) -> AsyncGenerator[ChangeFeed]:
    feed = ChangeFeed.of(database)
    yield feed
    await feed.close()


async def seqs(feed: ChangeFeed, actor: Actor, after: Position | None = None, limit: int = 100) -> list[int]:
    return [change.seq for change in (await feed.page(actor, after, limit=limit)).items]


async def forget_up_to(place: Place, seq: int) -> None:
    """As compaction does."""
    async with place.database.begin() as tx:
        of_user = tables.changes.c.user_id == place.actor.user_id
        await tx.connection.execute(delete(tables.changes).where(of_user, tables.changes.c.seq <= seq))
        sequence = tables.change_sequences.update().where(tables.change_sequences.c.user_id == place.actor.user_id)
        await tx.connection.execute(sequence.values(compacted_seq=seq, compacted_at=NOW))


# Pages


async def test_pages_follow_one_another_to_the_end_and_on_from_there(feed: ChangeFeed, place: Place) -> None:
    await place.apply(*(an_event(str(number)) for number in range(5)))
    first = await feed.page(place.actor, None, limit=3)
    last = await feed.page(place.actor, first.end, limit=3)
    assert ([each.seq for each in first.items], first.has_more) == ([1, 2, 3], True)
    assert ([each.seq for each in last.items], last.has_more) == ([4, 5], False)
    assert await seqs(feed, place.actor, last.end) == []
    await place.apply(an_event("later"))
    assert await seqs(feed, place.actor, last.end) == [6]


async def test_who_begins_now_sees_what_comes(feed: ChangeFeed, place: Place) -> None:
    before_all = await feed.latest(place.actor)
    await place.apply(an_event("a"))
    now = await feed.latest(place.actor)
    await place.apply(an_event("b"), an_event("c"))
    assert before_all == BEGINNING
    assert await seqs(feed, place.actor, before_all) == [1, 2, 3]
    assert await seqs(feed, place.actor, now) == [2, 3]


async def test_an_empty_page_of_some_changes_leads_past_the_others(feed: ChangeFeed, place: Place) -> None:
    await place.apply(an_event("a"), an_event("b"))
    removals = ChangeFilter(kinds=[ChangeKind.REMOVED])
    page = await feed.page(place.actor, None, wanted=removals, limit=1)
    assert (page.items, page.has_more, page.end.seq) == ([], False, 2)
    await place.apply(Removal("a"))
    assert [each.seq for each in (await feed.page(place.actor, page.end, wanted=removals, limit=1)).items] == [3]


async def test_a_page_is_narrowed_to_calendars(feed: ChangeFeed, place: Place) -> None:
    other = replace(place, calendar=await a_calendar(place.database, place.connection, "other"))
    await place.apply(an_event("a"))
    await other.apply(an_event("b"))
    wanted = ChangeFilter(calendar_ids=[other.calendar.id])
    assert [each.seq for each in (await feed.page(place.actor, None, wanted=wanted, limit=9)).items] == [2]


async def test_everyone_sees_their_own_changes_only(feed: ChangeFeed, place: Place) -> None:
    bob = await a_place(place.database, "bob@example.com")
    await place.apply(an_event("a"))
    await bob.apply(an_event("b"), an_event("c"))
    (own,) = (await feed.page(place.actor, None, limit=9)).items
    assert own.change.remote_id == "a"
    assert await feed.contents(bob.actor, [3]) == {}
    assert await feed.histories(bob.actor, [own.change.event_id], None, 9) == {}
    assert await feed.occurrences(bob.actor, [own.change.event_id], 9) == {}


async def test_a_place_whose_sequel_is_no_longer_kept_is_refused(feed: ChangeFeed, place: Place) -> None:
    await place.apply(*(an_event(str(number)) for number in range(5)))
    start, second, *_ = [BEGINNING, *(each.position for each in (await feed.page(place.actor, None, limit=9)).items)]
    latest = await feed.latest(place.actor)
    await forget_up_to(place, 3)
    for gone in (start, second):
        with pytest.raises(CursorCompacted):
            await feed.page(place.actor, gone, limit=9)
    assert await seqs(feed, place.actor) == [4, 5]
    await forget_up_to(place, 5)
    assert await seqs(feed, place.actor, latest) == await seqs(feed, place.actor) == []
    assert await seqs(feed, place.actor, await feed.latest(place.actor)) == []


async def test_a_place_that_was_lost_with_a_newer_store_is_refused(feed: ChangeFeed, place: Place) -> None:
    """Also when others took its number since: they are not what was seen there."""
    await place.apply(an_event("a"))
    lost = Position(2, LATER)
    with pytest.raises(CursorUnknown):
        await feed.page(place.actor, lost, limit=9)
    await place.apply(an_event("b"), an_event("c"))
    with pytest.raises(CursorUnknown):
        await feed.page(place.actor, lost, limit=9)
    with pytest.raises(CursorUnknown):
        await anext(feed.follow(place.actor, lost))


# What changes were of


async def test_what_came_of_a_change_is_told_though_it_was_changed_since(feed: ChangeFeed, place: Place) -> None:
    versions = [an_event("a", title=title, description=title * 9) for title in ("One", "Two", "Three")]
    for version in versions:
        await place.apply(version)
    found = await feed.contents(place.actor, [1, 2, 3])
    states = [
        (each.before and each.before.event, each.after and each.after.event)
        for each in map(found.__getitem__, [1, 2, 3])
    ]
    assert states == list(zip([None, *versions], versions, strict=False))
    await place.apply(Removal("a"))
    found = await feed.contents(place.actor, [3, 4])
    assert found[3].after == found[4].before
    assert found[4].after is None


async def test_what_is_disconnected_is_told_without_what_it_was(feed: ChangeFeed, place: Place) -> None:
    await place.apply(an_event("a"))
    async with place.database.begin() as tx:
        await tx.connections.delete(place.actor, place.connection.id)
    created, removed = (await feed.page(place.actor, None, limit=9)).items
    assert (created.change.kind, removed.change.kind) == (ChangeKind.CREATED, ChangeKind.REMOVED)
    assert removed.cause is ChangeCause.DISCONNECT
    contents = (await feed.contents(place.actor, [1, 2])).values()
    assert all(each.before is each.after is None for each in contents)


async def test_what_comes_again_after_its_past_was_kept_is_new(feed: ChangeFeed, place: Place) -> None:
    series = a_series(rule="FREQ=DAILY;COUNT=9", start=START - timedelta(days=9))
    await place.apply(series)
    await place.apply(Removal(series.remote_id, since=NOW))
    await place.apply(series)
    kinds = [each.change.kind for each in (await feed.page(place.actor, None, limit=9)).items]
    assert kinds == [ChangeKind.CREATED, ChangeKind.REMOVED, ChangeKind.CREATED]
    found = await feed.contents(place.actor, [1, 2, 3])
    assert {seq: (each.before is None, each.after is None) for seq, each in found.items()} == {
        1: (True, False),
        2: (False, True),
        3: (True, False),
    }


async def test_the_history_of_objects_is_told_backwards_from_any_place(feed: ChangeFeed, place: Place) -> None:
    for title in ("One", "Two", "Three"):
        await place.apply(an_event("a", title=title), an_event("b", title=title))
    items = (await feed.page(place.actor, None, limit=9)).items
    one, other = items[0].change.event_id, items[1].change.event_id
    found = await feed.histories(place.actor, [one, other], None, 2)
    assert {event: [each.seq for each in changes] for event, changes in found.items()} == {one: [5, 3], other: [6, 4]}
    earlier = await feed.histories(place.actor, [one], found[one][-1].position, 2)
    assert [each.seq for each in earlier[one]] == [1]


async def test_the_occurrences_of_objects_are_told_from_the_first(feed: ChangeFeed, place: Place) -> None:
    await place.apply(a_series("s", rule="FREQ=DAILY;COUNT=5"), an_event("e"))
    series, single = [each.change.event_id for each in (await feed.page(place.actor, None, limit=9)).items]
    found = await feed.occurrences(place.actor, [series, single, EventId("evt_none")], 2)
    assert {event: len(each) for event, each in found.items()} == {series: 2, single: 1}
    assert list(found[series]) == [each for each in await place.occurrences() if each.series_id == series][:2]


async def test_any_number_of_changes_cost_as_many_statements_as_one(feed: ChangeFeed, place: Place) -> None:
    for title in ("Old", "New"):
        await place.apply(*(a_series(str(number), rule="FREQ=DAILY;COUNT=3", title=title) for number in range(50)))
    with counted() as cost:
        page = await feed.page(place.actor, None, limit=100)
        events = {each.change.event_id for each in page.items}
        await feed.contents(place.actor, [each.seq for each in page.items])
        await feed.histories(place.actor, events, None, 5)
        await feed.occurrences(place.actor, events, 5)
    assert len(page.items) == 100
    assert len([sent for sent, _ in cost.sent if sent.startswith("SELECT") and "set_config" not in sent]) == 5


# As it happens


async def test_what_was_stored_before_comes_first_and_then_what_is_stored(feed: ChangeFeed, place: Place) -> None:
    await place.apply(an_event("a"), an_event("b"))
    async with aclosing(feed.follow(place.actor, BEGINNING)) as told, asyncio.timeout(10):
        assert [(await anext(told)).seq for _ in range(2)] == [1, 2]
        await place.apply(an_event("c"))
        assert (await anext(told)).seq == 3


async def test_who_follows_is_told_at_once_of_what_this_process_stores(place: Place) -> None:
    await place.apply(an_event("a"))
    feed = ChangeFeed.of(place.database)
    feed.heads.every = 60
    async with aclosing(feed.follow(place.actor, BEGINNING)) as told, asyncio.timeout(10):
        assert (await anext(told)).seq == 1
        waiting = asyncio.create_task(anext(told))
        await place.apply(an_event("b"))
        assert (await waiting).seq == 2
    await feed.close()
    assert place.database.committed == []


async def test_who_follows_without_a_place_is_told_what_comes(feed: ChangeFeed, place: Place) -> None:
    asked = asyncio.Event()

    class Watched(ChangeFeed):
        async def latest(self, actor: Actor) -> Position:
            latest = await super().latest(actor)
            asked.set()
            return latest

    await place.apply(an_event("a"))
    async with aclosing(Watched(feed.database, feed.heads).follow(place.actor)) as told, asyncio.timeout(10):
        waiting = asyncio.create_task(anext(told))
        await asked.wait()
        await place.apply(an_event("b"))
        assert (await waiting).seq == 2


async def test_another_process_is_heard_too(feed: ChangeFeed, place: Place, database_url: str) -> None:
    other = await Database.open(database_url)
    async with aclosing(feed.follow(place.actor, BEGINNING)) as told, asyncio.timeout(10):
        await replace(place, database=other).apply(an_event("a"))
        assert (await anext(told)).seq == 1
    await other.close()


async def test_the_feed_goes_on_when_the_store_is_back(place: Place) -> None:
    away = 3

    class Flaky(Database):
        @asynccontextmanager
        async def begin(self, *, write: bool = True, actor: Actor | None = None) -> AsyncGenerator[Transaction]:
            nonlocal away
            if actor is not None and away:
                away -= 1
                raise StoreUnavailable
            async with super().begin(write=write, actor=actor) as tx:
                yield tx

    await place.apply(an_event("a"))
    feed = ChangeFeed.of(Flaky(place.database._engines))
    async with aclosing(feed.follow(place.actor, None)) as told, asyncio.timeout(10):
        with pytest.raises(StoreUnavailable):
            await anext(told)
    away = 0
    async with aclosing(feed.follow(place.actor, BEGINNING)) as told, asyncio.timeout(10):
        assert (await anext(told)).seq == 1
        away = 1
        await place.apply(an_event("b"))
        assert (await anext(told)).seq == 2
    assert away == 0
    await feed.close()


async def test_who_is_too_slow_is_told_that_changes_are_gone(feed: ChangeFeed, place: Place) -> None:
    await place.apply(an_event("a"))
    async with aclosing(feed.follow(place.actor, BEGINNING)) as told, asyncio.timeout(10):
        assert (await anext(told)).seq == 1
        await place.apply(an_event("b"), an_event("c"))
        await forget_up_to(place, 2)
        with pytest.raises(CursorCompacted):
            await anext(told)


# The law


Write = list[tuple[str, bool]]
"""One transaction: events by name, each put or removed."""
WRITES = st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=3), max_size=4)
READERS = st.lists(st.tuples(st.booleans(), st.integers(1, 5)), min_size=1, max_size=3)
"""Whether it follows live or asks for pages, and after how many changes it comes anew."""


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writers=st.lists(WRITES, min_size=1, max_size=3), readers=READERS)
async def test_whoever_reads_on_sees_every_change_once_and_in_order_whoever_writes_at_once(
    feed: ChangeFeed, writers: Sequence[Sequence[Write]], readers: Sequence[tuple[bool, int]]
) -> None:
    database = feed.database
    actor = await an_actor(database, f"{token_hex(8)}@example.com")
    places = [await another_place(database, actor, str(number)) for number in range(len(writers))]
    reading = [
        asyncio.create_task((followed if is_live else paged)(feed, actor, at_a_time)) for is_live, at_a_time in readers
    ]
    async with asyncio.timeout(60):
        await asyncio.gather(*(write_all(each, writes) for each, writes in zip(places, writers, strict=True)))
        await places[0].apply(an_event("end"))
        seen = await asyncio.gather(*reading)
    everything = (await feed.page(actor, None, limit=10_000)).items
    assert [change.seq for change in everything] == list(range(1, len(everything) + 1))
    assert all(each == everything for each in seen)
    assert await replayed(feed, actor, everything) == await stored(database, places)


async def another_place(database: Database, actor: Actor, identity: str) -> Place:
    connection = await a_connection(database, actor, identity=identity)
    return Place(database, actor, connection, await a_calendar(database, connection))


async def write_all(place: Place, writes: Sequence[Write]) -> None:
    for number, write in enumerate(writes):
        page: list[Change] = [
            Upsert(an_event(name, title=f"{number}")) if is_put else Removal(name) for name, is_put in write
        ]
        with suppress(LookupError):
            async with place.database.begin() as tx:
                await tx.events.apply(place.calendar, page, RUN, WINDOW, NOW + timedelta(minutes=number))
                if len(page) == 3:
                    raise LookupError  # one that fails leaves no gap


async def paged(feed: ChangeFeed, actor: Actor, at_a_time: int) -> Sequence[RecordedChange]:
    seen: list[RecordedChange] = []
    place = BEGINNING
    while not is_over(seen):
        page = await feed.page(actor, place, limit=at_a_time)
        seen += page.items
        place = page.end
    return seen


async def followed(feed: ChangeFeed, actor: Actor, at_a_time: int) -> Sequence[RecordedChange]:
    seen: list[RecordedChange] = []
    while not is_over(seen):
        async with aclosing(feed.follow(actor, seen[-1].position if seen else BEGINNING)) as told:
            for _ in range(at_a_time):
                seen.append(await anext(told))
                if is_over(seen):
                    break
    return seen


def is_over(seen: Sequence[RecordedChange]) -> bool:
    return bool(seen) and seen[-1].change.remote_id == "end"


async def replayed(feed: ChangeFeed, actor: Actor, changes: Sequence[RecordedChange]) -> dict[EventId, Event]:
    """What there is by the changes alone, each of which must begin with what the one before left."""
    contents = await feed.contents(actor, [change.seq for change in changes])
    state: dict[EventId, Event] = {}
    for change in changes:
        before, after = contents[change.seq].before, contents[change.seq].after
        assert state.pop(change.change.event_id, None) == (before.event if before is not None else None)
        assert change.change.kind is kind_of(is_before=before is not None, is_after=after is not None)
        if after is not None:
            state[change.change.event_id] = after.event
    return state


def kind_of(*, is_before: bool, is_after: bool) -> ChangeKind:
    if not is_before:
        return ChangeKind.CREATED
    return ChangeKind.UPDATED if is_after else ChangeKind.REMOVED


async def stored(database: Database, places: Sequence[Place]) -> dict[EventId, Event]:
    async with database.begin(write=False) as tx:
        of_user = tables.events.c.user_id == places[0].actor.user_id
        columns = (tables.events.c.id, tables.events.c.remote_id, tables.events.c.payload)
        rows = await tx.connection.execute(select(*columns).where(of_user))
        return {EventId(id): decode(remote_id, payload) for id, remote_id, payload in rows}
