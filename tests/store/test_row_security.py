"""PostgreSQL itself keeps organisations apart: raw statements, as the role that the server runs as."""

import ast
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass

import pytest
from sqlalchemy import Column, Connection, Delete, Insert, Table, Update, delete, insert, inspect, select, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.identifiers import OrganizationId, UserId
from calendar_sync.store.columns import Moment, StoredText
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.tables import metadata, organizations
from tests.builders import NOW
from tests.commands import ROOT
from tests.databases import PostgreSQL

_OWNERS = {"organization_id": "organizations", "user_id": "users", "connection_id": "connections"}
_OWNERS |= {"calendar_id": "calendars", "event_id": "events"}
_OWNERS |= {"endpoint_id": "webhook_endpoints", "message_id": "webhook_messages", "delivery_id": "webhook_deliveries"}
_OF_NOBODY = {
    "alembic_version": "It says of which version the store is.",
    "sync_queue": "Only workers read it, for everybody. A job names a connection and its organisation, no more.",
    "sync_queue_log": "The same, of jobs that are done.",
    "sync_queue_statistics": "Numbers of jobs, of all together.",
    "sync_queue_schedules": "PgQueuer's own, and empty.",
    "request_budgets": "Numbers under hashes of accounts, which several organisations may have in common.",
}
"""Tables without an organisation, and why they have none."""

OWNED = [table for table in metadata.sorted_tables if table is organizations or set(table.c.keys()) & _OWNERS.keys()]


def row(table: Table, owner: str, *, number: int = 1) -> dict[str, object]:
    """The so-manieth row that hangs from the organisation `owner`, in whatever table."""
    return {column.name: _value(table, column, owner, number) for column in table.c}


def _value(table: Table, column: "Column[object]", owner: str, number: int) -> object:
    if column.name in _OWNERS:
        return _named(_OWNERS[column.name], owner, 1)
    if isinstance(column.type, StoredText):
        return _named(table.name if column.name == "id" else column.name, owner, number)
    return NOW if isinstance(column.type, Moment) else column.type.python_type(number)


def _named(what: str, owner: str, number: int) -> str:
    return f"{what} {number} of {owner}"


def of(table: Table, owner: str) -> Mapping["Column[object]", object]:
    """What the owner's row is known by."""
    values = row(table, owner)
    return {column: values[column.name] for column in table.primary_key}


def an_actor_of(owner: str) -> Actor:
    return Actor(UserId(_named("users", owner, 1)), OrganizationId(_named("organizations", owner, 1)))


@pytest.fixture
async def database(postgresql_url: str) -> AsyncGenerator[Database]:
    """With a row of each of two organisations in each table that has an organisation."""
    database = await Database.open(postgresql_url)
    async with database.begin() as tx:
        for table in OWNED:
            await tx.connection.execute(insert(table), [row(table, "Acme"), row(table, "Other")])
    yield database
    await database.close()


@dataclass(frozen=True)
class Protection:
    is_enabled: bool
    is_forced: bool
    has_policy: bool


_PROTECTION = text(
    "SELECT relrowsecurity, relforcerowsecurity, EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid) "
    "FROM pg_class WHERE oid = CAST(:name AS regclass)"
)


def unprotected(connection: Connection) -> Iterable[str]:
    """Tables, of the models and of the database, in which organisations are not kept apart though there should be."""
    for name in {*metadata.tables, *inspect(connection).get_table_names()} - _OF_NOBODY.keys():
        found = connection.execute(_PROTECTION, {"name": name}).one()
        if Protection(*found) != Protection(is_enabled=True, is_forced=True, has_policy=True):
            yield name


async def test_every_table_that_has_an_organisation_is_protected(database: Database) -> None:
    async with database.begin() as tx:
        assert await tx.connection.run_sync(lambda connection: sorted(unprotected(connection))) == []
        present = await tx.connection.run_sync(lambda connection: set(inspect(connection).get_table_names()))
    assert present == {table.name for table in OWNED} | _OF_NOBODY.keys()


async def test_a_table_that_was_forgotten_is_found(postgresql: PostgreSQL) -> None:
    with postgresql.an_empty_database() as url:
        store = await Database.open(url)
        await store.migrate()
        async with store.begin() as tx:
            await tx.connection.execute(text("CREATE TABLE forgotten (user_id TEXT REFERENCES users)"))
            assert await tx.connection.run_sync(lambda connection: list(unprotected(connection))) == ["forgotten"]
        await store.close()


async def visible(tx: Transaction) -> Mapping[str, set[object]]:
    """What is read of each table without any condition."""
    return {
        table.name: {tuple(found) for found in await tx.connection.execute(select(*table.primary_key))}
        for table in OWNED
    }


def rows_of(*owners: str) -> Mapping[str, set[tuple[object, ...]]]:
    return {table.name: {tuple(of(table, owner).values()) for owner in owners} for table in OWNED}


async def test_a_transaction_for_an_organisation_sees_its_rows_and_no_others(database: Database) -> None:
    for owner in ("Acme", "Other"):
        async with database.begin(write=False, actor=an_actor_of(owner)) as tx:
            assert await visible(tx) == rows_of(owner)


async def test_a_transaction_for_everybody_sees_everything(database: Database) -> None:
    async with database.begin(write=False) as tx:
        assert await visible(tx) == rows_of("Acme", "Other")


async def test_a_transaction_that_says_nothing_sees_nothing(database: Database, postgresql_url: str) -> None:
    engine = create_async_engine(postgresql_url)
    async with engine.connect() as connection:
        assert await visible(Transaction(connection)) == rows_of()
    await engine.dispose()


async def test_what_one_transaction_said_is_forgotten_with_it(database: Database, postgresql_url: str) -> None:
    alone = await Database.open(postgresql_url, connections=1)
    for actor, seen in [(None, rows_of("Acme", "Other")), (an_actor_of("Acme"), rows_of("Acme"))] * 2:
        async with alone.begin(actor=actor) as tx:
            assert await visible(tx) == seen
    await alone.close()


async def test_an_organisation_of_no_such_name_sees_nothing(database: Database) -> None:
    for name in ("", "%", "Acme", "organizations 1 of Acme ", "'*'"):
        async with database.begin(actor=Actor(UserId("u"), OrganizationId(name))) as tx:
            assert await visible(tx) == rows_of(), name


async def refused(database: Database, statement: Insert | Update | Delete) -> bool:
    """Whether the statement is refused by row-level security when Acme has it executed. Nothing stays of it."""
    try:
        async with database.begin(actor=an_actor_of("Acme")) as tx:
            await tx.connection.execute(statement)
            await tx.connection.rollback()
    except StoreUnavailable as error:
        return "row-level security" in str(error.__cause__)
    return False


async def test_another_s_rows_are_neither_changed_nor_deleted(database: Database) -> None:
    async with database.begin(actor=an_actor_of("Acme")) as tx:
        for table in reversed(OWNED):
            theirs = [column == value for column, value in of(table, "Other").items()]
            known_by = next(iter(table.primary_key))
            changed = await tx.connection.execute(update(table).where(*theirs).values({known_by: known_by}))
            deleted = await tx.connection.execute(delete(table).where(*theirs))
            assert (changed.rowcount, deleted.rowcount) == (0, 0), table
            assert (await tx.connection.execute(delete(table))).rowcount == 1, table
    async with database.begin(write=False) as tx:
        assert await visible(tx) == rows_of("Other")


async def test_nothing_is_added_for_another_or_given_to_them(database: Database) -> None:
    for table in OWNED:
        theirs = row(table, "Other", number=2)
        owner = next(
            name for name in ("organization_id", "user_id", "connection_id", "calendar_id", "id") if name in theirs
        )
        assert await refused(database, insert(table).values(theirs)), table
        assert await refused(database, update(table).values({owner: row(table, "Other")[owner]})), table


async def test_one_s_own_is_changed_deleted_and_added(database: Database) -> None:
    """So that the tests above could fail."""
    for table in OWNED:
        known_by = next(iter(table.primary_key))
        async with database.begin(actor=an_actor_of("Acme")) as tx:
            assert (await tx.connection.execute(update(table).values({known_by: known_by}))).rowcount == 1, table
            assert (await tx.connection.execute(delete(table))).rowcount == 1, table
            await tx.connection.execute(insert(table).values(row(table, "Acme")))
            await tx.connection.rollback()


SERVICES = ["access/service", "connections/service", "connections/oauth", "connections/org_calendars"]
SERVICES += ["events/service", "sync/service", "webhooks/service"]
_FOR_EVERYBODY = {
    ("connections/oauth", "begin"): "Consents that nobody came back for are forgotten, whoever's they are.",
}
"""Where an actor is known and a transaction is for everybody all the same, and why."""


@pytest.mark.parametrize("name", SERVICES)
def test_whoever_serves_an_actor_says_so_to_the_database(name: str) -> None:
    module = ast.parse((ROOT / "calendar_sync" / f"{name}.py").read_text())
    functions = [node for node in ast.walk(module) if isinstance(node, ast.AsyncFunctionDef)]
    silent = {
        (name, function.name)
        for function in functions
        if "actor" in {argument.arg for argument in function.args.args}
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("database.begin")
        if "actor" not in {keyword.arg for keyword in call.keywords}
    }
    assert silent == {place for place in _FOR_EVERYBODY if place[0] == name}
