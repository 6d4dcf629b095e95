"""Puts every stored secret under the first key, so that an older key can be taken off the ring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, Table, select, update

from calendar_sync.domain.errors import CalendarSyncError
from calendar_sync.store.consents import verifier_context
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import account_context
from calendar_sync.store.sealed_endpoints import secret_context, url_context
from calendar_sync.store.tables import connections, consents, webhook_endpoints

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """`unreadable` are those of a key that is not on the ring; they were left as they are."""

    done: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class _Secrets:
    """A column of ciphertexts, each bound to the key of its row."""

    table: Table
    key: ColumnElement[str]
    ciphertext: ColumnElement[str]
    context: Callable[[str], str]


_ALL = (
    _Secrets(connections, connections.c.id, connections.c.credentials, account_context),
    _Secrets(consents, consents.c.state_hash, consents.c.verifier, verifier_context),
    _Secrets(webhook_endpoints, webhook_endpoints.c.id, webhook_endpoints.c.url, url_context),
    _Secrets(webhook_endpoints, webhook_endpoints.c.id, webhook_endpoints.c.secret, secret_context),
    _Secrets(webhook_endpoints, webhook_endpoints.c.id, webhook_endpoints.c.previous_secret, secret_context),
)


async def reencrypt(database: Database, keyring: Keyring, *, batch: int = _BATCH) -> Reencrypted:
    """Encrypt anew what is not under the first key yet, while the server runs.

    Killed at any moment, every secret is readable under one key or another; called again, it does what is left.
    """
    done, unreadable = 0, 0
    for secrets in _ALL:
        after = ""
        while rows := await _outdated(database, keyring, secrets, after, batch):
            async with database.begin() as tx:
                for row in rows:
                    outcome = await _renew(tx, keyring, secrets, row)
                    done, unreadable = done + (outcome is True), unreadable + (outcome is None)
            after = rows[-1].key
    return Reencrypted(done, unreadable)


async def _outdated(
    database: Database, keyring: Keyring, secrets: _Secrets, after: str, batch: int
) -> Sequence[Row[str, str]]:
    statement = (
        select(secrets.key.label("key"), secrets.ciphertext.label("ciphertext"))
        .where(secrets.key > after, ~secrets.ciphertext.startswith(keyring.prefix, autoescape=True))
        .order_by(secrets.key)
        .limit(batch)
    )
    async with database.begin(write=False) as tx:
        return (await tx.connection.execute(statement)).all()


async def _renew(tx: Transaction, keyring: Keyring, secrets: _Secrets, row: Row[str, str]) -> bool | None:
    """`None` where it cannot be read; `False` where it was replaced meanwhile, which put it under the first key."""
    key, ciphertext = row
    context = secrets.context(key)
    try:
        plain = keyring.decrypt(ciphertext, context=context)
    except CalendarSyncError:
        return None
    unchanged = update(secrets.table).where(secrets.key == key, secrets.ciphertext == ciphertext)
    anew = unchanged.values({secrets.ciphertext.name: keyring.encrypt(plain, context=context)})
    return (await tx.connection.execute(anew)).rowcount == 1
