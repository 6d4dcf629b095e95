"""Google Calendar as a provider."""

from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.consented import ConsentedProvider
from providers.google.client import GoogleClient
from providers.google.session import GoogleSession
from providers.transport import GuardedClient, Transport

API_URL = "https://www.googleapis.com/calendar/v3"


class GoogleProvider(ConsentedProvider):
    name = ProviderName.GOOGLE_CALENDAR
    title = "Google Calendar"

    def __init__(self, transport: Transport, *, api_url: str = API_URL) -> None:
        super().__init__(transport, api_url=api_url)

    def _client(self, http: GuardedClient, account: Account) -> ProviderClient:
        return GoogleClient(GoogleSession(http, account.tokens, self._api_url))
