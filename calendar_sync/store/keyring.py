"""Secrets at rest: authenticated encryption under keys that can be changed."""

import os
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes, token_hex

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from calendar_sync.domain.errors import CalendarSyncError, Invalid

_KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D §8.2.2: random nonces of 96 bits
_VERSION = "v1"


@dataclass(frozen=True, slots=True)
class Keyring:
    """AES-256-GCM under the first of some keys; what any of them encrypted can be read.

    A ciphertext is `v1.<key id>.<nonce>.<sealed>`, the last two in URL-safe base64. It opens only in the `context` it
    was made for, so a row's secret is of no use in another row. A key's id is a hash of it.
    """

    first: str
    _ciphers: Mapping[str, AESGCM] = field(repr=False)

    @classmethod
    def of(cls, keys: str) -> "Keyring":
        """The key ring of comma-separated keys, each 32 bytes in URL-safe base64. Raises `Invalid`."""
        raw = [_decoded_key(key.strip()) for key in keys.split(",") if key.strip()]
        if not raw:
            raise Invalid("CALENDAR_SYNC_ENCRYPTION_KEYS must hold at least one key.", field="encryption_keys")
        return cls(_key_id(raw[0]), {_key_id(key): AESGCM(key) for key in raw})

    def encrypt(self, plain: bytes, *, context: str) -> str:
        nonce = token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self.first].encrypt(nonce, plain, _bound_to(self.first, context))
        return f"{_VERSION}.{self.first}.{_text(nonce)}.{_text(sealed)}"

    def decrypt(self, ciphertext: str, *, context: str) -> bytes:
        """Raises `CalendarSyncError` for a key that is not on the ring, another context, or an altered text."""
        try:
            version, key, nonce, sealed = ciphertext.split(".")
            if version != _VERSION:
                raise ValueError("This version of ciphertext is not known.")
            return self._ciphers[key].decrypt(_written(nonce), _written(sealed), _bound_to(key, context))
        except KeyError as err:
            raise CalendarSyncError("A stored secret was encrypted with a key that is not configured.") from err
        except (ValueError, InvalidTag) as err:
            raise CalendarSyncError("A stored secret cannot be decrypted.") from err

    @property
    def prefix(self) -> str:
        """What every ciphertext under the first key begins with, and no other."""
        return f"{_VERSION}.{self.first}."

    def knows(self, ciphertext: str) -> bool:
        """Whether the key that encrypted it is on the ring."""
        parts = ciphertext.split(".")
        return len(parts) == 4 and parts[1] in self._ciphers


def open_keyring(keys: SecretStr | None, sqlite_file: Path | None) -> Keyring:
    """The configured keys, or else the key kept beside the SQLite file, which is made if it is not there.

    Raises `Invalid` where a key cannot be used, or none is configured and there is no such file to keep one beside.
    """
    if keys is not None:
        return Keyring.of(keys.get_secret_value())
    if sqlite_file is None:
        raise Invalid("CALENDAR_SYNC_ENCRYPTION_KEYS must be set on PostgreSQL.", field="encryption_keys")
    return Keyring.of(_kept_key(sqlite_file.with_name(f"{sqlite_file.name}.key")))


def _kept_key(file: Path) -> str:
    try:
        if not file.exists():
            _make(file)
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as err:
        raise Invalid(
            "The encryption key beside the database cannot be read or made.", field="encryption_keys"
        ) from err


def _make(file: Path) -> None:
    """Make the file with a new key in it, readable by its owner alone. Where two do so at once, one key stays."""
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(urlsafe_b64encode(token_bytes(_KEY_BYTES)))
            written.flush()
            os.fsync(written.fileno())
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _decoded_key(key: str) -> bytes:
    try:
        raw = _bytes(key)
    except ValueError as err:
        raise _wrong_key() from err
    if len(raw) != _KEY_BYTES:
        raise _wrong_key()
    return raw


def _wrong_key() -> Invalid:
    return Invalid(
        "Each key of CALENDAR_SYNC_ENCRYPTION_KEYS must be 32 bytes in URL-safe base64.", field="encryption_keys"
    )


def _key_id(key: bytes) -> str:
    return blake2b(key, digest_size=4, person=b"key id").hexdigest()


def _bound_to(key: str, context: str) -> bytes:
    return f"{_VERSION}|{key}|{context}".encode()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _written(text: str) -> bytes:
    """What `_text` wrote. The last character may have bits that mean nothing: altered there, it is refused as well."""
    raw = _bytes(text)
    if _text(raw) != text:
        raise ValueError("This is not how it was written.")
    return raw


def _bytes(text: str) -> bytes:
    return b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
