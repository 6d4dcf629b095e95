"""Apple's calendars as a `Provider`, in the words of the REST contract.

An account is read by CalDAV: Apple's server, the Apple Account's address and an app-specific password. A calendar
that was published in Apple's calendar is a feed, read-only. Which of the two is told by the credentials; both are
read by the providers that know how.
"""

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from calendar_sync.domain.errors import Disconnected, Invalid
from calendar_sync.domain.providers import Account, Provider, ProviderClient, ProviderName

REFUSED = (
    "Apple refused the app-specific password; make a new one at account.apple.com, for Apple revokes them all "
    "whenever the Apple Account's own password changes."
)

_APP_SPECIFIC = re.compile(r"[a-z0-9]{4}(?:-[a-z0-9]{4}){3}")
_NOT_APP_SPECIFIC = (
    "This is not an app-specific password: those look like xxxx-xxxx-xxxx-xxxx and are made at account.apple.com."
)
_FIELDS = {"credentials.username": "credentials.apple_id", "credentials.password": "credentials.app_specific_password"}
_FEED = "feed:"


@dataclass(frozen=True, slots=True)
class AppleProvider:
    """`caldav` reads accounts, on `server`; `feed` reads published calendars."""

    caldav: Provider
    feed: Provider
    server: str

    @property
    def name(self) -> ProviderName:
        return ProviderName.APPLE_CALENDAR

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        """`credentials` are `apple_id` and `app_specific_password`, or `ical_url`."""
        if "ical_url" in credentials and "apple_id" in credentials:
            raise Invalid("Give either an Apple Account or a calendar address.", field="credentials.ical_url")
        if "ical_url" in credentials:
            return await self._connect_feed(credentials["ical_url"])
        return await self._connect_account(credentials)

    def open(self, account: Account) -> AbstractAsyncContextManager[ProviderClient]:
        is_feed = account.identity.startswith(_FEED)
        return (self.feed if is_feed else self.caldav).open(account)

    async def _connect_account(self, credentials: Mapping[str, str]) -> Account:
        apple_id = _required(credentials, "apple_id", "the Apple Account's e-mail address or phone number")
        password = _app_specific(_required(credentials, "app_specific_password", "an app-specific password"))
        try:
            return await self.caldav.connect({"url": self.server, "username": apple_id, "password": password})
        except Invalid as err:
            raise Invalid(err.message, field=_FIELDS.get(err.field, err.field)) from err
        except Disconnected as err:
            raise Disconnected(REFUSED) from err

    async def _connect_feed(self, url: str) -> Account:
        try:
            account = await self.feed.connect({"url": url})
        except Invalid as err:
            raise Invalid(err.message, field="credentials.ical_url") from err
        return replace(account, identity=f"{_FEED}{account.identity}")


def _required(credentials: Mapping[str, str], field: str, what: str) -> str:
    value = credentials.get(field)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"Give {what}.", field=f"credentials.{field}")
    return value.strip()


def _app_specific(password: str) -> str:
    """The password as Apple wants it: in lower case, with its hyphens; people leave them out, or type spaces."""
    letters = re.sub(r"[\s-]", "", password).lower()
    grouped = "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
    if not _APP_SPECIFIC.fullmatch(grouped):
        raise Invalid(_NOT_APP_SPECIFIC, field="credentials.app_specific_password")
    return grouped
