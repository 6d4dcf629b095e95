"""Outlook as a provider."""

from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.consented import ConsentedProvider
from providers.outlook.client import OutlookClient
from providers.outlook.session import OutlookSession
from providers.transport import GuardedClient, Transport

API_URL = "https://graph.microsoft.com/v1.0"


class OutlookProvider(ConsentedProvider):
    name = ProviderName.OUTLOOK_CALENDAR
    title = "Outlook"

    def __init__(self, transport: Transport, *, api_url: str = API_URL) -> None:
        super().__init__(transport, api_url=api_url)

    def _client(self, http: GuardedClient, account: Account) -> ProviderClient:
        session = OutlookSession(http, account.tokens, self._api_url)
        return OutlookClient(session, account.email, self._transport.time.now)
