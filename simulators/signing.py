"""The key that signs the ID tokens of every simulator of this process."""

from functools import cache

from joserfc.jwk import RSAKey


@cache
def signing_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "simulator"})
