"""An OpenID Connect provider on a loopback port: it publishes keys and signs tokens, good ones and bad ones."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.server import serving

AUDIENCE = "calendar-sync"
ABSENT = object()
"""As the value of a claim: the token has no such claim."""


@dataclass
class Clock:
    """A clock that only goes when it is told to."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def a_signing_key(kid: str, kind: str = "EC") -> Key:
    if kind == "RSA":
        return _rsa_key(kid)
    if kind == "OKP":
        return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"})
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


@cache
def _rsa_key(kid: str) -> RSAKey:
    """Takes long to make, so it is made once."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def signed(header: Mapping[str, object], payload: Mapping[str, object], key: Key | bytes) -> str:
    """A JWS as RFC 7515 §3.1 has it, made by hand, since a library would refuse to make the bad ones.

    A key of bytes is a shared secret, whatever the header says.
    """
    signing_input = f"{_segment(header)}.{_segment(payload)}"
    if isinstance(key, bytes):
        signature = hmac.digest(key, signing_input.encode(), "sha256")
    else:
        signature = JWSRegistry.algorithms[str(header["alg"])].sign(signing_input.encode(), key)
    return f"{signing_input}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _segment(value: Mapping[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@dataclass
class Issuer:
    """`keys` are published, the first signs. `fetches` counts how often they were asked for."""

    clock: Clock
    keys: list[Key] = field(default_factory=lambda: [a_signing_key("first")])
    odd_keys: list[object] = field(default_factory=list)
    document: object = None
    address: str = ""
    is_down: bool = False
    fetches: int = 0
    claimed_issuer: str | None = None

    @property
    def jwks_url(self) -> str:
        return f"{self.address}/keys"

    def token(
        self,
        claims: Mapping[str, object] | None = None,
        *,
        key: Key | None = None,
        algorithm: str = "ES256",
        header: Mapping[str, object] | None = None,
        secret: bytes | None = None,
    ) -> str:
        """A token that is good but for what the test says."""
        signing = key or self.keys[0]
        now = int(self.clock().timestamp())
        payload = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "ada",
            "iat": now,
            "exp": now + 300,
            **(claims or {}),
        }
        given = {name: value for name, value in payload.items() if value is not ABSENT}
        return signed({"alg": algorithm, "kid": signing.kid, **(header or {})}, given, secret or signing)

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/.well-known/openid-configuration", self._discovery), Route("/keys", self._published)]
        )

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse({"issuer": self.claimed_issuer or self.address, "jwks_uri": self.jwks_url})

    async def _published(self, _: Request) -> Response:
        self.fetches += 1
        if self.is_down:
            return JSONResponse({}, status_code=503)
        published = {"keys": [*self.odd_keys, *(key.as_dict(private=False) for key in self.keys)]}
        return JSONResponse(self.document or published)


@asynccontextmanager
async def an_issuer() -> AsyncGenerator[Issuer]:
    issuer = Issuer(Clock())
    async with serving(issuer.app()) as address:
        issuer.address = address
        yield issuer
