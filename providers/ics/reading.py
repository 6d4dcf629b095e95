"""Reading a feed's text away from the event loop, under a time limit: no feed stalls the server."""

import asyncio
import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b

import anyio
import anyio.to_process
import anyio.to_thread

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.providers import Quarantine, Upsert
from providers.icalendar.feed import CalendarInfo, Feed, read_feed

_SMALL = 128 * 1024
"""Bytes. What is smaller is read in a thread at once; what is larger in a process, which can be ended."""

_PAGE = 1000
_WORKER_MEMORY = 2 * 1024**3
_STAMPS = ("DTSTAMP", "CREATED", "LAST-MODIFIED")


@dataclass(frozen=True, slots=True)
class Content:
    """What a feed means. `digest` is equal for feeds that mean the same; the rest is left out where that was known.

    The changes are packed in pages: unpacking a large feed at once would hold up the event loop.
    """

    digest: str
    calendar: CalendarInfo | None = None
    packed: Sequence[bytes] = ()

    def pages(self) -> Iterator[Sequence[Upsert | Quarantine]]:
        """The changes, at most a thousand at a time; at least one page, which may be empty."""
        for page in self.packed:
            yield pickle.loads(page)  # noqa: S301 - packed below


class Reader:
    """Reads feeds, as many at once as there are processors; each for at most `seconds`."""

    def __init__(self, seconds: float = 20.0) -> None:
        self._seconds = seconds
        self._slots = anyio.CapacityLimiter(os.cpu_count() or 1)

    async def read(self, raw: bytes, zone: str, known: str | None) -> Content:
        """What `raw` means; its digest alone if that is `known`. Raises `BadResponse`."""
        async with self._slots:
            try:
                async with asyncio.timeout(self._seconds):
                    return await _read(raw, zone, known)
            except TimeoutError as err:
                raise BadResponse("The feed takes too long to read.") from err
            except (anyio.BrokenWorkerProcess, MemoryError, RecursionError) as err:
                raise BadResponse("The feed is too large or too deeply nested to be read.") from err


async def _read(raw: bytes, zone: str, known: str | None) -> Content:
    if len(raw) < _SMALL:
        return await anyio.to_thread.run_sync(read_content, raw, zone, known, abandon_on_cancel=True)
    return await anyio.to_process.run_sync(_read_in_worker, raw, zone, known, cancellable=True)


def _read_in_worker(raw: bytes, zone: str, known: str | None) -> Content:
    _bound_memory()
    return read_content(raw, zone, known)


def read_content(raw: bytes, zone: str, known: str | None) -> Content:
    """See `Reader.read`; here and now."""
    feed = read_feed(raw, default_zone=zone)
    digest = _digest(feed)
    if digest == known:
        return Content(digest)
    starts = range(0, max(1, len(feed.changes)), _PAGE)
    packed = tuple(pickle.dumps(feed.changes[start : start + _PAGE]) for start in starts)
    return Content(digest, feed.calendar, packed)


def _digest(feed: Feed) -> str:
    """Over the meaning of the feed: neither the order of events and properties counts, nor when they were stamped."""
    whole = blake2b(repr(feed.calendar).encode(), digest_size=20)
    for one in sorted(blake2b(_meaning(change).encode(), digest_size=20).digest() for change in feed.changes):
        whole.update(one)
    return whole.hexdigest()


def _meaning(change: Upsert | Quarantine) -> str:
    if isinstance(change, Upsert):
        return repr(change.event)
    unstamped = sorted(line for line in change.source.splitlines() if not line.startswith(_STAMPS))
    return repr((change.remote_id, change.reason, unstamped))


def _bound_memory() -> None:
    with suppress(ImportError, OSError, ValueError):  # not every system can
        import resource  # noqa: PLC0415 - not every system has it

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_WORKER_MEMORY, hard))
