"""Questions to Graph about one mailbox, and pages that end."""

from collections.abc import AsyncGenerator
from datetime import UTC
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.events import Window
from calendar_sync.domain.oauth import TokenSource
from providers.bearer import BearerSession, Dialect, Json
from providers.outlook.errors import Overtaxed, classify
from providers.transport import GuardedClient, same_origin

_MOST_PAGES = 10_000
_MOST_EMPTY_PAGES = 50
_MISREAD = "Outlook's answer is not what its API promises."


def _dialect(page_size: int) -> Dialect:
    """The preferences are those of one request: tokens in links do not stand for them."""
    preferences = (
        f"odata.maxpagesize={page_size}",
        'outlook.timezone="UTC"',
        'IdType="ImmutableId"',
        'outlook.body-content-type="text"',
    )
    return Dialect(classify, _MISREAD, {"Prefer": ", ".join(preferences)})


class OutlookSession:
    """Asks at addresses below `api_url` and follows links no further; see `BearerSession`.

    After an answer that took Graph too long to make, it asks for smaller pages.
    """

    def __init__(self, http: GuardedClient, tokens: TokenSource | None, api_url: str) -> None:
        self._usual, self._patient = (BearerSession(http, tokens, _dialect(size)) for size in (200, 50))
        self._bearer = self._usual
        self._base = httpx.URL(f"{api_url.rstrip('/')}/")

    @property
    def requests(self) -> int:
        return self._bearer.requests

    def address(self, path: str) -> str:
        return f"{self._base}{path}"

    def is_ours(self, link: str) -> bool:
        """Whether a link leads to the API, and not to somebody who would like our token."""
        try:
            url = httpx.URL(link)
        except httpx.InvalidURL:
            return False
        return same_origin(self._base, url) and url.path.startswith(self._base.path)

    async def get(self, url: str) -> Json:
        """Raises any `ProviderError`."""
        try:
            return await self._bearer.get(url)
        except Overtaxed:
            if self._bearer is self._patient:
                raise
        self._bearer = self._patient
        return await self._bearer.get(url)

    async def send(self, method: str, path: str, content: Json | None = None) -> Json:
        """Ask for something else than an answer; see `BearerSession.send`."""
        return await self._bearer.send(method, self.address(path), content)

    async def pages(self, url: str) -> AsyncGenerator[Json]:
        """The pages of a listing. One that leads round in a circle, or on and on without a row, is `BadResponse`."""
        known: set[str] = set()
        empty = 0
        for _ in range(_MOST_PAGES):
            known.add(url)
            page = await self.get(url)
            empty = 0 if rows_of(page) else empty + 1
            yield page
            link = page.get("@odata.nextLink")
            if not link:
                return
            url = self.checked(link)
            if url in known or empty > _MOST_EMPTY_PAGES:
                break
        raise BadResponse("Outlook's listing has no end.")

    def checked(self, link: object) -> str:
        """A link that Graph gave. Raises `BadResponse` for what leads elsewhere."""
        if not isinstance(link, str) or not self.is_ours(link):
            raise BadResponse("Outlook's answer leads to an address that is not part of its API.")
        return link


def segment(text: str) -> str:
    """One segment of a path: an id."""
    return quote(text, safe="=")


def span_parameters(span: Window) -> str:
    edges = {"startDateTime": span.start, "endDateTime": span.end}
    return urlencode({name: f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for name, moment in edges.items()})


def rows_of(page: Json) -> list[Any]:
    rows = page.get("value", [])
    if not isinstance(rows, list):
        raise BadResponse(_MISREAD)
    return rows
