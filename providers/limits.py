"""How often a vendor may be asked: budgets of requests for all accounts together and for each one.

A budget is kept by the generic cell rate algorithm (ITU-T I.371): one number for each account, and the wait is known
before it begins, so that one too long is told (`RateLimited`) instead of waited for. A limiter that queues its callers
could say neither.

The budgets here are this process's own. `providers.shared_budgets` keeps those that several processes share.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from calendar_sync.domain.errors import RateLimited
from providers.retry import Time

PATIENCE = 30.0
"""Seconds that a request waits for its budgets at most."""

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


@dataclass(frozen=True, slots=True)
class Cell:
    """Room for one request, to be sent from `begins` to `ends`: seconds, by the monotonic clock."""

    begins: float
    ends: float = float("inf")


class Budget(Protocol):
    """Keeps to one `Rate`."""

    async def take(self, time: Time, until: float) -> Cell:
        """The next cell. Raises `RateLimited`, and takes none, where it begins after `until`."""

    def is_idle(self, now: float) -> bool:
        """Whether it may be forgotten, and made anew."""


class Bucket:
    """The budget of this process alone. Times are in seconds, by any clock that does not go back."""

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

    async def take(self, time: Time, until: float) -> Cell:
        """See `Budget`."""
        now = time.monotonic()
        wait = self.wait(now)
        if now + wait > until:
            raise limited(wait)
        self.spend(now)
        return Cell(now + wait)

    def is_idle(self, now: float) -> bool:
        """Whether nothing of it is spent, as if it were new."""
        return self._due <= now


def limited(wait: float) -> RateLimited:
    """What is raised where the next request may be sent only after so many seconds."""
    return RateLimited("The provider may be sent no more requests.", retry_after=timedelta(seconds=max(wait, 0.0)))


class MakeBudget(Protocol):
    """Makes the budget of a `Rate` for what `names` name; the same names are the same budget."""

    def __call__(self, rate: Rate, /, *names: str) -> Budget: ...


def of_this_process(rate: Rate, /, *_: str) -> Budget:
    return Bucket(rate)


class _Account:
    """What is kept of an account while it is read, and until its budgets are whole again."""

    def __init__(self, limits: Limits, make: MakeBudget, identity: str) -> None:
        self.open = 0
        self.places = None if limits.concurrent is None else asyncio.Semaphore(limits.concurrent)
        self.usual = None if limits.account is None else make(limits.account, "account", identity)
        self.labelled = {label: make(rate, "label", identity, label) for label, rate in limits.labels.items()}

    def budget(self, label: str) -> Budget | None:
        return self.labelled.get(label, self.usual)

    def is_idle(self, now: float) -> bool:
        budgets = (*self.labelled.values(), *((self.usual,) if self.usual else ()))
        return not self.open and all(budget.is_idle(now) for budget in budgets)


class Budgets:
    """Those of one vendor, for all its clients in this process; `make` says who else shares them."""

    def __init__(self, limits: Limits, time: Time, make: MakeBudget = of_this_process) -> None:
        self.limits = limits
        self._time = time
        self._make = make
        self._project = None if limits.project is None else make(limits.project, "project")
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
            kept = self._accounts[account] = _Account(self.limits, self._make, account)
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

    def __init__(self, account: _Account, project: Budget | None, time: Time) -> None:
        self._account = account
        self._project = project
        self._time = time

    @asynccontextmanager
    async def passed(self, label: str = "") -> AsyncGenerator[None]:
        """Send one request in here. Raises `RateLimited` where a budget is spent for longer than `PATIENCE`, and
        `StoreUnavailable` where the budgets are shared by a store that does not answer.

        The account's budget is waited for first: an account that is slowed down takes nothing from the others.
        """
        async with AsyncExitStack() as held:
            await self._take_place(held)
            await self._take_cells(label)
            yield

    async def _take_place(self, held: AsyncExitStack) -> None:
        places = self._account.places
        if places is not None:
            async with self._time.away() if places.locked() else nullcontext():
                await held.enter_async_context(places)

    async def _take_cells(self, label: str) -> None:
        """Wait until there is a cell of each budget at one moment: one may expire while another is waited for."""
        until = self._time.monotonic() + PATIENCE
        ends = {each: float("-inf") for each in (self._account.budget(label), self._project) if each is not None}
        while expired := [each for each, end in ends.items() if end < self._time.monotonic()]:
            cell = await expired[0].take(self._time, until)
            ends[expired[0]] = cell.ends
            wait = round(cell.begins - self._time.monotonic(), 6)
            if wait > 0:
                await self._time.pause(wait)
