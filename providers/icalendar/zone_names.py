"""Which IANA zone a name means: IANA's own, Windows', Outlook's display names and names with a vendor's prefix.

A name is only ever looked up in prepared tables, never handed to a file system.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import available_timezones

from tzlocal.windows_tz import win_tz

from providers.icalendar.windows_zones import DISPLAY_NAMES, OTHER_NAMES

LONGEST_NAME = 255
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
_OFFSET_PREFIX = re.compile(r"\(\s*(?:UTC|GMT)?[^()]{0,12}\)\s*", re.IGNORECASE)
_OFFSET_NAME = re.compile(r"(?:UTC|GMT)?\s*([+-])([01]?\d)(?::?([0-5]\d))?", re.ASCII | re.IGNORECASE)
_UTC_TARGETS = frozenset({"Etc/UTC", "Etc/GMT"})


def iana_name(name: str) -> str | None:
    """The canonical IANA name for a TZID or zone name as calendars write it, or `None` if it says nothing known.

    Renamed zones get today's name (`US/Eastern` and `Eastern Standard Time` are both `America/New_York`), so that
    the same zone is always spelled the same.
    """
    return _iana_name(name) if len(name) <= LONGEST_NAME else None


@lru_cache(maxsize=1024)
def _iana_name(name: str) -> str | None:
    plain = name.strip().strip("\"'").strip()
    found = _known_names().get(_folded(plain))
    if found is not None:
        return found
    return _displayed(plain) if plain.startswith("(") else _without_prefix(plain)


def _displayed(name: str) -> str | None:
    """`(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna`, in any selection of the cities."""
    shown = _folded(_OFFSET_PREFIX.sub("", name, count=1))
    cities = (_city_zones().get(city.strip()) for city in re.split(r"[,/]", shown))
    return _known_names().get(shown) or next(filter(None, cities), None)


@cache
def _city_zones() -> Mapping[str, str]:
    """The first display name that lists a city counts: they are in alphabetical order, the older ones last."""
    named: dict[str, str] = {}
    for shown in DISPLAY_NAMES:
        for city in shown.split(", "):
            named.setdefault(_folded(city), _known_names()[_folded(shown)])
    return named


def fixed_offset(name: str) -> timedelta | None:
    """The offset from UTC that is all a name says: `GMT+0100`, `UTC-03:30`."""
    match = _OFFSET_NAME.fullmatch(name.strip().strip("\"'()")) if len(name) <= LONGEST_NAME else None
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return offset if match[1] == "+" else -offset


def _without_prefix(name: str) -> str | None:
    """`/freeassociation.sourceforge.net/Europe/Berlin`, `/citadel.org/20260101_1/Europe/Berlin`."""
    if not name.startswith("/"):
        return None
    parts = name.split("/")
    suffixes = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next(filter(None, (_known_names().get(_folded(suffix)) for suffix in suffixes)), None)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


@cache
def _known_names() -> Mapping[str, str]:
    """Folded names to canonical IANA names; where two tables disagree, IANA's own names win."""
    renamed = _renamed()
    tables = (OTHER_NAMES, DISPLAY_NAMES, win_tz, {name: name for name in available_timezones() - _NO_ZONES})
    return {_folded(name): renamed.get(zone, zone) for table in tables for name, zone in table.items()}


@cache
def _renamed() -> Mapping[str, str]:
    """Old names to today's.

    The database also links zones that agree since 1970 (Stockholm to Berlin); a zone that stands for a place in a
    country (zone.tab) keeps its name. All names of UTC become `UTC`.
    """
    places = {line.split("\t")[2] for line in _database("zone.tab") if not line.startswith("#")}
    links = [line.split() for line in _database("tzdata.zi") if line.startswith("L ")]
    targets = {old: target for _, target, old in links if old not in places}
    return {old: "UTC" if target in _UTC_TARGETS else target for old, target in targets.items()} | dict.fromkeys(
        _UTC_TARGETS, "UTC"
    )


def _database(file: str) -> list[str]:
    return resources.files("tzdata").joinpath("zoneinfo", file).read_text("utf-8").splitlines()
