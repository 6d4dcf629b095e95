"""What a provider grants by OAuth, and how it is kept among an account's credentials."""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calendar_sync.connections.vendors import Claims
from calendar_sync.domain.errors import BadResponse

_EARLY = timedelta(minutes=1)
_USUAL_LIFE = timedelta(hours=1)
_LONGEST_LIFE = timedelta(days=365)
_NOT_UNDERSTOOD = "The provider's answer to the sign-in cannot be understood."


@dataclass(frozen=True, slots=True)
class Grant:
    """An answer of a token endpoint (RFC 6749 §5.1). `refresh_at` lies ahead of the access token's end."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    refresh_at: datetime
    scope: str | None = None
    id_token: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, answer: Claims, now: datetime) -> "Grant":
        """Raises `BadResponse`."""
        access, scope = answer.get("access_token"), answer.get("scope")
        if not isinstance(access, str) or not _can_be_sent(access):
            raise BadResponse(_NOT_UNDERSTOOD)
        return cls(
            access_token=access,
            refresh_token=_text_or_none(answer.get("refresh_token")),
            refresh_at=now + _useful_life(answer.get("expires_in")),
            scope=scope if isinstance(scope, str) else None,
            id_token=_text_or_none(answer.get("id_token")),
        )

    def credentials(self, kept: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """As they are stored, over those `kept` until now: a provider that does not rotate names no refresh token."""
        given = {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "refresh_at": self.refresh_at.isoformat(),
            "scope": self.scope,
        }
        return {**(kept or {}), **{name: value for name, value in given.items() if value is not None}}


def claims_of(id_token: str, client_id: str) -> Claims:
    """What an ID token says that came straight from the token endpoint, so that TLS vouches for it (OpenID Connect
    Core §3.1.3.7, 6), about a user of this client. Raises `BadResponse`.
    """
    try:
        payload = id_token.split(".")[1]
        claims = json.loads(b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_"))
    except (ValueError, IndexError) as err:
        raise BadResponse(_NOT_UNDERSTOOD) from err
    audience = claims.get("aud") if isinstance(claims, dict) else None
    if audience != client_id and not (isinstance(audience, list) and client_id in audience):
        raise BadResponse(_NOT_UNDERSTOOD)
    return dict(claims)


def _useful_life(expires_in: object) -> timedelta:
    """Until a minute before the end, of a very short life until half of it. Some providers send the number as text."""
    try:
        life = min(timedelta(seconds=float(str(expires_in))), _LONGEST_LIFE)
    except (ValueError, OverflowError):
        life = _USUAL_LIFE
    return max(life - min(_EARLY, life / 2), timedelta())


def _can_be_sent(token: str) -> bool:
    return token.isascii() and token.isprintable() and "" != token.strip() == token


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
