"""Addresses that mail filters and search engines wrap around others, undone offline.

Mimecast and Cisco secure-web links cannot be undone without asking their servers; they stay as they are.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from functools import cache
from string import ascii_letters, digits
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_MOST_WRAPPERS = 5
_WRAPPED = re.compile(r"safelinks|urldefense|/url\?|/l\.php\?", re.IGNORECASE)
"""In every wrapper's address, and in hardly any other."""

_PROOFPOINT_3 = re.compile(r"/v3/__(?P<url>.+?)__;(?P<bytes>[\w=-]*)!", re.DOTALL)
_PROOFPOINT_3_MARK = re.compile(r"\*(\*.)?", re.DOTALL)
_RUN_LENGTHS = {
    symbol: length for length, symbol in enumerate(ascii_letters[26:] + ascii_letters[:26] + digits + "-_", 2)
}


def unwrap(address: str) -> str:
    """The address inside up to five wrappers; the same again if there is none."""
    for _ in range(_MOST_WRAPPERS):
        inner = _inner(address) if _WRAPPED.search(address) else None
        if inner is None:
            break
        address = inner
    return address


def parse_address(address: str) -> SplitResult | None:
    """The parts of an address, or `None` if it is none. Its `hostname` can be read without fear."""
    try:
        parts = urlsplit(address)
        _ = parts.hostname
    except ValueError:
        return None
    return parts


def _inner(address: str) -> str | None:
    parts = parse_address(address)
    if parts is None or not parts.hostname:
        return None
    place = f"{parts.hostname}{parts.path}"
    opener = next((opener for wrapper, opener in _openers() if wrapper.match(place)), None)
    try:
        inner = opener(parts) if opener is not None else None
    except ValueError:
        return None
    return inner if inner and re.match(r"(?:https?|zoommtg|msteams):", inner, re.IGNORECASE) else None


@cache
def _openers() -> Sequence[tuple[re.Pattern[str], Callable[[SplitResult], str | None]]]:
    """Host and path of each wrapper, and how the address is found in it."""
    openers = {
        r"[\w.-]+\.safelinks\.protection\.(?:outlook\.com|office365\.us)/": _parameter("url"),
        r"[\w.-]+/.*atp-safelinks": _parameter("url"),  # Safe Links inside Teams
        r"urldefense(?:\.proofpoint)?\.(?:com|us)/v1/url": _parameter("u"),
        r"urldefense(?:\.proofpoint)?\.(?:com|us)/v2/url": _proofpoint_2,
        r"urldefense(?:\.proofpoint)?\.(?:com|us)/v3/": _proofpoint_3,
        r"(?:www\.)?google\.com/url$": _parameter("q", "url"),
        r"linkprotect\.cudasvc\.com/url$": _parameter("a"),
        r"lm?\.facebook\.com/l\.php$": _parameter("u"),
    }
    return [(re.compile(pattern, re.IGNORECASE), opener) for pattern, opener in openers.items()]


def _parameter(*names: str) -> Callable[[SplitResult], str | None]:
    """The value of the first of these query parameters that is there."""

    def read(parts: SplitResult) -> str | None:
        query = parse_qs(parts.query, max_num_fields=100)
        return next((query[name][0] for name in names if name in query), None)

    return read


def _proofpoint_2(parts: SplitResult) -> str | None:
    wrapped = _parameter("u")(parts)
    return unquote(wrapped.replace("-", "%").replace("_", "/")) if wrapped else None


def _proofpoint_3(parts: SplitResult) -> str | None:
    """`/v3/__<url>__;<characters>!`: each `*` stands for one of the characters, `**x` for a run of them."""
    match = _PROOFPOINT_3.match(parts._replace(scheme="", netloc="").geturl())
    if match is None:
        return None
    encoded = match["bytes"]
    characters = urlsafe_b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4)).decode("utf-8")
    position = 0

    def original(mark: re.Match[str]) -> str:
        nonlocal position
        length = _RUN_LENGTHS.get(mark[1][1], 1) if mark[1] else 1
        position += length
        return characters[position - length : position]

    return _PROOFPOINT_3_MARK.sub(original, match["url"])
