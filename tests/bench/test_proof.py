"""A short form of the proof run: real processes, of which one is killed again and again."""

from pathlib import Path

import pytest

from bench.scale.claims import claims_of, report
from bench.scale.postgres import PostgreSQL
from bench.scale.proof import Options, prove
from tests import databases

SHORT = Options(connections=20, seconds=5, interval=3, apis=1, workers=2, kill_every=3, changes=3, slack=30)


@pytest.mark.timeout(300)
async def test_workers_that_are_killed_lose_nothing_and_sync_nothing_twice(
    postgresql: databases.PostgreSQL, tmp_path: Path
) -> None:
    with postgresql.a_migrated_database() as url:
        seen = await prove(SHORT, await PostgreSQL.at(url), tmp_path)

    claims = claims_of(seen)
    assert all(claim.holds for claim in claims), report(seen, claims)
    assert seen.kills
    assert sum(seen.changes.values()) > 0
    assert seen.answers
