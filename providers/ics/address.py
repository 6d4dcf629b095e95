"""The address of a feed: as people type it, as it is asked for, and as it names the feed."""

import re
from hashlib import sha256

import httpx

from calendar_sync.domain.errors import Invalid

FIELD = "credentials.url"

_WEBCAL = re.compile(r"webcals?://", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
_OCTET = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


def web_address(typed: str) -> str:
    """The https address meant by what a user typed: `webcal://` and no scheme at all are https.

    Raises `Invalid` where nothing was typed. Whether the address may be asked is the transport's to say.
    """
    text = typed.strip()
    if not text:
        raise Invalid("Give the address of the feed.", field=FIELD)
    if _WEBCAL.match(text):
        return _WEBCAL.sub("https://", text, count=1)
    return text if _SCHEME.match(text) else f"https://{text.removeprefix('//')}"


def plain_address(typed: str) -> str | None:
    """The same over http where the text leaves that open, as `webcal://` does; else `None`."""
    found = _WEBCAL.match(typed.strip())
    if found is None or found[0].lower() == "webcals://":
        return None
    return _WEBCAL.sub("http://", typed.strip(), count=1)


def identity(url: httpx.URL) -> str:
    """Names the feed, in whatever spelling its address was typed: http or https, `%41` or `A`, with a port or without.

    A digest, because the address of a private feed is its password.
    """
    host = url.raw_host.decode("ascii").lower().removesuffix(".")
    port = "" if url.port in {None, 80, 443} else f":{url.port}"
    target = _OCTET.sub(_plain, url.raw_path.decode("ascii"))
    return sha256(f"{host}{port}{target}".encode()).hexdigest()


def _plain(octet: re.Match[str]) -> str:
    """RFC 3986 §6.2.2: unreserved characters are not escaped, and escapes are upper case."""
    character = chr(int(octet[0][1:], 16))
    return character if _UNRESERVED.fullmatch(character) else octet[0].upper()
