"""How much one client may ask of one mailbox: at a time, and within ten minutes."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulators.clock import Clock
from simulators.microsoft.errors import GraphError, throttled
from simulators.microsoft.quirks import Quirks

_WINDOW = timedelta(minutes=10)


@dataclass(slots=True)
class Throttle:
    clock: Clock
    quirks: Quirks
    peaks: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The most requests that were in flight at a time, by client and mailbox, refused ones included."""
    _in_flight: Counter[tuple[str, str]] = field(default_factory=Counter)
    _seen: defaultdict[tuple[str, str], deque[datetime]] = field(default_factory=lambda: defaultdict(deque))

    @contextmanager
    def in_flight(self, client: str, mailbox: str) -> Iterator[GraphError | None]:
        """For as long as a request takes; gives the error it is refused with where there are too many."""
        key = (client, mailbox)
        self._in_flight[key] += 1
        self.peaks[key] = max(self.peaks[key], self._in_flight[key])
        try:
            yield self._excess(key)
        finally:
            self._in_flight[key] -= 1

    def _excess(self, key: tuple[str, str]) -> GraphError | None:
        if self._in_flight[key] > self.quirks.most_in_flight:
            return throttled("Application is over its MailboxConcurrency limit.", self.quirks.retry_after)
        now, seen = self.clock.now(), self._seen[key]
        seen.append(now)
        while seen[0] <= now - _WINDOW:
            seen.popleft()
        if len(seen) > self.quirks.requests_per_ten_minutes:
            return throttled("Application is over its Request limit.", self.quirks.retry_after)
        return None
