"""Lists cut into pages, which tokens lead through. What changes in between shifts what the next page holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe

from simulators.clock import Clock
from simulators.zoom.errors import invalid_page_token
from simulators.zoom.meetings import JsonObject
from simulators.zoom.quirks import Quirks


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a token leads to: a list, and how many pages and rows of it come before."""

    key: str
    pages: int
    rows: int
    expires: datetime


@dataclass(slots=True)
class Pages:
    clock: Clock
    quirks: Quirks
    _places: dict[str, _Place] = field(default_factory=dict)

    def page(self, key: str, rows: Sequence[JsonObject], size: int, token: str) -> tuple[Sequence[JsonObject], str]:
        """The rows of a page and the token of the next, empty on the last. Raises `ApiError`."""
        place = self._place(key, token) if token else _Place(key, 0, 0, self.clock.now())
        size = min(size, self.quirks.short_pages or size)
        if place.pages < self.quirks.empty_pages:
            return (), self._token(key, place.pages + 1, 0)
        shown = rows[place.rows : place.rows + size]
        following = place.rows + len(shown)
        if following < len(rows):
            return shown, self._token(key, place.pages + 1, following)
        if self.quirks.endless_pages == "no":
            return shown, ""
        same = token if self.quirks.endless_pages == "same token" and place.pages > 0 else None
        return shown, same or self._token(key, place.pages + 1, following)

    def forget(self) -> None:
        """Every token given out so far expires."""
        self._places.clear()

    def _place(self, key: str, token: str) -> _Place:
        place = self._places.get(token)
        if place is None or place.key != key or place.expires <= self.clock.now():
            raise invalid_page_token()
        return place

    def _token(self, key: str, pages: int, rows: int) -> str:
        token = token_urlsafe(16)
        expires = self.clock.now() + timedelta(seconds=self.quirks.page_token_seconds)
        self._places[token] = _Place(key, pages, rows, expires)
        return token
