"""What a client prefers (RFC 7240): page size, zone, kind of ids, form of bodies."""

import re
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from simulators.microsoft.errors import invalid_parameter, unsupported_zone
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.times import zone_of

_PREFERENCE = re.compile(r'\s*([\w.-]+)\s*(?:=\s*("[^"]*"|[^,;]*))?\s*[,;]?')
_NAMES = ("odata.maxpagesize", "outlook.timezone", "IdType", "outlook.body-content-type")


@dataclass(frozen=True, slots=True)
class Preferences:
    """`applied` is the answer's `Preference-Applied` field."""

    page_size: int | None = None
    zone_name: str = "UTC"
    prefers_immutable_ids: bool = False
    body_type: Literal["html", "text"] = "html"
    applied: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.zone_name)


def preferences(fields: list[str], quirks: Quirks) -> Preferences:
    """Those of a request's `Prefer` fields. Raises `GraphError` where one cannot be granted."""
    given = _read(", ".join(fields))
    zone_name = given.get("outlook.timezone", "UTC")
    try:
        zone_of(zone_name)
    except ValueError as err:
        raise unsupported_zone(zone_name) from err
    applied = ", ".join(f"{name}={_quoted(name, given[name.lower()])}" for name in _NAMES if name.lower() in given)
    return Preferences(
        _page_size(given.get("odata.maxpagesize")),
        zone_name,
        given.get("idtype", "").lower() == "immutableid" and not quirks.ignores_id_type,
        "text" if given.get("outlook.body-content-type", "").lower() == "text" else "html",
        "" if quirks.omits_applied_preferences else applied,
    )


def _read(text: str) -> dict[str, str]:
    read = {match[1].lower(): (match[2] or "").strip().strip('"') for match in _PREFERENCE.finditer(text)}
    return {name: value for name, value in read.items() if name in map(str.lower, _NAMES)}


def _quoted(name: str, value: str) -> str:
    return value if name == "odata.maxpagesize" else f'"{value}"'


def _page_size(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise invalid_parameter("The value of the preference 'odata.maxpagesize' is not a positive number.")
    return min(int(text), 1000)
