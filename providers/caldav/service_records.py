"""Where a domain says its CalDAV service is, in DNS (RFC 6764 §3, §4)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """`host` is lower case, without a trailing dot; `path` the context path, if the domain names one."""

    host: str
    port: int
    path: str | None = None


LookUpServices = Callable[[str], Awaitable[Sequence[ServiceRecord]]]
"""A domain's services, the preferred first; none where it names none or DNS does not answer."""


async def by_dns(domain: str) -> Sequence[ServiceRecord]:
    """As name servers say. They are seldom asked, and what asks them is large: it is loaded for the first."""
    from providers.caldav.dns_services import DnsServices  # noqa: PLC0415 - 4 MB that few ever need

    return await DnsServices()(domain)
