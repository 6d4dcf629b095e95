"""How processes begin: several at once, a worker without PostgreSQL, a server without a worker."""

import asyncio
from datetime import timedelta
from pathlib import Path

from tests.commands import Run, process_logging, run, started, told
from tests.databases import PostgreSQL
from tests.lifecycle.office import KEY, an_office

__all__ = ["process_logging", "run"]


def test_a_worker_on_sqlite_is_refused(run: Run) -> None:
    said = told(run("worker"))

    assert said == "A worker needs PostgreSQL: on SQLite, `calendar-sync serve` does the background work itself."
    assert list(Path.cwd().iterdir()) == []


async def test_two_migrations_of_an_empty_postgresql_at_once_make_one_store(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    with postgresql.an_empty_database() as url:
        settings = {"DATABASE_URL": url, "ENCRYPTION_KEYS": KEY}
        both = [asyncio.to_thread(started, tmp_path, "migrate", **settings) for _ in range(2)]

        ended = await asyncio.gather(*both)
        async with an_office(tmp_path, url) as office:
            await office.look()

    assert [(each.status, each.err) for each in ended] == [(0, "")] * 2


async def test_a_sync_that_no_worker_takes_up_ends_in_time_and_is_done_once_one_is_there(
    tmp_path: Path, postgresql_url: str
) -> None:
    async with an_office(tmp_path, postgresql_url) as office:
        empty = await office.look()
        office.gate.opened.set()
        office.services.sync.patience = timedelta(seconds=0.5)

        in_vain = await office.sync()
        await office.worker()
        await office.services.sync.settled()
        after = await office.expect_equal_to_provider(empty)

    assert in_vain.errors == ("caldav: The sync has not ended yet; it goes on, and what it finds is stored.",)
    assert len(after.runs) == 1
