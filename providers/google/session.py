"""Questions to the API of one account: the token, the answer as JSON, and pages that end."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from calendar_sync.domain.errors import BadResponse, Disconnected
from calendar_sync.domain.oauth import TokenSource
from providers.google.errors import TokenRefused, classify
from providers.transport import USER_AGENT, GuardedClient

_MAX_BYTES = 64 * 1024 * 1024
_DEADLINE = 120.0
_READ_IN_PLACE = 64 * 1024
_MOST_PAGES = 10_000
_MOST_EMPTY_PAGES = 50
_NOT_JSON = "Google's answer is not what its API promises."

Json = dict[str, Any]


class GoogleSession:
    """Sends `GET`s below `api_url`. A token that is refused is renewed once for each question."""

    def __init__(self, http: GuardedClient, tokens: TokenSource, api_url: str) -> None:
        self._http = http
        self._tokens = tokens
        self._api_url = api_url.rstrip("/")

    @property
    def requests(self) -> int:
        return self._http.requests

    async def get(self, path: str, parameters: Mapping[str, str | int]) -> Json:
        """Raises any `ProviderError`; a second refusal of the token is `Disconnected`."""
        url = f"{self._api_url}/{path}?{urlencode(parameters)}"
        token = await self._tokens.token()
        try:
            return await self._ask(url, token)
        except TokenRefused:
            token = await self._tokens.renew(token)
        try:
            return await self._ask(url, token)
        except TokenRefused as err:
            raise Disconnected from err

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

    async def _ask(self, url: str, token: str) -> Json:
        # Google compresses in full only for clients that name gzip here too.
        headers = {"Authorization": f"Bearer {token}", "User-Agent": f"{USER_AGENT} (gzip)"}
        response = await self._http.request(
            "GET", url, headers, max_bytes=_MAX_BYTES, deadline=_DEADLINE, classify=classify
        )
        if len(response.body) <= _READ_IN_PLACE:
            return _object(response.body)
        return await asyncio.to_thread(_object, response.body)


def segment(text: str) -> str:
    """One segment of a path: ids of calendars have `#` and `@` in them."""
    return quote(text, safe="")


def _object(body: bytes) -> Json:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise BadResponse(_NOT_JSON) from err
    if not isinstance(answer, dict):
        raise BadResponse(_NOT_JSON)
    return answer


def _items(page: Json) -> list[Any]:
    items = page.get("items", [])
    if not isinstance(items, list):
        raise BadResponse(_NOT_JSON)
    return items
