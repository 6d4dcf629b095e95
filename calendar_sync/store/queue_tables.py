"""PgQueuer's tables on PostgreSQL: their names, and how a migration makes them.

Its trigger and its notifications are left out: with many workers they wake all of them for each job, and PostgreSQL
lets only one transaction at a time commit a notification. Workers ask instead.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache

from pgqueuer.adapters.persistence import schema_ddl
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.schema.declaration import target
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT_LOG = timedelta(minutes=10)
"""How long the queue's own log is kept. What came of a run is in `sync_runs`, and stays there."""


@cache
def queue_settings() -> DBSettings:
    """The names of its objects, all said here: nothing is taken from the environment."""
    return DBSettings(
        prefix="",
        db_schema=None,
        channel=Channel("sync_queue_changed"),
        function="sync_queue_changed",
        trigger="sync_queue_changed",
        queue_table="sync_queue",
        queue_table_log="sync_queue_log",
        statistics_table="sync_queue_statistics",
        schedules_table="sync_queue_schedules",
        queue_status_type="sync_queue_status",
        durability=Durability.balanced,
        widen_id=False,
    )


def install(connection: Connection) -> None:
    """Make the tables. They are those of the release of PgQueuer that the lock names."""
    for statement in _statements(queue_settings()):
        connection.exec_driver_sql(statement)


def _statements(settings: DBSettings) -> Iterator[str]:
    schema = target(settings)
    yield from (schema_ddl.render_enum(entry, settings) for entry in schema.enums)
    yield from (schema_ddl.render_table(entry, settings) for entry in schema.tables)
    yield from (schema_ddl.render_index(entry, settings) for entry in schema.indexes)
    vacuuming = QueryBuilderEnvironment(settings).build_optimize_autovacuum_query()
    yield from (statement for statement in vacuuming.split(";") if statement.strip())


async def trim_log(connection: AsyncConnection, at_most: int) -> int:
    """Delete that many entries of the queue's log that are older than `KEPT_LOG`; how many there were."""
    old = text(
        "DELETE FROM sync_queue_log WHERE id = ANY (ARRAY(SELECT id FROM sync_queue_log "
        "WHERE created < now() - CAST(:kept AS interval) ORDER BY created LIMIT :most FOR UPDATE SKIP LOCKED))"
    )
    return (await connection.execute(old, {"kept": KEPT_LOG, "most": at_most})).rowcount
