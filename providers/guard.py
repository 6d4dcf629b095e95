"""Which addresses a URL typed by a user may reach, decided where the connection is made.

Two rules, one for text and one for sockets:

- `check_url` refuses by what the text of a URL says, without asking the network: scheme, user name, port, and hosts
  that are spelled as an address which is not public.
- `GuardedBackend` resolves a host once, refuses it if *any* of its addresses is not public, and dials the very
  addresses it checked. A name that resolves differently the second time (DNS rebinding) is never asked a second time.

Whether an address was blocked, refused the connection or did not answer looks the same to whoever asked: one error
with one text (`UNREACHABLE`), so that nobody can map a private network through this program.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import anyio
import httpcore
import httpx

from calendar_sync.domain.errors import AddressRefused

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses, in the order in which they should be tried. Raises `OSError` when there are none."""

UNREACHABLE = "The address cannot be reached, or may not be: it must be a public web address."

_LONGEST_URL = 4096
_MOST_ADDRESSES = 6
_LOOKUP_SECONDS = 5.0
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
_OLD_STYLE_IPV4 = re.compile(r"(?:0x)?[0-9a-f]*(?:\.(?:0x)?[0-9a-f]*){0,3}\Z")

# The IANA registries of special-purpose addresses, written out because `is_global` differs between Python releases,
# and two more: Azure's platform address, public by number but answered inside only, and the retired site-local range.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)

# Ports above 1023 where something other than a web server usually listens, most of them WHATWG Fetch's "bad ports".
_OTHER_SERVICES = frozenset(
    {1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3128, 3306, 3389, 3659, 4045, 4190, 4369}
    | {5060, 5061, 5432, 5672, 5900, 5985, 5986, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697}
    | {9042, 9092, 9200, 9300, 10080, 10250, 11211, 26379, 27017}
)


def parse_networks(texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """CIDRs, as the operator writes them in `ALLOWED_PRIVATE_NETWORKS`. Raises `ValueError`."""
    return tuple(ip_network(text.strip()) for text in texts if text.strip())


def is_public(address: IPAddress) -> bool:
    """Whether an address is one of the public internet, whatever network it is reached from."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        inside = address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)
        return inside and address.scope_id is None
    return not any(address in network for network in _NOT_PUBLIC_4)


def is_web_port(port: int) -> bool:
    """Whether a web server may be expected there: 80, 443, and what unprivileged servers use."""
    return port in {80, 443} or (1024 <= port <= 65535 and port not in _OTHER_SERVICES)


def literal_address(host: str) -> IPAddress | None:
    """The address a host spells, in any spelling the system's resolver would take for one; else `None`."""
    try:
        return ip_address(host.replace("%25", "%", 1))
    except ValueError:
        pass
    if not _OLD_STYLE_IPV4.match(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class AddressRule:
    """The addresses that may be dialled: those in `allowed`, and the public ones unless `public` is off."""

    allowed: Sequence[IPNetwork] = ()
    public: bool = True

    def allows(self, host: str) -> bool:
        """Whether a host spells an address in one of the operator's networks. Names are not looked up."""
        address = literal_address(host)
        return address is not None and any(address in network for network in self.allowed)

    def permits(self, address: IPAddress) -> bool:
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.allowed) or (self.public and is_public(address))


def check_url(text: str, rule: AddressRule) -> httpx.URL:
    """The URL, if its text alone gives no reason to refuse it; without its fragment, and the dot that ends a host.

    Raises `AddressRefused`. The answer depends on the text and the operator's settings only, never on the network.
    """
    url = _parse(text)
    if url.scheme not in {"http", "https"} or not url.raw_host:
        raise AddressRefused("The address must begin with https:// (or http://, for a public feed).")
    if url.userinfo:
        raise AddressRefused("Give the user name and the password in their own fields, not inside the address.")
    host = url.raw_host.decode("ascii").removesuffix(".")
    if not is_web_port(_port(url)) or not _is_reachable_name(host, rule):
        raise AddressRefused(UNREACHABLE)
    return url.copy_with(host=host, fragment=None)


def _parse(text: str) -> httpx.URL:
    if len(text) > _LONGEST_URL:
        raise AddressRefused("The address is too long.")
    try:
        return httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as err:  # idna's errors are `ValueError`s
        raise AddressRefused("This is not a web address.") from err


def _port(url: httpx.URL) -> int:
    return url.port if url.port is not None else {"http": 80, "https": 443}[url.scheme]


def _is_reachable_name(host: str, rule: AddressRule) -> bool:
    address = literal_address(host)
    if address is not None:
        return rule.permits(address)
    if not _HOST_NAME.match(host):
        return False
    is_local = f".{host}".endswith(".localhost")
    return not is_local or any(_reaches_loopback(network) for network in rule.allowed)


def _reaches_loopback(network: IPNetwork) -> bool:
    return network.is_loopback or IPv4Address("127.0.0.1") in network or IPv6Address("::1") in network


class SystemResolver:
    """The system's resolver, in a few threads of its own so that slow name servers hold up nothing else."""

    def __init__(self, threads: int = 8) -> None:
        self._limiter = anyio.CapacityLimiter(threads)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        answers = await anyio.to_thread.run_sync(
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
            abandon_on_cancel=True,
            limiter=self._limiter,
        )
        return [str(address[0]) for *_, address in answers]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to permitted addresses only. Anything else is an `httpcore.ConnectError`, without a reason."""

    def __init__(self, rule: AddressRule, resolve: Resolver, inner: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._rule = rule
        self._resolve = resolve
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self.permitted(host, port)
        error: Exception = httpcore.ConnectError(UNREACHABLE)
        for address in addresses[:_MOST_ADDRESSES]:
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as err:
                error = err
        raise httpcore.ConnectError(UNREACHABLE) from error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError(UNREACHABLE)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def permitted(self, host: str, port: int) -> list[IPAddress]:
        """The addresses that would be dialled. Raises `httpcore.ConnectError` where one of them may not be."""
        if not is_web_port(port):
            raise httpcore.ConnectError(UNREACHABLE)
        addresses = await self._addresses(host, port)
        if not addresses or not all(self._rule.permits(address) for address in addresses):
            raise httpcore.ConnectError(UNREACHABLE)
        return addresses

    async def _addresses(self, host: str, port: int) -> list[IPAddress]:
        literal = literal_address(host)
        if literal is not None:
            return [literal]
        try:
            async with asyncio.timeout(_LOOKUP_SECONDS):
                answers = await self._resolve(host, port)
            return list(dict.fromkeys(ip_address(answer) for answer in answers))
        except (OSError, ValueError) as err:  # also `TimeoutError`, `UnicodeError`
            raise httpcore.ConnectError(UNREACHABLE) from err
