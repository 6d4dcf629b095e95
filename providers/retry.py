"""When a request is sent again, and after how long."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import SystemRandom

from providers.responses import Response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
"""Methods that change nothing (RFC 9110 §9.2.1, RFC 4918, RFC 3253): they may be repeated and follow redirects."""

_PASSING = frozenset({502, 503, 504})


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Time:
    """The clock, the sleep and the chance that waiting needs; tests bring their own. `chance` is in [0, 1)."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = field(default_factory=lambda: SystemRandom().random)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` sendings, with full jitter between them: up to `first`, then twice that, up to `longest`.

    A server that names a wait is obeyed: one of up to `patience` is waited out here, a longer one is the caller's.
    """

    attempts: int = 3
    first: float = 0.5
    longest: float = 4.0
    patience: timedelta = timedelta(seconds=5)

    def pause(self, attempt: int, method: str, response: Response | None, chance: float) -> float | None:
        """Seconds to wait before sending again, or `None` to let the outcome stand.

        `attempt` counts from 1; without a `response` the connection broke before the answer was whole.
        """
        if attempt >= self.attempts or not self._is_worth_it(method, response):
            return None
        if response is None or response.retry_after is None:
            return min(self.longest, self.first * 2.0 ** (attempt - 1)) * chance
        return response.retry_after.total_seconds() if response.retry_after <= self.patience else None

    def _is_worth_it(self, method: str, response: Response | None) -> bool:
        if response is not None and response.status == 429:  # refused unread, so that any method may be repeated
            return response.retry_after is not None
        return method in SAFE_METHODS and (response is None or response.status in _PASSING)
