"""The secret in the address of a feed: ``csf_`` and 43 characters of URL-safe base64 (256 random bits).

The store holds its SHA-256: a fast hash is right for 256 random bits, which nobody can guess from it. It is found by
the hash, so how long that takes says nothing of the secret.
"""

import re
from hashlib import sha256
from secrets import token_urlsafe

_SECRET = re.compile(r"csf_[A-Za-z0-9_-]{43}", re.ASCII)


def new_secret() -> str:
    return f"csf_{token_urlsafe(32)}"


def hash_of(secret: str) -> str | None:
    """What is stored of it; `None` for what has not the shape of one."""
    return sha256(secret.encode("ascii")).hexdigest() if _SECRET.fullmatch(secret) else None
