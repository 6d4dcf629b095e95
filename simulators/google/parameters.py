"""The query parameters of a request, read as their types say."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.datastructures import QueryParams

from simulators.google.errors import invalid, invalid_parameter
from simulators.google.times import rfc3339

_SHAPING = frozenset({"fields", "alt", "prettyPrint", "key", "quotaUser", "userIp", "oauth_token"})
"""They say nothing about what is asked for."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Every method raises `ApiError` (400) where the value is not of the type."""

    query: QueryParams

    def has(self, name: str) -> bool:
        return name in self.query

    def text(self, name: str) -> str | None:
        return self.query.get(name)

    def texts(self, name: str) -> list[str]:
        return self.query.getlist(name)

    def integer(self, name: str, usual: int | None, most: int | None = None) -> int | None:
        """At least 1; what is more than `most` is taken for `most`."""
        text = self.query.get(name)
        if text is None:
            return usual
        if not text.isdecimal() or int(text) < 1:
            raise invalid_parameter(f"Invalid value '{text}'. Values must be positive integers.", name)
        return int(text) if most is None else min(int(text), most)

    def boolean(self, name: str, usual: bool = False) -> bool:
        text = self.query.get(name)
        if text not in {None, "true", "false"}:
            raise invalid_parameter(f"Invalid boolean value: '{text}'.", name)
        return usual if text is None else text == "true"

    def choices(self, name: str, allowed: tuple[str, ...]) -> frozenset[str]:
        given = frozenset(self.query.getlist(name))
        if unknown := sorted(given - set(allowed)):
            raise invalid_parameter(f"Invalid value for {name}: {unknown[0]}", name)
        return given

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        return next(iter(self.choices(name, allowed)), None)

    def instant(self, name: str) -> datetime | None:
        text = self.query.get(name)
        try:
            return None if text is None else rfc3339(text)
        except ValueError as err:
            raise invalid("Bad Request", name, "badRequest") from err

    def zone(self, name: str, usual: ZoneInfo) -> ZoneInfo:
        text = self.query.get(name)
        try:
            return usual if text is None else ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError) as err:
            raise invalid("Invalid time zone.", name) from err

    def asked(self, *besides: str) -> list[tuple[str, str]]:
        """What is asked for: all but what only shapes the answer, and `besides`."""
        return [(name, value) for name, value in self.query.multi_items() if name not in {*_SHAPING, *besides}]
