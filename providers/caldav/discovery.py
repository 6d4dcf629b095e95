"""From what a user typed to where the calendars are (RFC 6764, RFC 5397, RFC 4791 §6.2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from calendar_sync.domain.errors import AddressRefused, BadResponse, Unavailable
from providers.caldav import hrefs
from providers.caldav.service_records import LookUpServices, ServiceRecord
from providers.caldav.session import ELSEWHERE, DavSession, multistatus, refusal
from providers.caldav.wire import CALDAV, DAV, PRINCIPAL, Resource
from providers.guard import literal_address

NOTHING_HERE = "There is no CalDAV server at this address."

_WELL_KNOWN = "/.well-known/caldav"
_HOSTING = ("*.icloud.com", "caldav.fastmail.com", "caldav.calendar.yahoo.com")
"""Hosts that a domain may name as its own although they are elsewhere: DNS answers are not authenticated."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address to try. Within `domain` the account's password may be used."""

    url: str
    domain: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where an account's calendars are.

    `homes` list them; `calendars` are calendars by themselves, outside of any home. `addresses` are the account's own
    e-mail addresses, lower case.
    """

    principal: str | None
    homes: tuple[str, ...]
    calendars: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The address that names the account."""
        return self.principal or (self.homes + self.calendars)[0]


async def candidates(typed: str, look_up: LookUpServices) -> Sequence[Candidate]:
    """What to try for a URL, a host (with a port and a path, perhaps) or an e-mail address, in this order."""
    text = typed.strip()
    if "://" in text:
        return _of_url(text)
    domain = text.rpartition("@")[2]
    if urlsplit(f"https://{domain}").path.strip("/"):
        return _of_url(f"https://{domain}")
    records = () if literal_address(domain) or ":" in domain else await look_up(domain)
    at_services = [each for record in records if (each := _of_record(record, domain)) is not None]
    return [*at_services, *_of_url(f"https://{domain}")]


def _of_url(url: str) -> list[Candidate]:
    """The address itself where it has a path, then what its host says of itself."""
    try:
        origin, domain, path = hrefs.origin(url), hrefs.host_of(url), urlsplit(url).path
    except ValueError as err:
        raise AddressRefused("This is not a web address.") from err
    urls = [url] if path.strip("/") else []
    return [Candidate(each, domain) for each in (*urls, f"{origin}{_WELL_KNOWN}", f"{origin}/")]


def _of_record(record: ServiceRecord, domain: str) -> Candidate | None:
    """A service that a domain names as its own, unless it is somebody else's."""
    url = f"https://{record.host}:{record.port}{record.path or _WELL_KNOWN}"
    if hrefs.is_within_domain(record.host, domain.lower()):
        return Candidate(url, domain.lower())
    return Candidate(url, record.host) if hrefs.host_matches(record.host, _HOSTING) else None


class Discovery:
    """Finds the site of the account that a session is signed in to."""

    def __init__(self, session: DavSession) -> None:
        self._session = session

    async def find(self, url: str) -> Site | None:
        """The site that an address leads to, or `None` where it is no DAV resource or leads nowhere.

        Raises `Disconnected`, `AddressRefused` where it leads to a host that may not have the password, and any other
        `ProviderError`.
        """
        response = await self._session.propfind(url, PRINCIPAL, depth=0)
        if response.status != 207:
            error = refusal(response)
            if isinstance(error, Unavailable):
                raise error
            return None
        resource = _own(response.url, (await multistatus(response)).resources)
        principal = self._pointers(response.url, resource.hrefs(f"{DAV}current-user-principal"))
        if principal and hrefs.key(principal[0]) != hrefs.key(response.url):
            site = await self._at_principal(principal[0])
        else:
            site = self._site(response.url, resource)
        return _with_calendar(site, response.url, resource)

    async def _at_principal(self, url: str) -> Site | None:
        response = await self._session.propfind(url, PRINCIPAL, depth=0)
        resource = _own(response.url, (await multistatus(response)).resources)
        return self._site(response.url, resource)

    def _site(self, url: str, resource: Resource) -> Site | None:
        homes = self._pointers(url, resource.hrefs(f"{CALDAV}calendar-home-set"))
        if not homes:
            return None
        addresses = (href.strip().lower() for href in resource.hrefs(f"{CALDAV}calendar-user-address-set"))
        mails = tuple(dict.fromkeys(each.removeprefix("mailto:") for each in addresses if each.startswith("mailto:")))
        return Site(url, tuple(hrefs.as_collection(home) for home in homes), addresses=mails)

    def _pointers(self, base: str, targets: Sequence[str]) -> list[str]:
        """The addresses that a property of `base` points to. Raises `AddressRefused` where none may be asked."""
        urls = [url for href in targets if (url := hrefs.resolve(base, href)) is not None]
        urls = [hrefs.as_secure_as(base, url) for url in urls]
        admitted = [url for url in urls if self._session.admits(url)]
        if urls and not admitted:
            raise AddressRefused(ELSEWHERE)
        return admitted


def _own(url: str, resources: Sequence[Resource]) -> Resource:
    """What an answer says of the resource that was asked for. Raises `BadResponse`."""
    if not resources:
        raise BadResponse("The server's answer says nothing.")
    key = hrefs.as_collection(hrefs.key(url))
    for resource in resources:
        named = hrefs.resolve(url, resource.href)
        if named is not None and hrefs.as_collection(hrefs.key(named)) == key:
            return resource
    return resources[0]


def _with_calendar(site: Site | None, url: str, resource: Resource) -> Site | None:
    """The site, with the calendar in it that was asked for by its own address but is in none of the homes."""
    if f"{CALDAV}calendar" not in resource.children(f"{DAV}resourcetype"):
        return site
    calendar = hrefs.as_collection(url)
    if site is None:
        return Site(None, (), (calendar,))
    if any(hrefs.key(calendar).startswith(hrefs.key(home)) for home in site.homes):
        return site
    return Site(site.principal, site.homes, (calendar,), site.addresses)
