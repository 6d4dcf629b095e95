"""How a connected account is kept: encrypted, bound to its connection."""

import json

from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.providers import Account
from calendar_sync.store.keyring import Keyring


def seal(keyring: Keyring, connection: ConnectionId, account: Account) -> str:
    """The account as ciphertext that opens for this connection alone."""
    plain = {"identity": account.identity, "email": account.email, "credentials": dict(account.credentials)}
    return keyring.encrypt(json.dumps(plain).encode(), context=account_context(connection))


def unseal(keyring: Keyring, connection: ConnectionId, ciphertext: str) -> Account:
    plain = json.loads(keyring.decrypt(ciphertext, context=account_context(connection)))
    return Account(plain["identity"], plain["email"], plain["credentials"])


def account_context(connection: str) -> str:
    return f"connections|{connection}|credentials|v1"
