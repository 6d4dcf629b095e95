"""Where an event can be joined: the meeting links in its fields, unwrapped, in order of preference.

Nothing is ever fetched to find out where an address leads. All of it takes time linear in the text.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from html import unescape
from itertools import filterfalse, islice

from calendar_sync.domain.events import MeetingLink
from calendar_sync.domain.link_wrappers import parse_address, unwrap
from calendar_sync.domain.meeting_platforms import OTHER_PLATFORM, is_to_join, meeting_key, platform_of

__all__ = ["find_meeting_links", "meeting_key", "meeting_link"]

_LONGEST_ADDRESS = 4_096
_MOST_ADDRESSES = 500
_IN_ADDRESS = r"""(?:(?![,;]https?:)[^\s<>"'\\^`{|}\u00a0\u200b])"""
_ADDRESS = re.compile(
    rf"(?:https?|zoommtg|msteams):{_IN_ADDRESS}+"
    # Known hosts are often written without a scheme, above all in locations.
    r"|(?<![\w@./=%&:+-])(?:[a-z0-9-]{1,63}\.){0,3}"
    r"(?:zoom\.us|meet\.google\.com|teams\.microsoft\.com|teams\.live\.com|webex\.com)"
    rf"/{_IN_ADDRESS}+",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
_SCHEME = re.compile(r"[a-z]+:", re.IGNORECASE)
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_AFTER_ADDRESS = ").,;:!?>]}\"'*"
_FOOTERS = re.compile(
    r"(?:www\.)?aka\.ms/JoinTeamsMeeting|support\.zoom\.(?:us|com)/|(?:[a-z0-9-]+\.)*zoom\.(?:us|com)/(?:u|rec)/"
    r"|(?:[a-z0-9-]+\.)*teams\.(?:microsoft\.com|cloud\.microsoft)/meetingOptions"
    r"|dialin\.teams\.microsoft\.com/|tel\.meet/|(?:[a-z0-9-]+\.)+webex\.com/[\w./-]*globalcallin\.php",
    re.IGNORECASE,
)


def find_meeting_links(
    structured: Sequence[str], location: str | None, texts: Sequence[str]
) -> tuple[MeetingLink, ...]:
    """The links to join by, the best first.

    `structured` are addresses the provider gave as such (conference data, `CONFERENCE`, `joinUrl`), in order of trust;
    they count as links (platform `other`) even if the platform is not known. `location` and `texts` (plain or HTML)
    are searched for links of known platforms. Known platforms come before `other`, where people register or look on
    comes after both. Of several addresses of the same meeting the longest is kept, which carries the passcode, in the
    place of the first. Pages of dial-in numbers, recordings, options and help are no links.
    """
    known: list[MeetingLink] = []
    other: list[MeetingLink] = []
    for address in structured:
        link = meeting_link(address)
        if link is not None:
            known.append(link)
        elif (unknown := _other_link(address)) is not None:
            other.append(unknown)
    for text in (location or "", *texts):
        known += filter(None, map(_known_link, _addresses_in(text)))
    found = _one_each(known)
    return (*filter(is_to_join, found), *_one_each(other), *filterfalse(is_to_join, found))


def meeting_link(address: str) -> MeetingLink | None:
    """The meeting an address leads to, taken out of whatever wraps it; `None` if it is none of a known platform."""
    return _known_link(next(_addresses_in(address), ""))


def _known_link(address: str) -> MeetingLink | None:
    url = _trimmed(unwrap(address))
    parts = parse_address(url)
    platform = platform_of(parts) if parts is not None else None
    return None if platform is None else MeetingLink(url, platform)


def _other_link(address: str) -> MeetingLink | None:
    url = _trimmed(unwrap(next(_addresses_in(address), "")))
    parts = parse_address(url)
    if parts is None or parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        return None
    is_footer = _FOOTERS.match(f"{parts.hostname}{parts.path}")
    return None if is_footer else MeetingLink(url, OTHER_PLATFORM)


def _addresses_in(text: str) -> Iterator[str]:
    """Addresses in a plain text or in HTML source, where they stand in attributes and between tags alike."""
    if "/" not in text and ":" not in text:
        return
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    for match in islice(_ADDRESS.finditer(text), _MOST_ADDRESSES):
        address = _cleaned(match[0]) if len(match[0]) <= _LONGEST_ADDRESS else ""
        if address:
            yield address


def _cleaned(address: str) -> str:
    """Entities undone (only whole ones: `&copy=1` is a parameter), cut where they end the address; with a scheme."""
    if "&" in address:
        plain = _ADDRESS.match(_ENTITY.sub(lambda entity: unescape(entity[0]), address))
        address = plain[0] if plain else ""
    address = _trimmed(address)
    return address if _SCHEME.match(address) else f"https://{address}"


def _trimmed(address: str) -> str:
    return address.strip().rstrip(_AFTER_ADDRESS)


def _one_each(links: Collection[MeetingLink]) -> Collection[MeetingLink]:
    if len(links) < 2:
        return links
    best: dict[str, MeetingLink] = {}
    for link in links:
        key = meeting_key(link) or _place(link)
        known = best.get(key)
        best[key] = link if known is None else max(known, link, key=_completeness)
    return best.values()


def _place(link: MeetingLink) -> str:
    parts = parse_address(link.url)
    return link.url if parts is None else f"{parts.hostname}{parts.path}".lower()


def _completeness(link: MeetingLink) -> tuple[bool, int]:
    return link.url.lower().startswith("http"), len(link.url)
