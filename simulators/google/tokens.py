"""Sync tokens and page tokens, and the pages they lead to."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import count

from simulators.clock import Clock
from simulators.google.errors import ApiError, full_sync_required, invalid
from simulators.google.quirks import Quirks
from simulators.google.times import JsonObject

_MOST_LISTINGS = 1000


@dataclass(frozen=True, slots=True)
class SyncToken:
    """Up to which `revision` of a `collection` a client knows it. `query` is what must stay the same from list to list,
    `bounds` are the `timeMin` and `timeMax` of the first one."""

    collection: str
    revision: int
    query: str
    issued: str
    bounds: tuple[str | None, str | None] = (None, None)

    def __str__(self) -> str:
        content = json.dumps(asdict(self), separators=(",", ":")).encode()
        return urlsafe_b64encode(_digest(content) + content).decode().rstrip("=")


def read_sync_token(text: str, collection: str, oldest: int, clock: Clock, quirks: Quirks) -> SyncToken:
    """The token of a collection. Raises `ApiError` (410) where it is garbled, another collection's or too old."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if _digest(raw[8:]) != raw[:8]:
            raise full_sync_required()
        content = json.loads(raw[8:])
    except ValueError as err:
        raise full_sync_required() from err
    token = SyncToken(**content | {"bounds": tuple(content["bounds"])})
    age = clock.now() - datetime.fromisoformat(token.issued)
    too_old = quirks.sync_token_days is not None and age > timedelta(days=quirks.sync_token_days)
    if token.collection != collection or token.revision < oldest or too_old:
        raise full_sync_required()
    return token


@dataclass(frozen=True, slots=True)
class Listing:
    """All that a query finds, cut into pages. `key` is what a page token must be used with."""

    key: str
    pages: list[list[JsonObject]]
    sync_token: str | None


@dataclass(slots=True)
class Pages:
    """The listings under way. What they found stands still while a client reads page after page."""

    quirks: Quirks
    _listings: dict[str, Listing] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)

    def first(self, key: str, items: list[JsonObject], size: int, sync_token: str | None) -> JsonObject:
        """The first page, as `items` with `nextPageToken` or `nextSyncToken`."""
        size = min(size, self.quirks.short_pages or size)
        pages = [items[at : at + size] for at in range(0, len(items), size)] or [[]]
        if self.quirks.repeats_pages:
            pages = [page for page in pages for _ in range(2)]
        name = f"E{next(self._numbers)}"
        if len(self._listings) == _MOST_LISTINGS:
            del self._listings[next(iter(self._listings))]
        self._listings[name] = Listing(key, [*([[]] * self.quirks.empty_pages), *pages], sync_token)
        return self._page(name, 0)

    def next(self, token: str, key: str) -> JsonObject:
        """The page of a token. Raises `ApiError` where there is none, or the parameters are not those of before."""
        name, _, number = token.partition(".")
        listing = self._listings.get(name)
        if listing is None or not number.isdecimal() or listing.key != key:
            raise invalid_page_token()
        return self._page(name, int(number))

    def forget(self) -> None:
        """Every page token given out so far becomes invalid."""
        self._listings.clear()

    def _page(self, name: str, number: int) -> JsonObject:
        listing = self._listings[name]
        page: JsonObject = {"items": listing.pages[number] if number < len(listing.pages) else []}
        if number + 1 < len(listing.pages):
            return page | {"nextPageToken": f"{name}.{number + 1}"}
        if self.quirks.endless_pages != "no":
            following = len(listing.pages) if self.quirks.endless_pages == "same token" else number + 1
            return page | {"nextPageToken": f"{name}.{following}"}
        if listing.sync_token is None or self.quirks.omits_sync_token:
            return page
        return page | {"nextSyncToken": listing.sync_token}


def invalid_page_token() -> ApiError:
    return invalid("Invalid page token value.", "pageToken")


def fingerprint(parameters: list[tuple[str, str]]) -> str:
    """Equal for equal parameters, in whatever order."""
    return _digest(json.dumps(sorted(parameters)).encode()).hex()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=8).digest()
