"""The signing keys of an identity provider (RFC 7517), fetched, kept and rotated."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from calendar_sync.domain.errors import Unavailable

logger = logging.getLogger(__name__)

VerificationKey = RSAKey | ECKey | OKPKey

_FRESH_FOR = timedelta(hours=1)
_BETWEEN_FETCHES = timedelta(minutes=1)
_AFTER_A_FAILED_START = timedelta(seconds=5)
_DEADLINE_SECONDS = 5
_MOST_BYTES = 512 * 1024
_MOST_KEYS = 100
_FEWEST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Whose tokens are accepted, and meant for whom. Without `jwks_url` the issuer's discovery document names it."""

    issuer: str
    audience: str
    jwks_url: str | None = None


class SigningKeys:
    """The keys an issuer signs with now.

    They are fetched at first need and again every hour. A token whose key is not among them may be the first after a
    rotation, so it too has them fetched, at most once a minute however many such tokens come; requests that meet a
    fetch under way wait for that one. While the provider is down the last good keys stand.
    """

    def __init__(self, trusted: TrustedIssuer, client: httpx.AsyncClient, now: Callable[[], datetime]) -> None:
        self._trusted = trusted
        self._client = client
        self._now = now
        self._keys: Mapping[str | None, Sequence[VerificationKey]] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def named(self, kid: str | None) -> Sequence[VerificationKey]:
        """The keys of that name; without a name all of them, if there is just one to choose from.

        Empty when the issuer has no such key. Raises `Unavailable` while no keys could be fetched at all.
        """
        if self._is_due(kid):
            async with self._fetching:
                if self._is_due(kid):  # unless the one before us brought them
                    await self._fetch()
        if self._fetched_at is None:
            raise Unavailable("The identity provider cannot be reached just now.")
        return self._keys.get(kid, ())

    def _is_due(self, kid: str | None) -> bool:
        now = self._now()
        if self._fetched_at is None:
            return self._tried_at is None or now - self._tried_at >= _AFTER_A_FAILED_START
        wanted = kid not in self._keys or now - self._fetched_at >= _FRESH_FOR
        return wanted and (self._tried_at is None or now - self._tried_at >= _BETWEEN_FETCHES)

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                self._keys = _keys_of(await self._document(await self._address()))
            self._fetched_at = self._now()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as err:
            logger.warning("The signing keys of the identity provider could not be fetched: %s", type(err).__name__)
        finally:
            self._tried_at = self._now()  # only now: whoever comes before waits for this fetch

    async def _address(self) -> str:
        if self._trusted.jwks_url is not None:
            return self._trusted.jwks_url
        issuer = self._trusted.issuer
        discovered = await self._document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        address = discovered.get("jwks_uri")
        if discovered.get("issuer") != issuer or not isinstance(address, str):
            raise ValueError("the discovery document is not this issuer's")
        if urlsplit(issuer).scheme == "https" and urlsplit(address).scheme != "https":
            raise ValueError("the discovery document leads to an address without TLS")
        return address

    async def _document(self, address: str) -> dict[str, object]:
        body = bytearray()
        async with self._client.stream("GET", address, headers={"Accept-Encoding": "identity"}) as response:
            response.raise_for_status()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ValueError("the document is too large")
        document = orjson.loads(bytes(body))
        if not isinstance(document, dict):
            raise ValueError("the document is no JSON object")
        return document


def _keys_of(document: Mapping[str, object]) -> Mapping[str | None, Sequence[VerificationKey]]:
    """By `kid`, and under `None` the only one. A key that cannot be used is left out; none at all is `ValueError`."""
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise ValueError("the document holds no keys")
    keys = [key for entry in entries[:_MOST_KEYS] if (key := _key_of(entry)) is not None]
    if not keys:
        raise ValueError("the document holds no key that can be used")
    by_name: dict[str | None, list[VerificationKey]] = {}
    for key in keys:
        if key.kid is not None:
            by_name.setdefault(key.kid, []).append(key)
    return {**by_name, None: keys if len(keys) == 1 else []}


def _key_of(entry: object) -> VerificationKey | None:
    """Symmetric keys, keys for encryption and keys too short to trust are none of ours."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    if entry.get("kty") == "RSA" and len(str(entry.get("n"))) * 6 < _FEWEST_RSA_BITS:
        return None
    try:
        key = JWKRegistry.import_key(entry)
        return key if isinstance(key, RSAKey | ECKey | OKPKey) and key.public_key is not None else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None
