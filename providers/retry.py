"""When a request is sent again, and after how long."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import SystemRandom
from time import monotonic

from providers.responses import Response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
"""Methods that change nothing (RFC 9110 §9.2.1, RFC 4918, RFC 3253): they may be repeated and follow redirects."""

_PASSING = frozenset({502, 503, 504})


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Time:
    """The clocks, the sleep and the chance that waiting needs; tests bring their own. `chance` is in [0, 1).

    `monotonic` is in seconds from any point. `away` is entered to wait in: whoever runs at the cost of others lets
    them go first meanwhile. `told` is, too, with the seconds of the pause, where that is known.
    """

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = field(default_factory=lambda: SystemRandom().random)
    monotonic: Callable[[], float] = monotonic
    away: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    told: Callable[[float], AbstractAsyncContextManager[object]] = nullcontext

    async def pause(self, seconds: float) -> None:
        async with self.away(), self.told(seconds):
            await self.sleep(seconds)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` sendings, with full jitter between them: up to `first`, then twice that, up to `longest`.

    A server that names a wait is obeyed: one of up to `patience` is waited out here, a longer one is the caller's.
    What is refused for a limit was not carried out, so that any method may be repeated.
    """

    attempts: int = 3
    first: float = 0.5
    longest: float = 4.0
    patience: timedelta = timedelta(seconds=5)

    def pause(
        self, attempt: int, method: str, response: Response | None, chance: float, *, is_limited: bool = False
    ) -> float | None:
        """Seconds to wait before sending again, or `None` to let the outcome stand.

        `attempt` counts from 1; without a `response` the connection broke before the answer was whole. `is_limited`
        says that the answer, whatever its status, stands for too many requests.
        """
        if attempt >= self.attempts or not self._is_worth_it(method, response, is_limited):
            return None
        backoff = min(self.longest, self.first * 2.0 ** (attempt - 1)) * chance
        if response is None or response.retry_after is None:
            return backoff
        named = response.retry_after
        return max(named.total_seconds(), backoff) if named <= self.patience else None

    def _is_worth_it(self, method: str, response: Response | None, is_limited: bool) -> bool:
        if response is not None and response.status < 500 and (is_limited or response.status == 429):
            return True
        return method in SAFE_METHODS and (response is None or response.status in _PASSING)
