"""PostgreSQL ends every connection in mid-sync, as it does when it restarts: nothing is lost, whatever it was at."""

from contextlib import suppress
from dataclasses import dataclass
from itertools import count, cycle

from sqlalchemy import make_url

from calendar_sync.domain.errors import StoreUnavailable
from tests.crash.process import CrashPoint, Operations, Side, survives
from tests.crash.trial import Trial, a_trial
from tests.crash.vendor_scenarios import google
from tests.databases import PostgreSQL


@dataclass
class Restart:
    """Ends all connections to a database, as a restart does."""

    server: PostgreSQL
    url: str
    happened: bool = False

    def __call__(self) -> None:
        self.happened = True
        name = make_url(self.url).database
        self.server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608


async def happens_in_a_sync(trial: Trial, restart: Restart, point: CrashPoint) -> bool:
    """Whether there was such a point in the sync, which then either went on or said that the store was away."""
    with suppress(StoreUnavailable):
        await trial.sync(restart.url).run(Operations(point, restart))
    return restart.happened


async def test_a_sync_that_loses_its_connections_at_any_commit_is_made_good_by_the_next_one(
    postgresql: PostgreSQL,
) -> None:
    with postgresql.a_migrated_database() as url:
        async with google() as account:
            trial = await a_trial(account, postgresql.a_copy, url)
            before = await trial.look(url)
            trial.fill()
            with postgresql.a_copy(url) as past:
                assert await survives(trial.sync(url))
                calm = await trial.look(url)
                for number, side in zip(count(1), cycle(Side), strict=False):
                    with postgresql.a_copy(past) as copy:
                        if not await happens_in_a_sync(trial, Restart(postgresql, copy), CrashPoint(number, side)):
                            break
                        await trial.expect_recovery(copy, before, calm)

    assert number > 5
