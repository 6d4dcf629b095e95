"""The time zones of one feed: what each is called in it, and what it is (VTIMEZONE, RFC 5545 §3.6.5)."""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import available_timezones

from icalendar import Component, Timezone

_FROM, _UNTIL = date(1970, 1, 1), date(2100, 1, 1)
_PLAIN = re.compile(r"[A-Za-z0-9_+\-/ .]{1,64}", re.ASCII)


class TimeZones:
    """TZIDs as they are asked for. A zone that somebody made keeps its name as far as that is plain and its own."""

    def __init__(self) -> None:
        self._rules: dict[str, str | None] = {}

    def tzid(self, name: str, rules: str | None) -> str:
        tzid = name if rules is None or self._can_be_called(name, rules) else _derived(name, rules)
        self._rules[tzid] = rules
        return tzid

    def _can_be_called(self, name: str, rules: str) -> bool:
        is_free = self._rules.get(name, rules) == rules
        return is_free and name == name.strip() and bool(_PLAIN.fullmatch(name)) and name not in available_timezones()

    def definitions(self) -> Iterator[bytes]:
        """A VTIMEZONE for each TZID that was given out, by name."""
        for tzid, rules in sorted(self._rules.items()):
            yield _iana(tzid) if rules is None else _custom(tzid, rules)


def _derived(name: str, rules: str) -> str:
    return f"Custom {blake2b(repr((name, rules)).encode(), digest_size=6).hexdigest()}"


@lru_cache(maxsize=512)
def _iana(name: str) -> bytes:
    text: bytes = Timezone.from_tzid(name, first_date=_FROM, last_date=_UNTIL).to_ical()
    return text


@lru_cache(maxsize=64)
def _custom(tzid: str, rules: str) -> bytes:
    """Written through, under its name here."""
    (zone, *_) = Component.from_ical(rules).walk("VTIMEZONE")
    zone["TZID"] = tzid
    text: bytes = zone.to_ical()
    return text
