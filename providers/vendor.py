"""Transports to vendors, whose addresses are the operator's settings and not what users type."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from providers.guard import IPNetwork, literal_address, parse_networks
from providers.limits import Limits
from providers.retry import Time
from providers.transport import Transport

_LOOPBACK = parse_networks(["127.0.0.0/8", "::1/128"])


@dataclass(frozen=True, slots=True)
class VendorApi:
    """Where a vendor's API is, and what the vendor allows."""

    url: str
    limits: Limits = field(default_factory=Limits)

    def transport(self, time: Time | None = None) -> Transport:
        """See `vendor_transport`."""
        return vendor_transport(self.url, time=time, limits=self.limits)


def vendor_transport(*urls: str, time: Time | None = None, limits: Limits = Limits()) -> Transport:
    """A transport for the API at these addresses; loopback, and plain http, only where all of them are there.

    `limits` are the vendor's, for whose accounts clients are opened with `account`.

    So a simulator on this machine can stand in for a vendor, and a vendor's redirect can lead to nothing inside.
    Raises `ValueError` for an address that would send tokens over plain http.
    """
    is_local = all(_is_loopback(httpx.URL(url).host) for url in urls)
    if not is_local and any(httpx.URL(url).scheme != "https" for url in urls):
        raise ValueError("The address of a vendor must begin with https://.")
    networks: Sequence[IPNetwork] = _LOOPBACK if is_local else ()
    return Transport(allowed_networks=networks, time=time, limits=limits)


def _is_loopback(host: str) -> bool:
    address = literal_address(host)
    return host == "localhost" if address is None else address.is_loopback
