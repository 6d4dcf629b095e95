"""What an account's stored credentials hold: what was typed, and where that led."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.providers import Account
from providers.caldav import hrefs
from providers.caldav.discovery import Candidate, Site


@dataclass(frozen=True, slots=True)
class Login:
    """What a user types. `url` may also be a host or an e-mail address."""

    url: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the account was found, and from which address."""

    candidate: Candidate
    site: Site


def read_login(credentials: Mapping[str, str]) -> Login:
    """Raises `Invalid` with the field."""
    wanted = {"url": "the server's address", "username": "the user name", "password": "the password"}
    given = {name: credentials.get(name) for name in wanted}
    for name, what in wanted.items():
        value = given[name]
        if not isinstance(value, str) or not value.strip():
            raise Invalid(f"Give {what}.", field=f"credentials.{name}")
        if not value.isprintable():
            raise Invalid(f"There is a character in {what} that does not belong there.", field=f"credentials.{name}")
    return Login(str(given["url"]).strip(), str(given["username"]).strip(), str(given["password"]))


def account_of(login: Login, place: Place) -> Account:
    """The principal names an account, and so does the user name: a principal may be shared."""
    anchor = place.site.anchor
    identity = f"{hrefs.origin(anchor)}{hrefs.as_collection(hrefs.key(anchor))} {login.username.casefold()}"
    email = login.username.lower() if _is_address(login.username) else next(iter(place.site.addresses), None)
    found = {"url": place.candidate.url, "domain": place.candidate.domain, "site": _write_site(place.site)}
    return Account(identity, email, {"username": login.username, "password": login.password, **found})


def read_account(account: Account) -> tuple[Login, Place]:
    kept = account.credentials
    login = Login(kept["url"], kept["username"], kept["password"])
    return login, Place(Candidate(kept["url"], kept["domain"]), _read_site(kept["site"]))


def addresses_of(login: Login, place: Place) -> frozenset[str]:
    """Where invitations reach the account: what the server says, and the user name where that is an address."""
    own = {login.username.lower()} if _is_address(login.username) else set()
    return frozenset(place.site.addresses) | own


def _is_address(username: str) -> bool:
    return "@" in username


def _write_site(site: Site) -> str:
    return json.dumps(
        {"principal": site.principal, "homes": site.homes, "calendars": site.calendars, "addresses": site.addresses}
    )


def _read_site(text: str) -> Site:
    kept = json.loads(text)
    return Site(kept["principal"], tuple(kept["homes"]), tuple(kept["calendars"]), tuple(kept["addresses"]))
