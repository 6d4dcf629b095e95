"""Transports to vendors, whose addresses are the operator's settings and not what users type."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from providers.guard import IPNetwork, literal_address, parse_networks
from providers.limits import Limits, MakeBudget, of_this_process
from providers.retry import Time
from providers.transport import Transport

_LOOPBACK = parse_networks(["127.0.0.0/8", "::1/128"])


@dataclass(frozen=True, slots=True)
class VendorApi:
    """Where a vendor's API is, and what the vendor allows: to this process, unless `make_budget` says to whom else."""

    url: str
    limits: Limits = field(default_factory=Limits)
    make_budget: MakeBudget = of_this_process

    def check(self) -> None:
        """Raises `ValueError` for an address that would send tokens over plain http."""
        _networks(self.url)

    def transport(self, time: Time | None = None) -> Transport:
        """See `vendor_transport`."""
        return vendor_transport(self.url, time=time, limits=self.limits, make_budget=self.make_budget)


def vendor_transport(
    *urls: str, time: Time | None = None, limits: Limits = Limits(), make_budget: MakeBudget = of_this_process
) -> Transport:
    """A transport for the API at these addresses; loopback, and plain http, only where all of them are there.

    `limits` are the vendor's, for whose accounts clients are opened with `account`.

    So a simulator on this machine can stand in for a vendor, and a vendor's redirect can lead to nothing inside.
    Raises `ValueError` for an address that would send tokens over plain http.
    """
    return Transport(allowed_networks=_networks(*urls), time=time, limits=limits, make_budget=make_budget)


def is_loopback(host: str) -> bool:
    """Whether a host of an address, by name or literally, is this machine."""
    address = literal_address(host)
    return host == "localhost" if address is None else address.is_loopback


def _networks(*urls: str) -> Sequence[IPNetwork]:
    """Those that may be reached although they are not public. Raises `ValueError`, see `vendor_transport`."""
    is_local = all(is_loopback(httpx.URL(url).host) for url in urls)
    if not is_local and any(httpx.URL(url).scheme != "https" for url in urls):
        raise ValueError("The address of a vendor must begin with https://.")
    return _LOOPBACK if is_local else ()
