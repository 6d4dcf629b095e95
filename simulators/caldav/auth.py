"""Who asks: Basic (RFC 7617) and Digest (RFC 7616) authentication."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from hashlib import md5
from secrets import compare_digest, token_hex

from simulators.caldav.quirks import Quirks
from simulators.caldav.store import Store, User

_REALM = "Simulator"
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(slots=True)
class Authentication:
    store: Store
    quirks: Quirks
    nonce: str = field(default_factory=lambda: token_hex(8))

    def user(self, method: str, authorization: str | None) -> User | None:
        """The user whose credentials the Authorization field carries, if they are right."""
        if self.quirks.auth == "none":
            return next(iter(self.store.users.values()), None)
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != self.quirks.auth:
            return None
        return self._basic(given) if self.quirks.auth == "basic" else self._digest(method, given)

    def challenges(self) -> tuple[str, ...]:
        """The WWW-Authenticate fields of a 401."""
        if self.quirks.challenges is not None:
            return self.quirks.challenges
        if self.quirks.auth == "digest":
            return (f'Digest realm="{_REALM}", qop="auth", nonce="{self.nonce}", algorithm=MD5',)
        return (f'Basic realm="{_REALM}", charset="UTF-8"',)

    def _basic(self, given: str) -> User | None:
        try:
            name, _, password = b64decode(given, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError):
            return None
        user = self.store.users.get(name)
        return user if user and compare_digest(user.password.encode(), password.encode()) else None

    def _digest(self, method: str, given: str) -> User | None:
        said = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(given)}
        user = self.store.users.get(said.get("username", ""))
        if user is None or said.get("nonce") != self.nonce:
            return None
        secret = _md5(f"{user.name}:{_REALM}:{user.password}")
        request = _md5(f"{method}:{said.get('uri', '')}")
        middle = f"{self.nonce}:{said.get('nc')}:{said.get('cnonce')}:{said.get('qop')}"
        expected = _md5(f"{secret}:{middle}:{request}")
        return user if compare_digest(expected, said.get("response", "")) else None


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
