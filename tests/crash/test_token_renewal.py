"""A process may die at any moment of the renewal of an access token.

What must hold: the credentials in the store are whole, the next process waits for the lease of the dead one and no
longer, and it either gets a token or the account says that it must be connected again; what is stored of its calendars
stays.

What cannot hold: of a provider whose refresh tokens serve once, the answer is the only way to the next one, and nothing
can put what it sent and what we store into one transaction. A process that dies in between has lost the grant, in a
window as long as one commit. The vendors' own rules are what helps:

- Google does not rotate refresh tokens: the stored one is as good as before.
- Microsoft gives a new one each time and lets the old one live on: the stored one still serves.
- Zoom kills the old one when it gives the new one: the account has to be connected again, and is told so. Connecting it
  again gives the same connection, calendars and events.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from calendar_sync.connections.tokens import LEASE
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.store.database import Database
from calendar_sync.store.sealed_accounts import unseal
from simulators.server import serving
from tests.builders import an_actor
from tests.connections.token_server import TokenServer
from tests.connections.world import KEYRING, a_zoom_connection
from tests.crash.errands import RealTime, Renewal
from tests.crash.process import CrashPoint, Side, ended, start, survives
from tests.sync.world import NOW, Clock

TAKE_LEASE, ASK, STORE = 1, 2, 3
RULES: Mapping[str, Mapping[str, bool]] = {
    "google": {"rotates": False},
    "microsoft": {"rotates": True, "buries": False},
    "zoom": {"rotates": True, "buries": True},
}
"""Of the refresh tokens of vendors."""


@dataclass(frozen=True)
class Account:
    server: TokenServer
    errand: Renewal

    def later(self) -> Renewal:
        """The same once the lease of the first process is out."""
        return replace(self.errand, clock=Clock(NOW + LEASE + timedelta(seconds=1)))

    async def stored(self) -> tuple[ConnectionStatus, Mapping[str, str]]:
        database = await Database.open(self.errand.database_url)
        async with database.begin(write=False) as tx:
            found = await tx.credentials.read(self.errand.connection.id)
        await database.close()
        assert found is not None
        return found.status, unseal(KEYRING, found.connection_id, found.ciphertext).credentials


@asynccontextmanager
async def an_account(url: str, rules: Mapping[str, bool]) -> AsyncIterator[Account]:
    """Its access token is out."""
    server = TokenServer(**rules)  # type: ignore[arg-type]  # its two switches
    database = await Database.open(url)
    actor = await an_actor(database)
    connection = await a_zoom_connection(database, actor, server.refresh_token(), "access-old", is_due=True)
    await database.close()
    async with serving(server.app) as address:
        yield Account(server, Renewal(url, address, connection, Clock()))


def is_between_the_answer_and_the_store(point: CrashPoint) -> bool:
    return point in {CrashPoint(ASK, Side.AFTER), CrashPoint(STORE, Side.BEFORE)}


@pytest.mark.parametrize("vendor", RULES)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("operation", [TAKE_LEASE, ASK, STORE])
async def test_the_next_process_gets_a_token_or_says_that_the_grant_is_gone(
    sqlite_url: str, vendor: str, operation: int, side: Side
) -> None:
    point = CrashPoint(operation, side)
    async with an_account(sqlite_url, RULES[vendor]) as account:
        assert not await survives(account.errand, point)
        torn_status, _ = await account.stored()
        assert await survives(account.later())
        status, credentials = await account.stored()

    assert torn_status is ConnectionStatus.ACTIVE
    if vendor == "zoom" and is_between_the_answer_and_the_store(point):
        assert status is ConnectionStatus.RECONNECT_REQUIRED
    else:
        assert status is ConnectionStatus.ACTIVE
        assert credentials["access_token"] != "access-old"
        assert credentials["refresh_token"] in account.server.alive


async def test_there_are_no_other_points_to_crash_at(sqlite_url: str) -> None:
    async with an_account(sqlite_url, RULES["zoom"]) as account:
        assert await survives(account.errand, CrashPoint(STORE + 1, Side.BEFORE))


async def test_a_process_that_waits_long_for_its_answer_keeps_its_lease_and_one_that_dies_does_not(
    sqlite_url: str,
) -> None:
    async with an_account(sqlite_url, RULES["microsoft"]) as account:
        errand = replace(account.errand, clock=RealTime(), lease=timedelta(seconds=0.6))
        account.server.gate.clear()
        waiting = start(errand)
        await account.server.waiting.wait()
        account.server.waiting.clear()
        another = start(errand)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(account.server.waiting.wait(), 2 * errand.lease.total_seconds())

        waiting.kill()
        await account.server.waiting.wait()
        account.server.gate.set()
        ends = [await ended(process) for process in (waiting, another)]
        status, _ = await account.stored()

    assert ends == [False, True]
    assert (len(account.server.asked), status) == (2, ConnectionStatus.ACTIVE)
