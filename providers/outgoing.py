"""Posting to the addresses of webhooks: guarded like all that users type, sent once, answers read as far as they count.

Plain http goes to networks that the operator allows, and nowhere else. Redirects are answers. Nothing here logs.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

import httpcore
import httpx

from calendar_sync.domain.errors import AddressRefused
from calendar_sync.domain.webhooks import Answer
from providers.authorities import usual_authorities
from providers.guard import (
    UNREACHABLE,
    AddressRule,
    GuardedBackend,
    IPNetwork,
    Resolver,
    SystemResolver,
    check_url,
    literal_address,
)
from providers.responses import parse_retry_after
from providers.retry import Time
from providers.transport import USER_AGENT, core_request

TIMEOUT: Final = 10.0
"""Seconds for all of an attempt: looking up the name, connecting, sending, and the answer's beginning."""
MOST_EXCERPT: Final = 1024
"""Bytes of an answer that are read and kept."""
_EXCERPT_SECONDS = 1.0

ONLY_HTTPS = "The address must begin with https://."


@dataclass(frozen=True, slots=True)
class _Way:
    """To the addresses that a rule permits."""

    rule: AddressRule
    backend: GuardedBackend
    pool: httpcore.AsyncConnectionPool

    @classmethod
    def under(cls, rule: AddressRule, trusted: ssl.SSLContext, resolve: Resolver) -> "_Way":
        backend = GuardedBackend(rule, resolve)
        pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted, max_connections=256, keepalive_expiry=15.0, network_backend=backend
        )
        return cls(rule, backend, pool)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A `calendar_sync.domain.webhooks.Sender`. Made by `opened`."""

    _anywhere: _Way
    _private: _Way
    _time: Time
    _timeout: float

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        allowed_networks: Sequence[IPNetwork] = (),
        *,
        trusted: ssl.SSLContext | None = None,
        resolve: Resolver | None = None,
        time: Time | None = None,
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - of each request, later
    ) -> AsyncGenerator["Outgoing"]:
        """Its connections are closed with it. `trusted` is what TLS trusts instead of the usual authorities."""
        rule, looking = AddressRule(tuple(allowed_networks)), resolve or SystemResolver()
        chosen = trusted or usual_authorities()
        anywhere = _Way.under(rule, chosen, looking)
        private = _Way.under(replace(rule, public=False), chosen, looking)
        async with anywhere.pool, private.pool:
            yield cls(anywhere, private, time or Time(), timeout)

    async def check(self, url: str) -> str:
        """The address without its fragment. Raises `AddressRefused`: its text or what its name stands for is wrong."""
        checked = self._checked(url)
        try:
            async with asyncio.timeout(self._timeout):
                await self._way(checked).backend.permitted(checked.host, _port(checked))
        except (httpcore.ConnectError, TimeoutError) as err:
            raise AddressRefused(UNREACHABLE) from err
        return str(checked)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            checked = self._checked(url)
            async with asyncio.timeout(self._timeout):
                return await self._posted(checked, headers, body)
        except AddressRefused:
            return Answer(None, error="refused_address")
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(None, error="timeout")
        except (httpcore.ConnectError, ssl.SSLError):
            return Answer(None, error="unreachable")
        except (httpcore.NetworkError, httpcore.ProtocolError):
            return Answer(None, error="broken_off")

    def _checked(self, text: str) -> httpx.URL:
        """By its text alone. Where plain http leads is looked at when it is dialled, for a name may lead anywhere."""
        rule = self._anywhere.rule
        url = check_url(text, rule)
        is_elsewhere = literal_address(url.host) is not None and not rule.allows(url.host)
        if url.scheme == "http" and (is_elsewhere or not rule.allowed):
            raise AddressRefused(ONLY_HTTPS)
        return url

    def _way(self, url: httpx.URL) -> _Way:
        return self._anywhere if url.scheme == "https" else self._private

    async def _posted(self, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> Answer:
        usual = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
        request = httpx.Request("POST", url, headers={**usual, **headers}, content=body)
        answer = await self._way(url).pool.handle_async_request(core_request(request))
        try:
            excerpt = await _beginning(answer)
        finally:
            await answer.aclose()
        told = httpx.Headers(answer.headers).get("retry-after")
        return Answer(answer.status, excerpt, parse_retry_after(told, self._time.now()))


async def _beginning(answer: httpcore.Response) -> str:
    """How the body begins. Its end is not waited for: the status has said it all."""
    read = bytearray()
    with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        async with asyncio.timeout(_EXCERPT_SECONDS):
            async for part in answer.aiter_stream():
                read += part
                if len(read) >= MOST_EXCERPT:
                    break
    return bytes(read[:MOST_EXCERPT]).decode("utf-8", "replace").replace("\x00", "")


def _port(url: httpx.URL) -> int:
    return url.port if url.port is not None else {"http": 80, "https": 443}[url.scheme]
