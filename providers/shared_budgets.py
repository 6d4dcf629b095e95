"""Budgets of requests that hold for any number of processes: cells are reserved where all of them can see it.

Each request takes a cell of its budget's time. Cells lie one `interval` apart, whoever reserved them, and each may be
used up to half of the `tolerance` before its time and up to half of it after. So what is sent within any `seconds` of a
`Rate` has its cells within `seconds` and the tolerance, which is as many as the rate allows. A cell that is not used by
then has expired: whoever is late, was paused or died sends less, and never too much.

Cells are reserved in blocks of as many as were lately used within about a second: seldom for who is busy, and few for
who is not.
"""

import asyncio
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from typing import Protocol

from calendar_sync.domain.errors import StoreUnavailable
from providers.limits import Cell, Rate, limited
from providers.retry import Time


@dataclass(frozen=True, slots=True)
class Reservation:
    """It begins `wait` seconds after some moment between `asked`, by the monotonic clock, and the answer."""

    asked: float
    wait: float


class Reservations(Protocol):
    """Where all processes see what each of them has reserved, which has a clock of its own."""

    async def reserve(self, key: str, span: float, ahead: float) -> Reservation | None:
        """Reserve the next `span` seconds of a budget that nobody has reserved, from now or from later on.

        `None`, and nothing is reserved, where that begins more than `ahead` seconds from now. Raises
        `StoreUnavailable`, within seconds, where there is no answer: it is not known then what others send.
        """


class Spacing:
    """How the cells of a rate lie. Short periods have more tolerance, for asking and waking take their time.

    `hold` is for how many seconds cells are reserved in advance, and `most` how many at once.
    """

    def __init__(self, rate: Rate) -> None:
        self.tolerance = max(rate.seconds / 10, min(rate.seconds, 1.0) / 4)
        self.interval = (rate.seconds + self.tolerance) / rate.requests
        self.hold = min(1.0, self.tolerance / 2)
        self.most = ceil(self.hold / self.interval)


class _Block:
    """Cells that were reserved together, of which the first may be used from `begins` to `ends`."""

    def __init__(self, begins: float, ends: float, cells: int, interval: float) -> None:
        self.spent = 0
        self._begins = begins
        self._ends = ends
        self._cells = cells
        self._interval = interval
        self._next = 0

    def first(self, now: float) -> Cell | None:
        """The next one that has not expired."""
        self._next = max(self._next, ceil((now - self._ends) / self._interval))
        if self._next >= self._cells:
            return None
        ahead = self._next * self._interval
        return Cell(self._begins + ahead, self._ends + ahead)

    def spend(self) -> None:
        self._next += 1
        self.spent += 1


class SharedBudget:
    """What one process has of a budget."""

    def __init__(self, rate: Rate, key: str, reservations: Reservations) -> None:
        self._spacing = Spacing(rate)
        self._key = key
        self._reservations = reservations
        self._block = _Block(0.0, 0.0, 0, self._spacing.interval)
        self._reserved_at = float("-inf")
        self._taken_until = float("-inf")
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._failure: StoreUnavailable | None = None

    async def take(self, time: Time, until: float) -> Cell:
        """Raises `RateLimited` where there is none before `until`, and `StoreUnavailable`."""
        failure = self._failure
        self._waiting += 1
        try:
            async with self._turn:
                if self._failure is not None and self._failure is not failure:
                    raise StoreUnavailable(self._failure.message)  # the answer that this one waited for as well
                return await self._first(time, until)
        finally:
            self._waiting -= 1

    def is_idle(self, now: float) -> bool:
        """Whether there is nothing left of it to use."""
        return not self._waiting and self._block.first(now) is None

    async def _first(self, time: Time, until: float) -> Cell:
        while (cell := self._block.first(now := time.monotonic())) is None:
            if until < now or until <= self._taken_until:
                raise limited(until - now)
            await self._reserve(time, now, until)
        if cell.begins > until:
            raise limited(cell.begins - now)
        self._block.spend()
        return cell

    async def _reserve(self, time: Time, now: float, until: float) -> None:
        spacing, cells = self._spacing, self._demand(now)
        early = spacing.tolerance / 2
        try:
            found = await self._reservations.reserve(self._key, cells * spacing.interval, until - now + early)
        except StoreUnavailable as error:
            self._failure = error
            raise
        if found is None:
            self._taken_until = until
            raise limited(until - now)
        answered, self._reserved_at = time.monotonic(), now
        begins, ends = answered + found.wait - early, found.asked + found.wait + early
        self._block = _Block(begins, ends, cells, spacing.interval)

    def _demand(self, now: float) -> int:
        """As many cells as were used lately in as long as they hold, a run's worth at least, and for all who wait."""
        spacing = self._spacing
        lately = self._block.spent / (now - self._reserved_at) if now > self._reserved_at else 0.0
        return min(max(self._waiting, ceil(lately * spacing.hold), ceil(_A_RUN * spacing.hold)), spacing.most)


_A_RUN = 4
"""Requests that a run sends where little has changed."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Makes the budgets of a vendor, so called; what is kept of them does not tell whose accounts they are."""

    vendor: str
    reservations: Reservations

    def __call__(self, rate: Rate, /, *names: str) -> SharedBudget:
        key = blake2b("\0".join((self.vendor, *names)).encode("utf-8", "replace"), digest_size=16, person=b"budget")
        return SharedBudget(rate, key.hexdigest(), self.reservations)
