"""A sync of a vendor's own API may die at any of its durable operations; the next one makes it good."""

import pytest

from tests.crash.scenarios import Scene, google
from tests.crash.trial import a_copied_file, a_trial


@pytest.mark.parametrize("scenario", [google])
async def test_a_sync_that_dies_anywhere_is_made_good_by_the_next_one(scenario: Scene, sqlite_url: str) -> None:
    async with scenario() as account:
        await (await a_trial(account, a_copied_file, sqlite_url)).crash_in_every_sync()
