"""How the address and the secrets of a webhook endpoint are kept: encrypted, bound to it.

The address is a secret as well: that of many a receiver holds a token.
"""

from calendar_sync.domain.identifiers import WebhookEndpointId
from calendar_sync.store.keyring import Keyring


def seal_url(keyring: Keyring, endpoint: WebhookEndpointId, url: str) -> str:
    return keyring.encrypt(url.encode(), context=url_context(endpoint))


def unseal_url(keyring: Keyring, endpoint: WebhookEndpointId, ciphertext: str) -> str:
    return keyring.decrypt(ciphertext, context=url_context(endpoint)).decode()


def seal_secret(keyring: Keyring, endpoint: WebhookEndpointId, secret: str) -> str:
    return keyring.encrypt(secret.encode(), context=secret_context(endpoint))


def unseal_secret(keyring: Keyring, endpoint: WebhookEndpointId, ciphertext: str) -> str:
    """Of the current secret and of the one before alike."""
    return keyring.decrypt(ciphertext, context=secret_context(endpoint)).decode()


def url_context(endpoint: str) -> str:
    return f"webhook_endpoints|{endpoint}|url|v1"


def secret_context(endpoint: str) -> str:
    return f"webhook_endpoints|{endpoint}|secret|v1"
