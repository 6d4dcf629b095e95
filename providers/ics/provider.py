"""Feeds as a provider: the address is account and credential in one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from calendar_sync.domain.errors import AddressRefused, BadResponse, CalendarGone, Disconnected, Invalid
from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.ics.address import FIELD, identity, plain_address, web_address
from providers.ics.client import IcsClient, NotThere
from providers.ics.reading import Reader
from providers.transport import DEFAULT_DEADLINE, Transport, Unreachable


class IcsProvider:
    """`zone` (IANA) is where floating times and all-day events are meant in a feed that does not say.

    A feed must be there within `deadline` seconds, redirects and retries included.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        zone: str = "UTC",
        reader: Reader | None = None,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        self._transport = transport
        self._zone = zone
        self._reader = reader or Reader()
        self._deadline = deadline

    @property
    def name(self) -> ProviderName:
        return ProviderName.ICS

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        """Read the feed once. Raises `Invalid` for an address where there is no feed to be read.

        An address that is blocked and one where nothing answers are `AddressRefused` alike. `webcal://` is tried
        without TLS too, but only in a network that the operator allows.
        """
        typed = credentials.get("url", "")
        try:
            return await self._verified(web_address(typed))
        except AddressRefused:
            plain = plain_address(typed)
            if plain is None or not self._transport.is_private(self._transport.check(plain)):
                raise
            return await self._verified(plain)

    async def _verified(self, url: str) -> Account:
        account = Account(identity(self._transport.check(url)), None, {"url": url})
        try:
            async with self._client(account) as client:
                await client.verify()
        except Unreachable as err:
            raise AddressRefused(err.message) from err
        except (BadResponse, CalendarGone, Disconnected, NotThere) as err:
            raise Invalid(err.message, field=FIELD) from err
        return account

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        async with self._client(account) as client:
            yield client

    @asynccontextmanager
    async def _client(self, account: Account) -> AsyncIterator[IcsClient]:
        async with self._transport.client() as http:
            yield IcsClient(http, account.credentials["url"], self._reader, self._zone, self._deadline)
