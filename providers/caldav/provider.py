"""CalDAV as a `Provider`: signing in with a password, at an address that a user typed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from calendar_sync.domain.errors import AddressRefused, BadResponse, CalendarGone, ProviderError, Unavailable
from calendar_sync.domain.providers import Account, ProviderClient, ProviderName
from providers.caldav import hrefs
from providers.caldav.account import Login, Place, account_of, addresses_of, read_account, read_login
from providers.caldav.client import CalDavClient
from providers.caldav.discovery import NOTHING_HERE, Candidate, Discovery, Site, candidates
from providers.caldav.service_records import LookUpServices, by_dns
from providers.caldav.session import DavSession
from providers.password import PasswordAuth
from providers.transport import Credentials, Transport, Unreachable

ICLOUD = ("*.icloud.com", "*.icloud.com.cn")
"""Apple spreads accounts over partitions, hosts of their own, and moves them at will."""


def hosts_of(server: str) -> Sequence[str]:
    """The hosts, as patterns, that a preset server may spread its accounts over.

    Apple's are known. A server that the operator put in Apple's place is believed: it is shown the passwords anyway.
    """
    return ICLOUD if hrefs.host_matches(hrefs.host_of(server), ICLOUD) else ("*",)


class CalDavProvider:
    """Any CalDAV server.

    A password goes to the host that was typed and the hosts below it, and from one host of `trusted` to another
    (patterns: `*.` stands for any subdomain). `look_up` asks DNS for a domain's services.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        trusted: Sequence[str] = ICLOUD,
        look_up: LookUpServices | None = None,
    ) -> None:
        self._transport = transport
        self._trusted = tuple(trusted)
        self._look_up = look_up or by_dns

    @property
    def name(self) -> ProviderName:
        return ProviderName.CALDAV

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        login = read_login(credentials)
        if "://" in login.url:
            self._transport.check(login.url)
        failure: ProviderError | None = None
        silent: set[str] = set()  # what did not answer once is not waited for again
        for candidate in await candidates(login.url, self._look_up):
            if hrefs.origin(candidate.url) in silent:
                continue
            try:
                site = await self._site_at(login, candidate)
            except (Unavailable, BadResponse, AddressRefused, CalendarGone) as err:
                failure = failure or err
                silent |= {hrefs.origin(candidate.url)} if isinstance(err, Unavailable) else set()
                continue
            if site is not None:
                return account_of(login, Place(candidate, site))
        raise _reason(failure) from failure

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncIterator[ProviderClient]:
        login, place = read_account(account)
        async with self._session(login, place.candidate) as session:
            yield CalDavClient(session, place.site, place.candidate.url, self._trusted, addresses_of(login, place))

    async def _site_at(self, login: Login, candidate: Candidate) -> Site | None:
        """The site that a candidate leads to, once its calendars could be listed."""
        async with self._session(login, candidate) as session:
            site = await Discovery(session).find(candidate.url)
            if site is not None:
                await CalDavClient(session, site, candidate.url, self._trusted).listing()
            return site

    @asynccontextmanager
    async def _session(self, login: Login, candidate: Candidate) -> AsyncIterator[DavSession]:
        def admits(url: str) -> bool:
            return self._admits(candidate, url)

        auth = PasswordAuth(login.username, login.password)
        credentials = Credentials(auth, candidate.url, lambda _, url: admits(str(url)))
        async with self._transport.client(credentials=credentials) as http:
            yield DavSession(http, admits)

    def _admits(self, candidate: Candidate, url: str) -> bool:
        """Whether the password may go to an address: never from https to http."""
        if hrefs.is_downgrade(candidate.url, url):
            return False
        host = hrefs.host_of(url)
        if hrefs.is_within_domain(host, candidate.domain):
            return True
        trusted = self._trusted
        return hrefs.host_matches(candidate.domain, trusted) and hrefs.host_matches(host, trusted)


def _reason(failure: ProviderError | None) -> ProviderError:
    """What to tell a user whose address led nowhere."""
    if isinstance(failure, Unreachable):
        return AddressRefused(failure.message)
    return AddressRefused(NOTHING_HERE) if failure is None or isinstance(failure, CalendarGone) else failure
