"""What all vendors are alike in whose users consent in the browser. How they do so is not a provider's matter."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.transport import GuardedClient, Transport

FIELD = "credentials.code"


class ConsentedProvider(ABC):
    """Reads accounts that have `tokens`, by a `transport` that reaches `api_url` (`providers.vendor`)."""

    name: ClassVar[ProviderName]
    title: ClassVar[str]
    """What users call it."""

    def __init__(self, transport: Transport, *, api_url: str) -> None:
        self._transport = transport
        self._api_url = api_url

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        """Raises `Invalid`: nothing that a user could type connects such an account."""
        raise Invalid(f"{self.title} is connected by consent in the browser.", field=FIELD)

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        """An account without `tokens` is disconnected, as its first request says."""
        async with self._transport.client(account=account.identity) as http:
            yield self._client(http, account)

    @abstractmethod
    def _client(self, http: GuardedClient, account: Account) -> ProviderClient:
        """What reads the account by `http`."""
