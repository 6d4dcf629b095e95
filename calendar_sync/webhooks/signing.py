"""Signatures by Standard Webhooks 1.0 (standardwebhooks.com), made by its own library."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import token_bytes

from standardwebhooks import Webhook

from calendar_sync.domain.identifiers import WebhookMessageId

_SECRET_BYTES = 32  # of 24 to 64 that the standard allows


def new_secret() -> str:
    """`whsec_` and the key in base64."""
    return f"whsec_{b64encode(token_bytes(_SECRET_BYTES)).decode()}"


def signed_headers(message: WebhookMessageId, payload: str, secrets: Sequence[str], at: datetime) -> Mapping[str, str]:
    """What is sent with a payload: `at` is the time of the attempt, and each secret gives a signature."""
    signatures = [Webhook(secret).sign(message, at, payload) for secret in secrets]
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
