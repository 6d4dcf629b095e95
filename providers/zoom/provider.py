"""Zoom as a provider."""

from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.consented import ConsentedProvider
from providers.transport import GuardedClient, Transport
from providers.zoom.client import ZoomClient
from providers.zoom.session import ZoomSession

API_URL = "https://api.zoom.us/v2"


class ZoomProvider(ConsentedProvider):
    name = ProviderName.ZOOM
    title = "Zoom"

    def __init__(self, transport: Transport, *, api_url: str = API_URL) -> None:
        super().__init__(transport, api_url=api_url)

    def _client(self, http: GuardedClient, account: Account) -> ProviderClient:
        session = ZoomSession(http, account.tokens, self._api_url)
        return ZoomClient(session, account.email, self._transport.time.now)
