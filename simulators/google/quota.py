"""Requests a minute, counted over a sliding window."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulators.clock import Clock
from simulators.google.errors import ApiError, limited
from simulators.google.quirks import Quirks

_WINDOW = timedelta(minutes=1)


@dataclass(slots=True)
class Quota:
    clock: Clock
    quirks: Quirks
    _seen: defaultdict[tuple[str, str], deque[datetime]] = field(default_factory=lambda: defaultdict(deque))

    def spend(self, client: str, account: str) -> ApiError | None:
        """Count a request; the error it is refused with where there were too many. A refused one counts, too."""
        limits = (
            ((client, ""), self.quirks.requests_per_minute, "rateLimitExceeded"),
            ((client, account), self.quirks.requests_per_minute_and_user, "userRateLimitExceeded"),
        )
        exceeded = [reason for key, most, reason in limits if most is not None and self._count(key) > most]
        if not exceeded:
            return None
        status = self.quirks.quota_status
        return limited(status, "rateLimitExceeded" if status == 429 else exceeded[-1])

    def _count(self, key: tuple[str, str]) -> int:
        now, seen = self.clock.now(), self._seen[key]
        seen.append(now)
        while seen[0] <= now - _WINDOW:
            seen.popleft()
        return len(seen)
