"""Connections: one per account and user, theirs alone, gone with all that came by them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from calendar_sync.domain.changes import ChangeKind
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import ProviderName, Quarantine
from calendar_sync.domain.sync import Trigger
from calendar_sync.store import tables
from calendar_sync.store.database import Database
from tests.builders import NOW, a_calendar, a_connection, a_series, an_actor, an_event
from tests.store.conftest import Place, a_place

LATER = NOW + timedelta(hours=1)


async def test_a_new_connection_is_active_and_due_at_once(database: Database) -> None:
    actor = await an_actor(database)
    connection = await a_connection(database, actor, email="someone@example.com")
    assert connection.status is ConnectionStatus.ACTIVE
    assert (connection.account_email, connection.last_sync_at, connection.created_at) == (
        "someone@example.com",
        None,
        NOW,
    )
    async with database.begin() as tx:
        assert await tx.requests.claim_due(NOW - timedelta(seconds=1), LATER, limit=5) == []
        claimed = await tx.requests.claim_due(NOW, LATER, limit=5)
    assert [each.connection for each in claimed] == [connection]


async def test_connecting_the_same_account_again_keeps_everything_and_makes_it_active(place: Place) -> None:
    await place.apply(an_event())
    (before,) = await place.occurrences()
    async with place.database.begin() as tx:
        await tx.connections.mark(place.connection.id, ConnectionStatus.RECONNECT_REQUIRED, "Token expired")
        await tx.connections.save(
            id=place.connection.id,
            actor=place.actor,
            provider=place.connection.provider,
            identity="someone",
            email="new@example.com",
            ciphertext="another secret",
            now=LATER,
        )
        (connection,) = await tx.connections.list(place.actor)
        assert await tx.connections.ciphertext(connection.id) == "another secret"
    assert (connection.id, connection.created_at) == (place.connection.id, NOW)
    assert (connection.status, connection.last_error) == (ConnectionStatus.ACTIVE, None)
    assert connection.account_email == "new@example.com"
    assert await place.occurrences() == [before]


async def test_the_identity_of_an_account_is_not_stored(database: Database) -> None:
    """The address of a private feed is all it takes to read it."""
    actor = await an_actor(database)
    await a_connection(database, actor, identity="https://example.com/canary.ics", email=None)
    async with database.begin(write=False) as tx:
        (row,) = await tx.connection.execute(select(tables.connections))
    assert "canary" not in repr(row)


async def test_a_run_s_outcome_is_kept(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.mark(place.connection.id, ConnectionStatus.RECONNECT_REQUIRED, "Token expired")
        marked = await tx.connections.get(place.actor, place.connection.id)
        assert await tx.requests.claim_due(LATER, LATER, limit=5) == []
        await tx.connections.mark(place.connection.id, ConnectionStatus.ACTIVE, None)
        await tx.requests.ask([place.connection.id], Trigger.USER, NOW, until=LATER)
        begun = await tx.requests.begin(place.connection.id, "process", timedelta(seconds=9), NOW)
        assert begun is not None
        await tx.connections.release(begun.lease, begun.serves, synced_at=LATER)
        synced = await tx.connections.get(place.actor, place.connection.id)
    assert (marked.status, marked.last_error) == (ConnectionStatus.RECONNECT_REQUIRED, "Token expired")
    assert (synced.last_sync_at, synced.last_error) == (LATER, None)


async def test_events_are_counted_by_connection(database: Database) -> None:
    place, other = await a_place(database), await a_place(database, "other@example.com")
    await place.apply(an_event(), a_series(rule="FREQ=DAILY;COUNT=3"))
    await other.apply(an_event())
    await a_connection(database, place.actor, identity="empty")
    async with database.begin(write=False) as tx:
        assert await tx.connections.event_counts(place.actor) == {place.connection.id: 4}


async def test_disconnecting_leaves_nothing_but_the_record_that_it_went(database: Database) -> None:
    place, other = await a_place(database), await a_place(database, "other@example.com")
    for each in (place, other):
        await each.apply(an_event(), a_series(), Quarantine("x", "No.", "…"))
        async with database.begin() as tx:
            await tx.runs.start(each.connection, Trigger.USER, NOW)
    async with database.begin() as tx:
        await tx.connections.delete(place.actor, place.connection.id, LATER)
    kinds = [(change.seq, change.change.kind, change.run_id is None) for change in await place.changes()]
    created, removed = (ChangeKind.CREATED, False), (ChangeKind.REMOVED, True)
    assert kinds == [(1, *created), (2, *created), (3, *removed), (4, *removed)]
    async with database.begin(write=False) as tx:
        for table in ("connections", "calendars", "events", "occurrences", "event_problems", "sync_runs"):
            owners = await tx.connection.scalar(select(func.count()).select_from(tables.metadata.tables[table]))
            assert (table, owners) == (table, {"events": 2, "occurrences": 53}.get(table, 1))
    assert len(await other.occurrences()) == 53


async def test_a_user_s_connections_are_theirs_alone(database: Database) -> None:
    place, other = await a_place(database), await a_place(database, "other@example.com")
    await place.apply(an_event())
    async with database.begin() as tx:
        assert await tx.connections.list(other.actor) == [other.connection]
        assert await tx.connections.event_counts(other.actor) == {}
        for attempt in (tx.connections.get, tx.connections.delete):
            with pytest.raises(NotFound):
                await attempt(other.actor, place.connection.id)
    assert len(await place.occurrences()) == 1


async def test_two_users_may_connect_the_same_account(database: Database) -> None:
    one, other = await a_place(database), await a_place(database, "other@example.com")
    assert one.connection.id != other.connection.id
    assert one.calendar.id != other.calendar.id


async def test_of_one_user_an_account_of_two_providers_is_two_connections(database: Database) -> None:
    actor = await an_actor(database)
    apple = await a_connection(database, actor, provider=ProviderName.APPLE_CALENDAR)
    caldav = await a_connection(database, actor, provider=ProviderName.CALDAV)
    assert apple.id != caldav.id
    first, second = await a_calendar(database, apple), await a_calendar(database, caldav)
    assert first.id != second.id


async def test_credentials_are_replaced_and_can_be_tried(place: Place) -> None:
    async with place.database.begin() as tx:
        await tx.connections.set_ciphertext(place.connection.id, "rotated")
        assert await tx.connections.ciphertext(place.connection.id) == "rotated"
        assert await tx.connections.any_ciphertext() == "rotated"
        with pytest.raises(NotFound):
            await tx.connections.ciphertext(ConnectionId("tcred_none"))


async def test_background_work_finds_a_connection_by_its_id(place: Place) -> None:
    async with place.database.begin(write=False) as tx:
        assert await tx.connections.by_id(place.connection.id) == place.connection
        assert await tx.connections.by_id(ConnectionId("tcred_none")) is None
