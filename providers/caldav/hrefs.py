"""Hrefs: one resource, many spellings.

A server may name a resource by path or by address, percent-encode what it need not, and answer with another spelling
than it was asked with (RFC 4918 §8.3). Resources are compared by *key*; a server is always sent its own spelling.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from unicodedata import normalize
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

_UNRESERVED_IN_PATH = "!$&'()*+,;=:@~"


def resolve(base: str, href: str) -> str | None:
    """The address that `href` means in an answer from `base`, or `None` if it means none."""
    try:
        url = urljoin(base, href.strip())
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where the port is not a number
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def key(url: str) -> str:
    """The path of an address, in the one spelling that all its spellings share: decoded once, NFC, encoded again."""
    segments = urlsplit(url).path.split("/")
    return "/".join(quote(normalize("NFC", unquote(segment)), safe=_UNRESERVED_IN_PATH) for segment in segments)


def origin(url: str) -> str:
    """Scheme, host and port, lower case, without a default port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{_port(parts)}"


def _port(parts: SplitResult) -> str:
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return "" if parts.port in {None, default} else f":{parts.port}"


def as_collection(path_or_url: str) -> str:
    """With the trailing slash that collections have (RFC 4918 §5.2)."""
    return path_or_url if path_or_url.endswith("/") else f"{path_or_url}/"


def within(base: str, href: str, trusted: Sequence[str] = ()) -> str | None:
    """The address at which to ask for what `base`'s server calls `href`, or `None` where that is someone else's.

    On the same host it is at the origin of `base`: servers behind a proxy are often wrong about their own scheme and
    port. Another host will do where both are among `trusted`, patterns as in `host_matches`.
    """
    url = resolve(base, href)
    if url is None:
        return None
    here, there = host_of(base), host_of(url)
    if here == there:
        return f"{origin(base)}{path_of(url)}"
    is_trusted = host_matches(here, trusted) and host_matches(there, trusted)
    return url if is_trusted and not is_downgrade(base, url) else None


def as_secure_as(base: str, url: str) -> str:
    """`url`, but at the origin of `base` where it names the same host without its encryption."""
    return f"{origin(base)}{path_of(url)}" if is_downgrade(base, url) and host_of(base) == host_of(url) else url


def is_downgrade(base: str, url: str) -> bool:
    """Whether going from `base` to `url` leaves encryption behind."""
    return urlsplit(base).scheme == "https" and urlsplit(url).scheme != "https"


def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def path_of(url: str) -> str:
    """Path and query as they are spelled."""
    parts = urlsplit(url)
    return f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def is_member(url: str, collection: str) -> bool:
    """Whether `url` lies directly in `collection`, going by path, and is no collection itself."""
    parent, _, name = key(url).rpartition("/")
    return name not in {"", ".", ".."} and f"{parent}/" == as_collection(key(collection))


def host_matches(host: str, patterns: Sequence[str]) -> bool:
    """Whether a host is one of `patterns`, in which a leading `*.` stands for any subdomain, however deep."""
    return any(fnmatchcase(host.lower(), pattern) for pattern in patterns)


def is_within_domain(host: str, domain: str) -> bool:
    """Whether `host` is `domain` or a host below it."""
    return host == domain or host.endswith(f".{domain}")
