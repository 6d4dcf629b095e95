"""A first sync, and one for which the provider refuses its cursor, may die at any of their durable operations."""

from tests.crash.process import survives
from tests.crash.trial import a_copied_file, a_trial
from tests.crash.vendor_scenarios import google


async def test_a_sync_that_dies_anywhere_is_made_good_by_the_next_one(sqlite_url: str) -> None:
    async with google() as account:
        trial = await a_trial(account, a_copied_file, sqlite_url)

        assert trial.fill() == await trial.crash_everywhere()
        trial.change()
        assert await survives(trial.sync(trial.url))
        account.forget()
        assert trial.change_unseen() == await trial.crash_everywhere()
