"""HTTP to servers whose addresses users type: guarded, bounded in time and size, honest about what went wrong.

`Transport` is what the whole process shares: which networks are allowed, whom TLS trusts, the clock. `GuardedClient`
is one run's connections and one account's credentials. A request either gives the whole answer or raises one of
`calendar_sync.domain.errors`; nothing is returned half read.

URLs of feeds are secrets. Nothing here logs, and `httpx.AsyncClient`, which logs every URL, is not used: its parts
(`URL`, `Request`, `Auth`) drive an `httpcore` pool. `httpcore` logs response headers at DEBUG; whoever configures
logging keeps the loggers `httpx` and `httpcore` at WARNING.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import httpcore
import httpx

from calendar_sync.domain.errors import AddressRefused, BadResponse, RateLimited, Unavailable
from providers.answers import read_answer, read_error, read_headers
from providers.authorities import usual_authorities
from providers.deadline import Deadline
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
from providers.limits import Budgets, Gate, Limits, MakeBudget, of_this_process
from providers.responses import Classify, Response, classify, parse_retry_after
from providers.retry import SAFE_METHODS, RetryPolicy, Time

DEFAULT_MAX_BYTES = 10 * 1024 * 1024
DEFAULT_DEADLINE = 30.0
USER_AGENT = "calendar-sync"

_CONNECT_SECONDS = 10.0
_MOST_REDIRECTS = 5
_CREDENTIAL_HEADERS = ("authorization", "cookie", "proxy-authorization")

UNTRUSTED = "The server's certificate is not trusted: it is expired, self-signed or made out to another name."
OVER_HTTPS = "The address cannot be reached with a password over http; use https."


class Unreachable(Unavailable):
    """No connection was made: blocked, refused, not answered or not trusted.

    Whoever is being typed to turns it into `AddressRefused`, with the same text.
    """


class _Broken(Unavailable):
    """The connection broke before the answer was whole."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who to sign in as, and where: at the origin of `home`, and where `may_reuse(home, url)` says so.

    They are never sent over plain http, except to an allowed private network.
    """

    auth: httpx.Auth
    home: str
    may_reuse: Callable[[httpx.URL, httpx.URL], bool] = lambda _home, _url: False

    def reach(self, url: httpx.URL) -> bool:
        home = httpx.URL(self.home)
        return same_origin(home, url) or self.may_reuse(home, url)


@dataclass(frozen=True, slots=True)
class _Pools:
    """Connections to any address that may be reached, and to those alone that the operator allows."""

    public: httpcore.AsyncConnectionPool
    private: httpcore.AsyncConnectionPool


@dataclass(frozen=True, slots=True)
class _Call:
    """What the caller asked for; a hop of it goes to `url`."""

    method: str
    url: httpx.URL
    headers: httpx.Headers
    content: bytes
    max_bytes: int
    label: str
    classify: Classify
    deadline: Deadline


class Transport:
    """Makes clients. `ssl_context` is trusted instead of the usual authorities (tests, a private authority).

    `limits` bound how often all its clients together, and those of one account, ask; `make_budget` says with whom else.
    """

    def __init__(
        self,
        *,
        allowed_networks: Sequence[IPNetwork] = (),
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolver | None = None,
        retry: RetryPolicy = RetryPolicy(),
        time: Time | None = None,
        limits: Limits = Limits(),
        make_budget: MakeBudget = of_this_process,
    ) -> None:
        self.rule = AddressRule(tuple(allowed_networks))
        self.ssl_context = ssl_context or usual_authorities()
        self.resolve = resolve or SystemResolver()
        self.retry = retry
        self.time = time or Time()
        self.budgets = Budgets(limits, self.time, make_budget)

    def check(self, url: str) -> httpx.URL:
        """Refuse an address by its text alone, sending nothing. Raises `AddressRefused`."""
        return check_url(url, self.rule)

    def is_private(self, url: httpx.URL) -> bool:
        """Whether the host is an address, spelt as one, in a network that the operator allows."""
        address = literal_address(url.host)
        return address is not None and replace(self.rule, public=False).permits(address)

    @asynccontextmanager
    async def client(
        self, *, credentials: Credentials | None = None, classify: Classify = classify, account: str = ""
    ) -> AsyncIterator["GuardedClient"]:
        """A client for one account and one run; its connections are closed with it. Opening sends nothing.

        `account` is the account's identity where the transport has `limits`: its clients share their budgets.
        """
        private = replace(self.rule, public=False)
        async with self._pool(self.rule) as public, self._pool(private) as private_only:
            with self.budgets.gate(account) as gate:
                yield GuardedClient(self, _Pools(public, private_only), gate, credentials, classify)

    def _pool(self, rule: AddressRule) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            ssl_context=self.ssl_context,
            max_connections=8,
            keepalive_expiry=15.0,
            network_backend=GuardedBackend(rule, self.resolve),
        )


class GuardedClient:
    """Sends requests. Made by `Transport.client`."""

    def __init__(
        self,
        transport: Transport,
        pools: _Pools,
        gate: Gate,
        credentials: Credentials | None,
        classify: Classify,
    ) -> None:
        self._transport = transport
        self._pools = pools
        self._gate = gate
        self._credentials = credentials
        self._classify = classify
        self._requests = 0

    @property
    def requests(self) -> int:
        """How many requests were sent, or tried, so far: retries, redirects and sign-ins included."""
        return self._requests

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        deadline: float = DEFAULT_DEADLINE,
        classify: Classify | None = None,
        label: str = "",
    ) -> Response:
        """The whole answer to a request, within `deadline` seconds, retries and redirects included.

        Only the waiting for our own budgets and for our turn does not count. `label` is the kind of request where the
        vendor counts some apart (`Limits.labels`).

        Safe methods follow up to five redirects with their method and body (DAV must not turn into GET), and are
        repeated when the server or the connection has a passing fault. `max_bytes` bounds the decoded body.
        `classify` says for this call which answers are errors. Raises `ProviderError`s, and what `Gate.passed` does.
        """
        call = _Call(
            method.upper(),
            self._transport.check(url),
            _request_headers(headers),
            content,
            max_bytes=max_bytes,
            label=label,
            classify=classify or self._classify,
            deadline=Deadline(deadline),
        )
        try:
            async with call.deadline.kept():
                return await self._persist(call)
        except TimeoutError as err:
            raise Unavailable("The server did not answer in time.") from err

    async def _persist(self, call: _Call) -> Response:
        """Send a call until its answer stands, or an error is final or leaves too little time for another try."""
        retry, time = self._transport.retry, self._transport.time
        attempt = 0
        while True:
            attempt += 1
            response: Response | None = None
            try:
                response = await self._follow(call)
                error = call.classify(response)
                if error is None:
                    return response
            except _Broken as err:
                error = err
            limited = isinstance(error, RateLimited)
            pause = retry.pause(attempt, call.method, response, time.chance(), is_limited=limited)
            if pause is None or not call.deadline.allows(pause):
                raise error
            async with call.deadline.stopped(but_for=pause):
                await time.pause(pause)

    async def _follow(self, call: _Call) -> Response:
        """Send a call, and again wherever its redirects lead."""
        moved: str | None = None
        for_good = True
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._signed_in(call)
            if not _is_redirect(response, call.method):
                return replace(response, moved_to=moved)
            target = self._redirected(call.url, response)
            for_good = for_good and response.status in {301, 308}
            moved = str(target) if for_good else moved
            call = replace(call, url=target, headers=_onward(call, target))
        raise BadResponse("The server redirects again and again.")

    def _redirected(self, url: httpx.URL, response: Response) -> httpx.URL:
        try:
            target = url.join(response.headers["location"])
        except (httpx.InvalidURL, ValueError) as err:
            raise BadResponse("The server redirects to something that is not an address.") from err
        if url.scheme == "https" and target.scheme == "http":
            raise AddressRefused("The server redirects from https to an address that is not encrypted.")
        return self._transport.check(str(target))

    async def _signed_in(self, call: _Call) -> Response:
        request = httpx.Request(call.method, call.url, headers=call.headers, content=call.content)
        if self._credentials is None or not self._credentials.reach(call.url):
            return await self._send(self._pools.public, request, call)
        pool = self._pools.public if call.url.scheme == "https" else self._pools.private
        flow = self._credentials.auth.async_auth_flow(request)
        try:
            request = await anext(flow)
            while True:
                response = await self._send(pool, request, call)
                try:
                    request = await flow.asend(_challenge(response, request))
                except StopAsyncIteration:
                    return response
        finally:
            await flow.aclose()

    async def _send(self, pool: httpcore.AsyncConnectionPool, request: httpx.Request, call: _Call) -> Response:
        async with AsyncExitStack() as passing:
            async with call.deadline.stopped():
                await passing.enter_async_context(self._gate.passed(call.label))
            return await self._exchange(pool, request, call.max_bytes)

    async def _exchange(self, pool: httpcore.AsyncConnectionPool, request: httpx.Request, max_bytes: int) -> Response:
        self._requests += 1
        try:
            answer = await pool.handle_async_request(core_request(request))
            try:
                return await self._read(answer, str(request.url), max_bytes)
            finally:
                await answer.aclose()
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as err:
            needs_https = pool is self._pools.private and not self._transport.rule.allows(request.url.host)
            raise _unreachable(err, needs_https) from err
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ssl.SSLError) as err:
            raise _Broken("The server broke off its answer, or does not speak HTTP.") from err

    async def _read(self, answer: httpcore.Response, url: str, max_bytes: int) -> Response:
        headers = read_headers(answer)
        retry_after = parse_retry_after(headers.get("retry-after"), self._transport.time.now())
        if answer.status < 300:
            body = await read_answer(answer, headers, max_bytes)
        else:
            body = await read_error(answer, headers)
        return Response(answer.status, headers, body, url, retry_after=retry_after)


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether two URLs have one scheme, host and port; or `other` is the same host, by https instead of http."""
    ports = {"http": 80, "https": 443}
    here, there = ((url.scheme, url.raw_host, url.port or ports.get(url.scheme)) for url in (one, other))
    return here == there or (here == ("http", there[1], 80) and there == ("https", here[1], 443))


def _is_redirect(response: Response, method: str) -> bool:
    return response.status in {301, 302, 303, 307, 308} and method in SAFE_METHODS and "location" in response.headers


def _request_headers(headers: Mapping[str, str] | None) -> httpx.Headers:
    usual = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip"}
    return httpx.Headers({**{name.lower(): value for name, value in usual.items()}, **httpx.Headers(headers)})


def _onward(call: _Call, target: httpx.URL) -> httpx.Headers:
    """The headers for the next hop: what a caller put there as a credential stays at the origin it was meant for."""
    if same_origin(call.url, target):
        return call.headers
    return httpx.Headers([(name, value) for name, value in call.headers.items() if name not in _CREDENTIAL_HEADERS])


def _challenge(response: Response, request: httpx.Request) -> httpx.Response:
    """As much of an answer as an `httpx.Auth` looks at."""
    offers = [("www-authenticate", value) for value in response.headers.get_list("www-authenticate")]
    return httpx.Response(response.status, headers=offers, request=request)


def core_request(request: httpx.Request) -> httpcore.Request:
    """A request of `httpx` as the pools take it."""
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.content,
        extensions={"timeout": {"connect": _CONNECT_SECONDS}},
    )


def _unreachable(err: Exception, needs_https: bool) -> Unreachable:
    cause: BaseException | None = err
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(UNTRUSTED)
        cause = cause.__cause__ or cause.__context__
    return Unreachable(OVER_HTTPS if needs_https else UNREACHABLE)
