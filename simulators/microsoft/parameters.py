"""The query parameters of a request. Their names' case does not matter, nor does the `$` before those of OData."""

from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import QueryParams

from simulators.microsoft.errors import bad_request, invalid_parameter, no_window, window_too_long
from simulators.microsoft.series import Window
from simulators.microsoft.times import parsed


@dataclass(frozen=True, slots=True)
class Parameters:
    """Every method raises `GraphError` (400) where the value is not of the type."""

    query: QueryParams

    def text(self, name: str) -> str | None:
        named = (value for key, value in self.query.multi_items() if _plain(key) == name.lower())
        return next(named, None)

    def has_any(self, *names: str) -> bool:
        return any(self.text(name) is not None for name in names)

    def names(self, name: str) -> list[str]:
        return [each.strip() for each in (self.text(name) or "").split(",") if each.strip()]

    def number(self, name: str, usual: int, least: int, most: int) -> int:
        text = self.text(name)
        if text is None:
            return usual
        if not text.isdecimal() or int(text) < least:
            raise bad_request(f"Invalid value '{text}' for ${name} query option found.")
        return min(int(text), most)

    def window(self, most_days: int | None = None) -> Window:
        start, end = self._instant("startDateTime"), self._instant("endDateTime")
        if start is None or end is None:
            raise no_window()
        if end < start:
            raise invalid_parameter("The start of the time window is after its end.")
        if most_days is not None and (end - start).total_seconds() > most_days * 86_400:
            raise window_too_long(most_days)
        return Window(start, end)

    def _instant(self, name: str) -> datetime | None:
        text = self.text(name)
        try:
            return None if text is None else parsed(text)
        except ValueError as err:
            raise invalid_parameter(f"The value '{text}' of parameter '{name}' is invalid.") from err

    def asked(self, *besides: str) -> list[tuple[str, str]]:
        """All parameters but `besides`, as they were given."""
        return [(key, value) for key, value in self.query.multi_items() if _plain(key) not in besides]


def _plain(key: str) -> str:
    return key.lower().removeprefix("$")
