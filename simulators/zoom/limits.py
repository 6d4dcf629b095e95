"""Zoom's rate limits: requests a second and a day, counted for each account and label."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from simulators.clock import Clock
from simulators.zoom.errors import limited
from simulators.zoom.meetings import written
from simulators.zoom.quirks import Quirks


@dataclass(slots=True)
class Limits:
    clock: Clock
    quirks: Quirks
    _spent: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def spend(self, account: str, label: str) -> dict[str, str]:
        """Count a request; the headers that tell what is left. Raises `ApiError` where there were too many."""
        now = self.clock.now()
        day, second = f"{now:%Y-%m-%d}", f"{now:%Y-%m-%dT%H:%M:%S}"
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        of_day = self._count((account, label, day), self.quirks.per_day, midnight)
        of_second = self._count((account, label, second), self.quirks.per_second, None)
        return {"X-RateLimit-Category": label, **of_day, **of_second}

    def _count(self, key: tuple[str, str, str], most: int | None, ends: datetime | None) -> dict[str, str]:
        if most is None:
            return {}
        self._spent[key] += 1
        if self._spent[key] > most:
            raise limited(daily=ends is not None, label=key[1], limit=most, retry_after=self._retry_after(ends))
        return {
            "X-RateLimit-Type": "QPS" if ends is None else "Daily-limit",
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(most - self._spent[key]),
        }

    def _retry_after(self, ends: datetime | None) -> str | None:
        now = self.clock.now()
        until = ends or now + timedelta(seconds=1)
        match self.quirks.retry_after:
            case "absent":
                return None
            case "date":
                return format_datetime(until, usegmt=True)
            case "iso":
                return written(until)
            case "usual" if ends is not None:
                return written(until)
        return str(int((until - now).total_seconds()))
