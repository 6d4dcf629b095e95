"""Which IANA zone a name means: IANA's own, Windows', Outlook's display names and names with a vendor's prefix.

A name is only ever looked up in prepared tables, never handed to a file system.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import available_timezones

from tzlocal.windows_tz import win_tz

from providers.icalendar.windows_zones import DISPLAY_NAMES, OTHER_NAMES

LONGEST_NAME = 255
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
_OFFSET_PREFIX = re.compile(r"\(\s*(?:UTC|GMT)?[^()]{0,12}\)\s*", re.IGNORECASE)
_UTC_TARGETS = frozenset({"Etc/UTC", "Etc/GMT"})


@lru_cache(maxsize=1024)
def iana_name(name: str) -> str | None:
    """The canonical IANA name for a TZID or zone name as calendars write it, or `None` if it says nothing known.

    Renamed zones get today's name (`US/Eastern` and `Eastern Standard Time` are both `America/New_York`), so that
    the same zone is always spelled the same.
    """
    if len(name) > LONGEST_NAME:
        return None
    plain = name.strip().strip("\"'").strip()
    known = _known_names()
    found = known.get(_folded(plain)) or known.get(_folded(_OFFSET_PREFIX.sub("", plain, count=1)))
    return found or _without_prefix(plain)


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
