"""Keys can be changed while all goes on, and no secret is ever unreadable on the way."""

import asyncio
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path

import pytest

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import CalendarSyncError
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import Account, ProviderName
from calendar_sync.store.consents import Consent, seal_verifier, unseal_verifier
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.reencryption import Reencrypted, reencrypt
from calendar_sync.store.sealed_accounts import seal, unseal
from tests.builders import NOW, a_connection, an_actor

OLD_KEY, NEW_KEY = (urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))
OLD, NEW, BOTH = Keyring.of(OLD_KEY), Keyring.of(NEW_KEY), Keyring.of(f"{NEW_KEY},{OLD_KEY}")


async def accounts(database: Database, number: int, keyring: Keyring = OLD) -> dict[ConnectionId, Account]:
    """So many connected accounts, with secrets under a key ring."""
    actor, made = await an_actor(database), {}
    for index in range(number):
        connection = await a_connection(database, actor, identity=f"account {index}")
        made[connection.id] = Account(f"account {index}", None, {"password": f"secret {index}"})
        async with database.begin() as tx:
            await tx.connections.set_ciphertext(connection.id, seal(keyring, connection.id, made[connection.id]))
    return made


async def readable(database: Database, keyring: Keyring, connections: dict[ConnectionId, Account]) -> bool:
    async with database.begin(write=False) as tx:
        found = {id: unseal(keyring, id, await tx.connections.ciphertext(id)) for id in connections}
    return found == connections


async def a_consent(database: Database, actor: Actor) -> Consent:
    sealed = seal_verifier(OLD, "hash", "verifier")
    consent = Consent("hash", actor, ProviderName.ZOOM, "http://x", sealed, NOW + timedelta(days=1))
    async with database.begin() as tx:
        await tx.consents.add(consent, NOW)
    return consent


async def test_every_secret_comes_under_the_first_key_in_batches(database: Database) -> None:
    made = await accounts(database, 5)

    assert await reencrypt(database, BOTH, batch=2) == Reencrypted(done=5, unreadable=0)
    assert await readable(database, NEW, made)
    assert await reencrypt(database, BOTH, batch=2) == Reencrypted(done=0, unreadable=0)


async def test_a_consent_under_way_survives_the_change(database: Database) -> None:
    await a_consent(database, await an_actor(database))

    assert (await reencrypt(database, BOTH)).done == 1

    async with database.begin() as tx:
        consent = await tx.consents.take("hash", NOW)
    assert consent is not None
    assert unseal_verifier(NEW, consent) == "verifier"


async def test_a_secret_of_a_key_that_is_lost_is_counted_and_left(database: Database) -> None:
    made = await accounts(database, 3)
    await a_consent(database, await an_actor(database, "eve@example.com"))

    assert await reencrypt(database, NEW, batch=2) == Reencrypted(done=0, unreadable=4)
    assert await readable(database, OLD, made)


async def test_stopped_at_any_moment_all_is_readable_and_the_rest_is_done_later(database: Database) -> None:
    made = await accounts(database, 6)
    done = 0
    for steps in range(0, 30, 3):
        task = asyncio.create_task(reencrypt(database, BOTH, batch=1))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await readable(database, BOTH, made)
    done = (await reencrypt(database, BOTH)).done

    assert done <= 6
    assert await readable(database, NEW, made)


async def test_what_is_renewed_meanwhile_is_not_overwritten(database: Database) -> None:
    (connection,) = await accounts(database, 1)
    renewed = Account("account 0", None, {"password": "renewed"})

    async def renew() -> None:
        async with database.begin() as tx:
            await tx.connections.set_ciphertext(connection, seal(BOTH, connection, renewed))

    await asyncio.gather(renew(), reencrypt(database, BOTH))

    assert await readable(database, NEW, {connection: renewed})


async def test_an_old_key_that_was_taken_off_the_ring_opens_nothing(database: Database) -> None:
    made = await accounts(database, 1)
    await reencrypt(database, BOTH)

    with pytest.raises(CalendarSyncError):
        await readable(database, OLD, made)


def rotated(url: str, keys: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("calendar-sync")
    environment = {**os.environ, "CALENDAR_SYNC_DATABASE_URL": url, "CALENDAR_SYNC_ENCRYPTION_KEYS": keys}
    return subprocess.run([command, "secrets", "rotate"], env=environment, capture_output=True, text=True, check=False)


async def test_the_command_says_how_many_it_did_and_what_is_missing(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    made = await accounts(database, 3)

    without = await asyncio.to_thread(rotated, sqlite_url, NEW_KEY)
    done = await asyncio.to_thread(rotated, sqlite_url, f"{NEW_KEY},{OLD_KEY}")

    assert (without.returncode, json.loads(without.stdout)) == (1, {"reencrypted": 0, "unreadable": 3})
    assert without.stderr.count("\n") == 1
    assert (done.returncode, json.loads(done.stdout)) == (0, {"reencrypted": 3, "unreadable": 0})
    assert await readable(database, NEW, made)
    await database.close()
