"""Any store becomes one of this version, whoever else is at it; a newer one is refused."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from calendar_sync.store.database import Database
from calendar_sync.store.migrations.check import differences


async def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database, database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_ready(database: Database) -> None:
    await database.ready()
    async with database.begin() as tx:
        await tx.connection.execute(text("select 1"))
