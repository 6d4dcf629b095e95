"""Questions to the API of one account, and pages that end."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.oauth import TokenSource
from providers.bearer import BearerSession, Dialect, Json
from providers.google.errors import classify
from providers.transport import USER_AGENT, GuardedClient

_MOST_PAGES = 10_000
_MOST_EMPTY_PAGES = 50
_MISREAD = "Google's answer is not what its API promises."

# Google compresses in full only for clients that name gzip here too.
_GOOGLE = Dialect(classify, _MISREAD, {"User-Agent": f"{USER_AGENT} (gzip)"})


class GoogleSession:
    """Sends requests below `api_url`; see `BearerSession`."""

    def __init__(self, http: GuardedClient, tokens: TokenSource | None, api_url: str) -> None:
        self._bearer = BearerSession(http, tokens, _GOOGLE)
        self._api_url = api_url.rstrip("/")

    @property
    def requests(self) -> int:
        return self._bearer.requests

    async def get(self, path: str, parameters: Mapping[str, str | int]) -> Json:
        """Raises any `ProviderError`."""
        return await self._bearer.get(f"{self._api_url}/{path}?{urlencode(parameters)}")

    async def post(self, path: str, content: Json) -> Json:
        """Empty where Google has nothing to say. Raises any `ProviderError`."""
        return await self._bearer.send("POST", f"{self._api_url}/{path}", content)

    async def pages(self, path: str, parameters: Mapping[str, str | int]) -> AsyncGenerator[Json]:
        """The pages of a listing. One that leads round in a circle, or on and on without an item, is `BadResponse`."""
        known: set[str] = set()
        empty = 0
        more: Mapping[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = await self.get(path, {**parameters, **more})
            empty = 0 if _items(page) else empty + 1
            yield page
            token = page.get("nextPageToken")
            if not token:
                return
            if not isinstance(token, str) or token in known or empty > _MOST_EMPTY_PAGES:
                break
            known.add(token)
            more = {"pageToken": token}
        raise BadResponse("Google's listing has no end.")


def segment(text: str) -> str:
    """One segment of a path: ids of calendars have `#` and `@` in them."""
    return quote(text, safe="")


def _items(page: Json) -> list[Any]:
    items = page.get("items", [])
    if not isinstance(items, list):
        raise BadResponse(_MISREAD)
    return items
