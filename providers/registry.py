"""The providers that can be connected, by name: the one list of them."""

from collections.abc import Mapping, Sequence

from calendar_sync.domain.providers import Provider, ProviderName
from providers.apple.provider import AppleProvider
from providers.caldav.provider import CalDavProvider, hosts_of
from providers.google.provider import GoogleProvider
from providers.guard import IPNetwork
from providers.ics.provider import IcsProvider
from providers.outlook.provider import OutlookProvider
from providers.retry import Time
from providers.transport import Transport
from providers.vendor import VendorApi
from providers.zoom.provider import ZoomProvider


def all_providers(
    *,
    allowed_networks: Sequence[IPNetwork] = (),
    apple_caldav_url: str,
    google: VendorApi,
    microsoft: VendorApi,
    zoom: VendorApi,
    time: Time | None = None,
) -> Mapping[ProviderName, Provider]:
    """Every provider. Making them sends nothing and holds nothing open.

    `allowed_networks` may be reached by addresses that users type although they are not public. The other addresses
    are the operator's, and so are the vendors' limits; `time` is how all of them wait. Raises `ValueError` for an
    address that would send tokens in the clear.
    """
    transport = Transport(allowed_networks=allowed_networks, time=time)
    ics = IcsProvider(transport)
    apple_accounts = CalDavProvider(transport, trusted=hosts_of(apple_caldav_url))
    providers: tuple[Provider, ...] = (
        GoogleProvider(google.transport(time), api_url=google.url),
        OutlookProvider(microsoft.transport(time), api_url=microsoft.url),
        ZoomProvider(zoom.transport(time), api_url=zoom.url),
        AppleProvider(apple_accounts, ics, apple_caldav_url),
        CalDavProvider(transport),
        ics,
    )
    return {provider.name: provider for provider in providers}
