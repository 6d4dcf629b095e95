"""Who is in an event: ORGANIZER and ATTENDEE (RFC 5545 §3.8.4, §3.3.3)."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from calendar_sync.domain.events import Attendee, Person, ResponseStatus
from providers.icalendar.components import Property

_RESPONSES = {
    "ACCEPTED": ResponseStatus.ACCEPTED,
    "TENTATIVE": ResponseStatus.TENTATIVE,
    "DECLINED": ResponseStatus.DECLINED,
}
_OPTIONAL_ROLES = frozenset({"OPT-PARTICIPANT", "NON-PARTICIPANT"})
_RESOURCES = frozenset({"RESOURCE", "ROOM"})
_EMAIL = re.compile(r"[^\s:/\"<>@][^\s:/\"<>]*@[^\s:/\"<>@]+")
_LONGEST_ADDRESS = 320


def organizer(written: Sequence[Property]) -> Person | None:
    people = [_person(one) for one in written]
    named = [person for person in people if person.email or person.name]
    return min(named, key=lambda person: (person.email or "", person.name or ""), default=None)


def attendees(written: Iterable[Property], my_addresses: frozenset[str]) -> tuple[Attendee, ...]:
    """Sorted by e-mail and name. Of someone listed twice, the entry with an answer counts.

    `my_addresses` are lower case.
    """
    found: dict[str, Attendee] = {}
    for one in sorted((_attendee(one, my_addresses) for one in written), key=_answered_first):
        key = one.email or one.name
        if key:
            found.setdefault(key, one)
    return tuple(sorted(found.values(), key=lambda one: (one.email or "", one.name or "")))


def _answered_first(one: Attendee) -> tuple[bool, ResponseStatus, str, bool, bool]:
    has_answered = one.response is not ResponseStatus.NEEDS_ACTION
    return (not has_answered, one.response, one.name or "", one.is_optional, one.is_resource)


def _attendee(written: Property, my_addresses: frozenset[str]) -> Attendee:
    parameters = written.parameters()
    email = _email(written.value, parameters.get("EMAIL"))
    return Attendee(
        email=email,
        name=_name(parameters.get("CN"), email),
        response=_RESPONSES.get(parameters.get("PARTSTAT", "").upper(), ResponseStatus.NEEDS_ACTION),
        is_optional=parameters.get("ROLE", "").upper() in _OPTIONAL_ROLES,
        is_resource=parameters.get("CUTYPE", "").upper() in _RESOURCES,
        is_self=email in my_addresses,
    )


def _person(written: Property) -> Person:
    parameters = written.parameters()
    email = _email(written.value, parameters.get("EMAIL"))
    return Person(email, _name(parameters.get("CN"), email))


def _email(address: str, stated: str | None) -> str | None:
    """The EMAIL parameter (RFC 7986) where there is one: the address itself may be a `urn:` or a path."""
    scheme, colon, rest = address.strip().partition(":")
    plain = rest if colon and scheme.lower() == "mailto" else address
    for candidate in (stated, plain):
        email = unquote(candidate or "").strip().strip("<>").lower()
        if len(email) <= _LONGEST_ADDRESS and _EMAIL.fullmatch(email):
            return email
    return None


def _name(common_name: str | None, email: str | None) -> str | None:
    """A CN that only repeats the address is no name."""
    name = (common_name or "").strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name if name and name.lower() not in {email, f"mailto:{email}"} else None
