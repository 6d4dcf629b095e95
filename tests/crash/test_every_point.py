"""A sync of any provider may die at any of its durable operations; the next one makes it good."""

import pytest

from tests.crash.scenarios import Scene, caldav, ics
from tests.crash.trial import a_copied_file, a_trial
from tests.crash.vendor_scenarios import outlook, zoom


@pytest.mark.parametrize("scenario", [caldav, ics, outlook, zoom])
async def test_a_sync_that_dies_anywhere_is_made_good_by_the_next_one(scenario: Scene, sqlite_url: str) -> None:
    async with scenario() as account:
        trial = await a_trial(account, a_copied_file, sqlite_url)
        await trial.filled()

        assert trial.change() == await trial.crash_everywhere()
