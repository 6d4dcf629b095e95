"""The queue's tables are those of the release of PgQueuer that is locked, under our names, whatever the environment."""

from collections.abc import Iterator

import pytest
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.store.database import Database
from calendar_sync.store.queue_driver import Within
from calendar_sync.store.queue_tables import queue_settings

TABLES = {"sync_queue", "sync_queue_log", "sync_queue_statistics", "sync_queue_schedules"}
LEFT_OUT = ("FUNCTION", "TRIGGER")


@pytest.fixture
def _settings_anew() -> Iterator[None]:
    queue_settings.cache_clear()
    yield
    queue_settings.cache_clear()


async def tables(connection: AsyncConnection) -> set[str]:
    names = await connection.run_sync(lambda there: inspect(there).get_table_names())
    return {name for name in names if name.startswith("sync_queue")}


async def test_they_are_those_of_the_release_but_for_its_notifications(postgresql_url: str) -> None:
    settings = queue_settings()
    database = await Database.open(postgresql_url)
    async with database.begin() as tx:
        queries = Queries(Within(tx.connection), qbe=QueryBuilderEnvironment(settings), qbq=QueryQueueBuilder(settings))
        plan = await queries.plan_upgrade()
        triggers = await tx.connection.scalar(
            text("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'sync_queue'::regclass AND NOT tgisinternal")
        )
        assert await tables(tx.connection) == TABLES
    await database.close()
    wanted = [statement for statement in plan.statements if not any(each in statement for each in LEFT_OUT)]
    assert (wanted, plan.notes, triggers) == ([], (), 0)


async def test_there_are_none_in_a_file(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    async with database.begin() as tx:
        assert await tables(tx.connection) == set()
    await database.close()


@pytest.mark.usefixtures("_settings_anew")
def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = queue_settings()
    for name in ("SCHEMA", *(field.upper() for field in DBSettings.model_fields)):
        value = {"DURABILITY": "volatile", "WIDEN_ID": "true"}.get(name, "elsewhere_")
        for spelling in (name, f"PGQUEUER_{name}"):
            monkeypatch.setenv(spelling, value)
    queue_settings.cache_clear()
    assert DBSettings().queue_table == "elsewhere_"
    assert queue_settings() == before
    assert before.queue_table == "sync_queue"
