"""Which providers can notify this server, and at which address."""

from collections.abc import Mapping

from pydantic import AnyHttpUrl

from calendar_sync.domain.providers import ProviderName
from calendar_sync.settings import Settings
from providers.vendor import is_loopback

WEBHOOKS_PATH = "/v1/meeting-buddy/calendar/webhooks"


def push_addresses(settings: Settings) -> Mapping[ProviderName, str]:
    """Those that push, where they can reach us: by https, or all of it on this machine. The others are only polled."""
    apis = {
        ProviderName.GOOGLE_CALENDAR: settings.google_api_url,
        ProviderName.OUTLOOK_CALENDAR: settings.microsoft_api_url,
    }
    address = f"{str(settings.public_url).rstrip('/')}{WEBHOOKS_PATH}"
    return {provider: address for provider, api in apis.items() if _can_reach(settings.public_url, api)}


def _can_reach(public_url: AnyHttpUrl, api: AnyHttpUrl) -> bool:
    if _is_loopback(public_url):
        return _is_loopback(api)  # a simulator
    return public_url.scheme == "https"


def _is_loopback(url: AnyHttpUrl) -> bool:
    return is_loopback((url.host or "").strip("[]"))
