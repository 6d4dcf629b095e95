"""Access tokens of an existing identity provider: signed JWTs (RFC 7519, RFC 9068), verified and read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry
from joserfc.jwt import Claims

from calendar_sync.access.jwks import SigningKeys, TrustedIssuer
from calendar_sync.domain.errors import NotAuthenticated

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})
"""Asymmetric ones only: `none` and HMAC, whose key would be a public one here, are never verified."""

_LEEWAY_SECONDS = 30
_MOST_CHARACTERS = 16_384
_SUBJECT = re.compile(r"[\x20-\x7e]{1,255}")  # OpenID Connect Core §2: at most 255 ASCII characters


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token speaks for. `email` is set only where the issuer says that it verified it."""

    issuer: str
    subject: str
    email: str | None


class TokenVerifier:
    """Accepts the tokens one issuer signed for one audience, while they are valid."""

    def __init__(self, trusted: TrustedIssuer, client: httpx.AsyncClient, now: Callable[[], datetime]) -> None:
        self._issuer = trusted.issuer
        self._keys = SigningKeys(trusted, client, now)
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now().timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": trusted.issuer},
            aud={"essential": True, "value": trusted.audience},
            exp={"essential": True},
        )

    async def verify(self, token: str) -> Subject:
        """Raises `NotAuthenticated` (`TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_MISSING_SUBJECT`), or `Unavailable`
        while the issuer's signing keys are not known."""
        try:
            claims = await self._signed_claims(token)
            self._claims.validate(claims)
        except ExpiredTokenError as err:
            raise NotAuthenticated("The access token has expired.", reason="TOKEN_EXPIRED") from err
        except (JoseError, ValueError, TypeError, RecursionError) as err:
            raise _invalid() from err
        return self._subject_of(claims)

    async def _signed_claims(self, token: str) -> Claims:
        if len(token) > _MOST_CHARACTERS:
            raise _invalid()
        header = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY).headers()
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS or not (kid is None or isinstance(kid, str)):
            raise _invalid()
        family = _REGISTRY.get_alg(algorithm).key_type
        for key in await self._keys.named(kid):
            if key.key_type == family:
                return jwt.decode(token, key, registry=_REGISTRY).claims
        raise _invalid()

    def _subject_of(self, claims: Claims) -> Subject:
        subject, email = claims.get("sub"), claims.get("email")
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            raise NotAuthenticated("The access token does not say whose it is.", reason="TOKEN_MISSING_SUBJECT")
        is_verified = isinstance(email, str) and claims.get("email_verified") is True
        return Subject(self._issuer, subject, str(email) if is_verified else None)


class _Registry(JWSRegistry):
    """Knows `ALGORITHMS` and nothing else. `EdDSA` is among them although RFC 9864 prefers its newer name, because
    that is what issuers write."""

    def __init__(self) -> None:
        super().__init__(strict_check_header=False)  # issuers add header fields of their own; `crit` is still obeyed

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("not an algorithm of ours")
        return self.algorithms[name]


_REGISTRY = _Registry()


def _invalid() -> NotAuthenticated:
    return NotAuthenticated("The access token is not valid here.", reason="TOKEN_INVALID")
