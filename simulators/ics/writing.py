"""Feeds as text: content lines, folding and the oddities of writers (RFC 5545 §3.1)."""

import codecs
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from simulators.ics.feeds import Feed

_FIRST_STAMP = datetime(2026, 1, 1, tzinfo=UTC)
_LINE_OCTETS = 75

_Item = TypeVar("_Item")


def written(feed: Feed) -> bytes:
    """The feed as it is sent now. Called once per answer: stamps and order depend on how often it was served."""
    odd = feed.oddities
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Simulator//Feeds//EN"]
    lines += [f"{name}:{value}" for name, value in feed.properties.items()]
    lines += feed.extra.splitlines()
    for uid, event in _ordered(feed):
        lines += ["BEGIN:VEVENT", *_shuffled([f"UID:{uid}", f"DTSTAMP:{_stamp(feed)}", *event], feed), "END:VEVENT"]
    lines.append("END:VCALENDAR")
    encoded = (_folded(line.encode(odd.charset), inside_characters=odd.folds_inside_characters) for line in lines)
    end = odd.line_end.encode()
    text = b"".join(end.join([*parts]) + end for parts in encoded)
    return codecs.BOM_UTF8 + text if odd.byte_order_mark else text


def _stamp(feed: Feed) -> str:
    served = feed.served if feed.oddities.restamps else 0
    return f"{_FIRST_STAMP + timedelta(seconds=served):%Y%m%dT%H%M%SZ}"


def _ordered(feed: Feed) -> list[tuple[str, list[str]]]:
    return _shuffled(list(feed.events.items()), feed)


def _shuffled(items: list[_Item], feed: Feed) -> list[_Item]:
    if feed.oddities.shuffles:
        Random(feed.served).shuffle(items)  # noqa: S311 - not a secret
    return items


def _folded(line: bytes, *, inside_characters: bool) -> list[bytes]:
    """Parts of at most 75 octets, all but the first begun with a space; cut between characters, or anywhere."""
    parts = []
    prefix = b""
    while len(line) > _LINE_OCTETS - len(prefix):
        cut = _LINE_OCTETS - len(prefix)
        while not inside_characters and line[cut] & 0xC0 == 0x80:
            cut -= 1
        parts.append(prefix + line[:cut])
        line, prefix = line[cut:], b" "
    return [*parts, prefix + line]
