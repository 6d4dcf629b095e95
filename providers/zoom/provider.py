"""Zoom as a provider. How users consent, and where access tokens come from, is not its matter."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.transport import Transport
from providers.zoom.client import ZoomClient
from providers.zoom.session import ZoomSession

API_URL = "https://api.zoom.us/v2"
FIELD = "credentials.code"


class ZoomProvider:
    """Reads accounts that have `tokens`, by a `transport` that reaches `api_url` (`providers.vendor`)."""

    def __init__(self, transport: Transport, *, api_url: str = API_URL) -> None:
        self._transport = transport
        self._api_url = api_url

    @property
    def name(self) -> ProviderName:
        return ProviderName.ZOOM

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        """Raises `Invalid`: nothing that a user could type connects an account of Zoom's."""
        raise Invalid("Zoom is connected by consent in the browser.", field=FIELD)

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        """An account without `tokens` is disconnected, as its first request says."""
        async with self._transport.client(account=account.identity) as http:
            session = ZoomSession(http, account.tokens, self._api_url)
            yield ZoomClient(session, account.email, self._transport.time.now)
