"""Asks name servers where a domain says its CalDAV service is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

from providers.caldav.service_records import ServiceRecord

_SERVICE = "_caldavs._tcp"
"""CalDAV over TLS. The other service, without, is never asked for: it would carry passwords in the clear."""

_SECONDS = 3.0
_MOST_RECORDS = 3


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
