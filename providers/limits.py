"""How often a vendor may be asked: budgets of requests for the whole process and for each account.

A budget is kept by the generic cell rate algorithm (ITU-T I.371): one number for each account, and the wait is known
before it begins, so that one too long is told (`RateLimited`) instead of waited for. A limiter that queues its callers
could say neither.

The budgets are this process's own: where several serve one store, the operator divides the vendor's limits by them.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

from calendar_sync.domain.errors import RateLimited
from providers.retry import Time

PATIENCE = 30.0
"""Seconds that a request waits for its budget at most."""

_FEW = 1024


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` within any `seconds`; a tenth of them may come at once, the rest follows evenly."""

    requests: int
    seconds: float

    @property
    def burst(self) -> int:
        return max(1, self.requests // 10)

    @property
    def interval(self) -> float:
        """Seconds between requests once the burst is spent."""
        return self.seconds / (self.requests - self.burst + 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor allows; what is not set is not limited.

    `project` is for all accounts together, `account` for each one. `labels` are the kinds of requests that the vendor
    counts apart, by the name under which a client sends them; any other request counts for `account`. `concurrent`
    requests of one account are under way at a time.
    """

    project: Rate | None = None
    account: Rate | None = None
    labels: Mapping[str, Rate] = field(default_factory=dict)
    concurrent: int | None = None


class Bucket:
    """The state of one `Rate`. Times are in seconds, by any clock that does not go back."""

    __slots__ = ("_due", "_rate")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._due = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent, to the microsecond."""
        ahead = self._due - (self._rate.burst - 1) * self._rate.interval
        return round(max(0.0, ahead - now), 6)

    def spend(self, now: float) -> None:
        """Count a request that is sent after that wait. Those that ask later wait behind it."""
        self._due = max(self._due, now) + self._rate.interval

    def is_full(self, now: float) -> bool:
        """Whether nothing of it is spent, as if it were new."""
        return self._due <= now


class _Account:
    """What is kept of an account while it is read, and until its budgets are whole again."""

    def __init__(self, limits: Limits) -> None:
        self.open = 0
        self.places = None if limits.concurrent is None else asyncio.Semaphore(limits.concurrent)
        self.usual = None if limits.account is None else Bucket(limits.account)
        self.labelled = {label: Bucket(rate) for label, rate in limits.labels.items()}

    def bucket(self, label: str) -> Bucket | None:
        return self.labelled.get(label, self.usual)

    def is_idle(self, now: float) -> bool:
        buckets = (*self.labelled.values(), *((self.usual,) if self.usual else ()))
        return not self.open and all(bucket.is_full(now) for bucket in buckets)


class Budgets:
    """Those of one vendor, shared by all its clients in this process."""

    def __init__(self, limits: Limits, time: Time) -> None:
        self.limits = limits
        self._time = time
        self._project = None if limits.project is None else Bucket(limits.project)
        self._accounts: dict[str, _Account] = {}
        self._tidy_at = _FEW

    def __len__(self) -> int:
        """Accounts that it keeps in mind: those in use, and about as many that were."""
        return len(self._accounts)

    @contextmanager
    def gate(self, account: str) -> Generator["Gate"]:
        """The gate of the account with that identity, the same for all who hold it open at a time."""
        kept = self._accounts.get(account)
        if kept is None:
            self._tidy()
            kept = self._accounts[account] = _Account(self.limits)
        kept.open += 1
        try:
            yield Gate(kept, self._project, self._time)
        finally:
            kept.open -= 1

    def _tidy(self) -> None:
        """Forget the idle, whenever there are twice as many as the last time."""
        if len(self._accounts) < self._tidy_at:
            return
        now = self._time.monotonic()
        self._accounts = {name: each for name, each in self._accounts.items() if not each.is_idle(now)}
        self._tidy_at = max(_FEW, 2 * len(self._accounts))


class Gate:
    """What every request of one account passes."""

    def __init__(self, account: _Account, project: Bucket | None, time: Time) -> None:
        self._account = account
        self._project = project
        self._time = time

    @asynccontextmanager
    async def passed(self, label: str = "") -> AsyncGenerator[None]:
        """Send one request in here. Raises `RateLimited` where a budget is spent for longer than `PATIENCE`.

        The account's budget is waited for first: an account that is slowed down takes nothing from the others.
        """
        async with AsyncExitStack() as held:
            await self._take_place(held)
            for bucket in (self._account.bucket(label), self._project):
                if bucket is not None:
                    await self._wait(bucket)
            yield

    async def _take_place(self, held: AsyncExitStack) -> None:
        places = self._account.places
        if places is not None:
            async with self._time.away() if places.locked() else nullcontext():
                await held.enter_async_context(places)

    async def _wait(self, bucket: Bucket) -> None:
        now = self._time.monotonic()
        wait = bucket.wait(now)
        if wait > PATIENCE:
            message = "The provider may be sent no more requests."
            raise RateLimited(message, retry_after=timedelta(seconds=wait))
        bucket.spend(now)
        if wait:
            await self._time.pause(wait)
