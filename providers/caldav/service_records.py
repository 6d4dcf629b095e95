"""Where a domain says its CalDAV service is, in DNS (RFC 6764 §3, §4)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

_SERVICE = "_caldavs._tcp"
"""CalDAV over TLS. The other service, without, is never asked for: it would carry passwords in the clear."""

_SECONDS = 3.0
_MOST_RECORDS = 3


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """`host` is lower case, without a trailing dot; `path` the context path, if the domain names one."""

    host: str
    port: int
    path: str | None = None


LookUpServices = Callable[[str], Awaitable[Sequence[ServiceRecord]]]
"""A domain's services, the preferred first; none where it names none or DNS does not answer."""


@dataclass(frozen=True, slots=True)
class DnsServices:
    """Asks name servers: the system's, unless given others."""

    resolver: Callable[[], Resolver] = Resolver

    async def __call__(self, domain: str) -> Sequence[ServiceRecord]:
        try:
            resolver = self.resolver()
            answer = await resolver.resolve(f"{_SERVICE}.{domain}", "SRV", lifetime=_SECONDS)
        except (DNSException, OSError, UnicodeError):
            return ()
        found = (each for each in answer if isinstance(each, SRV))
        records = sorted(found, key=lambda each: (each.priority, -each.weight))
        path = await _context_path(resolver, domain)
        named = ((each.target.to_text(omit_final_dot=True).lower(), each.port) for each in records[:_MOST_RECORDS])
        return tuple(ServiceRecord(host, port, path) for host, port in named if host != ".")


async def _context_path(resolver: Resolver, domain: str) -> str | None:
    try:
        answer = await resolver.resolve(f"{_SERVICE}.{domain}", "TXT", lifetime=_SECONDS)
    except (DNSException, OSError):
        return None
    texts = (text.decode("utf-8", "replace") for each in answer if isinstance(each, TXT) for text in each.strings)
    paths = (text.removeprefix("path=") for text in texts if text.startswith("path=/"))
    return next(paths, None)
