"""Google Calendar as a provider. How users consent, and where access tokens come from, is not its matter."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.google.client import GoogleClient
from providers.google.session import GoogleSession
from providers.transport import Transport

API_URL = "https://www.googleapis.com/calendar/v3"
FIELD = "credentials.code"


class GoogleProvider:
    """Reads accounts that have `tokens`, by a `transport` that reaches `api_url` (`providers.vendor`)."""

    def __init__(self, transport: Transport, *, api_url: str = API_URL) -> None:
        self._transport = transport
        self._api_url = api_url

    @property
    def name(self) -> ProviderName:
        return ProviderName.GOOGLE_CALENDAR

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        """Raises `Invalid`: nothing that a user could type connects an account of Google's."""
        raise Invalid("Google Calendar is connected by consent in the browser.", field=FIELD)

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        """An account without `tokens` is disconnected, as its first request says."""
        async with self._transport.client(account=account.identity) as http:
            yield GoogleClient(GoogleSession(http, account.tokens, self._api_url))
