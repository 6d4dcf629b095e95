"""Questions to the API of one account: lists that are complete or an error, and details."""

from collections.abc import Sequence
from urllib.parse import urlencode

from calendar_sync.domain.errors import BadResponse, Unavailable
from calendar_sync.domain.oauth import TokenSource
from providers.bearer import BearerSession, Dialect, Json
from providers.transport import GuardedClient
from providers.zoom.errors import Refused, classify

LIGHT = "light"
"""Zoom's label for what costs least; of its lists it counts fewer."""

_MOST_PAGES = 1_000
_MOST_EMPTY_PAGES = 50
_MOST_LISTINGS = 3
_MISREAD = "Zoom's answer is not what its API promises."
_ENDLESS = "Zoom's list of meetings has no end."

_ZOOM = Dialect(classify, _MISREAD)


class ZoomSession:
    """Sends `GET`s below `api_url`; see `BearerSession`. Every method raises any `ProviderError`."""

    def __init__(self, http: GuardedClient, tokens: TokenSource | None, api_url: str) -> None:
        self._bearer = BearerSession(http, tokens, _ZOOM)
        self._api_url = api_url.rstrip("/")

    @property
    def requests(self) -> int:
        return self._bearer.requests

    async def hosted(self) -> Sequence[object]:
        """The rows of all meetings that the user hosts.

        Read again from the start when a page's token expires, or when the list changes in the middle: what moved up
        to a page that was read before would be missing.
        """
        for _ in range(_MOST_LISTINGS):
            rows = await self._listing("users/me/meetings", {"type": "scheduled", "page_size": "300"})
            if rows is not None:
                return rows
        raise Unavailable("Zoom's list of meetings changes faster than it can be read.")

    async def upcoming(self) -> Sequence[object]:
        """The rows of the next 24 hours, of meetings to which the user is invited, too."""
        return _rows(await self._get("users/me/upcoming_meetings", {}))

    async def detail(self, meeting: str) -> Json:
        """A meeting with all its occurrences, those that are over included. Raises `MeetingGone`, too."""
        return await self._get(f"meetings/{meeting}", {"show_previous_occurrences": "true"}, label=LIGHT)

    async def _get(self, path: str, parameters: dict[str, str], *, label: str = "") -> Json:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return await self._bearer.get(f"{self._api_url}/{path}{query}", label=label)

    async def _listing(self, path: str, parameters: dict[str, str]) -> Sequence[object] | None:
        """The rows of all pages; `None` where it must be begun again."""
        page = await self._get(path, parameters)
        total, rows, known, empty = page.get("total_records"), list(_rows(page)), set[str](), 0
        while token := page.get("next_page_token"):
            if not isinstance(token, str) or token in known or len(known) > _MOST_PAGES or empty > _MOST_EMPTY_PAGES:
                raise BadResponse(_ENDLESS)
            known.add(token)
            try:
                page = await self._get(path, {**parameters, "next_page_token": token})
            except Refused:
                return None
            if page.get("total_records") != total:
                return None
            found = _rows(page)
            rows += found
            empty = 0 if found else empty + 1
        return rows


def _rows(page: Json) -> Sequence[object]:
    rows = page.get("meetings", [])
    if not isinstance(rows, list):
        raise BadResponse(_MISREAD)
    return rows
