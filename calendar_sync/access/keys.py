"""API keys as text: how one is made, recognised, taken apart and compared.

A key is ``cs_<name>_<secret>``: `name` is 12 base-32 characters (60 random bits) that say which key it is, `secret`
43 characters of URL-safe base64 (256 random bits) that prove it. Secret scanners match it by
``cs_[a-z2-7]{12}_[A-Za-z0-9_-]{43}``. The store holds ``cs_<name>`` and the SHA-256 of the secret: a fast hash is
right for 256 random bits, which nobody can guess from it.
"""

import re
from base64 import b32encode
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from secrets import token_bytes, token_urlsafe
from typing import Self

_MARK = "cs_"
_KEY = re.compile(r"(cs_[a-z2-7]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODYS_HASH = sha256(token_bytes(32)).hexdigest()


@dataclass(frozen=True, slots=True)
class PlainKey:
    """A key as its owner knows it. `prefix` may be shown, `secret` never again after it was made."""

    prefix: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        name = b32encode(token_bytes(8)).decode("ascii").lower()[:12]
        return cls(f"{_MARK}{name}", token_urlsafe(32))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The key that `text` spells, or `None` where it has not the shape of one."""
        match = _KEY.fullmatch(text)
        return cls(match[1], match[2]) if match else None

    @property
    def text(self) -> str:
        return f"{self.prefix}_{self.secret}"

    @property
    def secret_hash(self) -> str:
        return sha256(self.secret.encode("ascii")).hexdigest()

    def proves(self, secret_hash: str | None) -> bool:
        """Whether the stored hash is this key's. `None`, for a key nobody has, takes as long and is never true."""
        same = compare_digest(self.secret_hash, secret_hash or _NOBODYS_HASH)
        return same and secret_hash is not None


def is_meant_as_key(text: str) -> bool:
    """Whether a bearer credential is one of our keys, perhaps a mistyped one, rather than a token of an issuer."""
    return text.startswith(_MARK)
