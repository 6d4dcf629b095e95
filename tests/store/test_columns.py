"""Values mean the same on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from calendar_sync.store.bulk import sqlite_text
from calendar_sync.store.columns import among
from calendar_sync.store.database import Database
from calendar_sync.store.tables import organizations
from tests.builders import NOW

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment",
    [NOW, NOW.replace(microsecond=1), NOW.astimezone(timezone(timedelta(hours=-5, minutes=-30))), FIRST, LAST],
)
async def test_an_instant_comes_back_aware_and_in_utc(moment: datetime, database: Database) -> None:
    async with database.begin() as tx:
        await tx.accounts.create_organization("Acme", moment)
        stored = await tx.connection.scalar(select(organizations.c.created_at))
    assert stored == moment
    assert stored is not None
    assert stored.tzinfo is UTC


async def test_a_naive_time_is_refused(database: Database) -> None:
    async def store() -> None:
        async with database.begin() as tx:
            await tx.accounts.create_organization("Acme", NOW.replace(tzinfo=None))

    with pytest.raises(StatementError, match="naive"):
        await store()


async def test_rows_handed_to_the_driver_have_instants_as_all_others_have(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    moment = NOW.replace(microsecond=5)
    async with database.begin() as tx:
        await tx.accounts.create_organization("Acme", moment)
        (row,) = await tx.connection.exec_driver_sql("SELECT created_at FROM organizations")
    await database.close()
    assert row.created_at == sqlite_text(moment) == "2026-03-02 12:00:00.000005"


async def test_a_text_loses_what_only_one_database_could_hold(database: Database) -> None:
    async with database.begin() as tx:
        await tx.accounts.create_organization("A\x00c\ud800me 🗓", NOW)
        assert await tx.accounts.organization_by_name("Ac\udfffme 🗓") is not None


@pytest.mark.parametrize(
    "names", [[], ["Acme"], ["Acme", "Other", 'a "quote"', "no\x00ne"], [str(n) for n in range(40_000)]]
)
async def test_among_is_in_whatever_there_are(names: list[str], database: Database) -> None:
    async with database.begin() as tx:
        for name in ("Acme", 'a "quote"'):
            await tx.accounts.create_organization(name, NOW)
        found = set(await tx.connection.scalars(select(organizations.c.name).where(among(organizations.c.name, names))))
        rest = set(await tx.connection.scalars(select(organizations.c.name).where(~among(organizations.c.name, names))))
    assert found == {"Acme", 'a "quote"'} & set(names)
    assert rest == {"Acme", 'a "quote"'} - set(names)
