"""Finds out on whose behalf a request is made, and whether it comes too often. Both doors ask here."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotAuthenticated, TooManyRequests
from calendar_sync.domain.identifiers import ExportFeedId
from calendar_sync.services import Services
from calendar_sync.web.rate_limits import Allowance, TokenBuckets

KEY_HEADERS = ("x-api-key", "api-key")
_FAILURES_PER_MINUTE = 100
_READINGS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Credentials:
    bearer: str | None
    api_key: str | None


class Doorkeeper:
    """Counts the requests of each user, the wrong credentials from each address, and how often a feed is read.

    Wrong credentials are refused more curtly (429) when an address sends many of them; good ones from the same
    address still pass, so that nobody behind a shared address or proxy can lock the others out.
    """

    def __init__(self, requests_per_minute: int, failures_per_minute: int = _FAILURES_PER_MINUTE) -> None:
        self._requests = TokenBuckets(requests_per_minute)
        self._failures = TokenBuckets(failures_per_minute)
        self._readings = TokenBuckets(_READINGS_PER_MINUTE)

    def count_request(self, actor: Actor) -> Allowance:
        return self._requests.take(actor.user_id)

    def count_reading(self, feed: ExportFeedId) -> Allowance:
        """Apart from its user's requests: whoever has the address cannot use these up."""
        return self._readings.take(feed)

    def count_failure(self, connection: HTTPConnection) -> None:
        """Raises `TooManyRequests`."""
        allowance = self._failures.take(_address_of(connection))
        if not allowance.is_granted:
            raise TooManyRequests("Too many wrong credentials.", retry_after=allowance.retry_after)


async def actor_of(connection: HTTPConnection) -> Actor:
    """The user who asks, by the headers. Raises what `admit` does."""
    return await admit(connection, credentials_of(connection.headers))


async def admit(connection: HTTPConnection, shown: Credentials) -> Actor:
    """The user who asks, counted against their rate limit. Raises `NotAuthenticated` or `TooManyRequests`, or what
    keeps it from being told just now: `StoreUnavailable`, or `Unavailable` for the identity provider."""
    try:
        actor = await services_of(connection).access.authenticate(bearer=shown.bearer, api_key=shown.api_key)
    except NotAuthenticated as refusal:
        if refusal.reason != NotAuthenticated.code:
            _doorkeeper(connection).count_failure(connection)
        raise
    connection.state.actor = actor
    count_request(connection, actor)
    return actor


def count_request(connection: HTTPConnection, actor: Actor) -> None:
    """Raises `TooManyRequests`."""
    connection.state.allowance = allowance = _doorkeeper(connection).count_request(actor)
    if not allowance.is_granted:
        raise TooManyRequests("Too many requests; please slow down.", retry_after=allowance.retry_after)


def _doorkeeper(connection: HTTPConnection) -> Doorkeeper:
    return cast(Doorkeeper, connection.state.doorkeeper)


def services_of(connection: HTTPConnection) -> Services:
    """What the lifespan of the app opened."""
    return cast(Services, connection.state.services)


def credentials_of(headers: Headers) -> Credentials:
    """What the headers offer: `Authorization: Bearer …`, `X-API-Key: …`, `api-key: …`.

    Empty headers offer nothing, and neither does another scheme than Bearer: it is a proxy's affair. Raises
    `NotAuthenticated` when they contradict one another, rather than choose.
    """
    keys = {value.strip() for name in KEY_HEADERS for value in headers.getlist(name)} - {""}
    bearers = {_bearer_in(value) for value in headers.getlist("authorization")} - {""}
    if len(keys) > 1:
        raise NotAuthenticated("The request carries different API keys.", reason="INVALID_API_KEY")
    if len(bearers) > 1:
        raise NotAuthenticated("The request carries different bearer tokens.", reason="TOKEN_INVALID")
    return Credentials(bearer=next(iter(bearers), None), api_key=next(iter(keys), None))


def _bearer_in(value: str) -> str:
    scheme, _, token = value.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _address_of(connection: HTTPConnection) -> str:
    """Where it comes from; of an IPv6 address the network, since one host has all of it."""
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host


class Admission:
    """Gives requests their doorkeeper, and tells callers in headers what is left of their allowance."""

    def __init__(self, app: ASGIApp, *, requests_per_minute: int) -> None:
        self.app = app
        self._doorkeeper = Doorkeeper(requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["doorkeeper"] = self._doorkeeper

        async def informed(message: Message) -> None:
            if message["type"] == "http.response.start" and "allowance" in state:
                MutableHeaders(scope=message).update(_rate_limit_headers(state["allowance"]))
            await send(message)

        await self.app(scope, receive, informed)


def _rate_limit_headers(allowance: Allowance) -> Mapping[str, str]:
    """Both documented spellings; `reset` is in Unix seconds."""
    limit, remaining, reset = str(allowance.limit), str(allowance.remaining), str(allowance.resets_at)
    return {
        "x-ratelimit-limit": limit,
        "x-ratelimit-remaining": remaining,
        "x-ratelimit-reset": reset,
        "x-ratelimit-limit-requests": limit,
        "x-ratelimit-remaining-requests": remaining,
        "x-ratelimit-reset-requests": reset,
    }
