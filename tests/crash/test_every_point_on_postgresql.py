"""A sync on PostgreSQL may die at any of its commits; the next one makes it good."""

from tests.crash.trial import a_trial
from tests.crash.vendor_scenarios import google
from tests.databases import PostgreSQL


async def test_a_sync_that_dies_anywhere_is_made_good_by_the_next_one(postgresql: PostgreSQL) -> None:
    with postgresql.a_migrated_database() as url:
        async with google() as account:
            trial = await a_trial(account, postgresql.a_copy, url)
            await trial.filled()

            assert trial.change() == await trial.crash_everywhere()
