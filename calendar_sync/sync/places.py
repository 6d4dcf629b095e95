"""A number of places, handed out fairly between organisations: the next is for who holds the fewest of them."""

import asyncio
import heapq
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count

from calendar_sync.domain.identifiers import OrganizationId

_Waiter = asyncio.Future[None]


class Line(Enum):
    """Where those of one organisation wait."""

    BACK = auto()
    """Who gave a place up to wait for something else, and can go on."""
    SHORT = auto()
    """Who has yet to begin, or has not worked for long."""
    LONG = auto()
    """Who has worked for long."""


class Places:
    """`number` places, which organisations hold and wait for.

    A place that is given back goes to the organisation that holds the fewest; of several, to the one that has waited
    longest with so few. Within an organisation those who are back go first; then the short and the long line take
    turns, so that neither long work nor short keeps the other from its end. Within a line the lowest `rank` goes first,
    of equals who came first. No call looks at all who wait.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._arrivals = count()
        self._shares: dict[OrganizationId, _Share] = {}
        self._waiting: dict[int, OrderedDict[_Share, None]] = {}
        """The shares in which somebody waits, by how many places they hold. There are none while a place is free."""

    async def take(self, organization: OrganizationId, line: Line, rank: int = 0) -> None:
        """Returns with a place, which has to be given back. If it is cancelled, it has taken none."""
        share = self._shares.setdefault(organization, _Share(organization))
        if self._free:
            self._free -= 1
            share.held += 1
        else:
            await self._called(share, self._queue(share, line, rank))

    async def pass_on(self, organization: OrganizationId, line: Line, rank: int = 0) -> None:
        """Give a place back and take the next one, which may be the same. If it is cancelled, it has none."""
        share = self._shares[organization]
        place = self._queue(share, line, rank)
        self.give(organization)
        await self._called(share, place)

    def give(self, organization: OrganizationId) -> None:
        """Give a place of this organisation back, for whoever is next."""
        share = self._shares[organization]
        self._step_out(share)
        share.held -= 1
        self._step_in(share)
        self._free += 1
        while self._free and self._waiting:
            self._hand_over(next(iter(self._waiting[min(self._waiting)])))

    def is_due(self, organization: OrganizationId, *, to_its_own: bool) -> bool:
        """Whether one of the organisation's places is due to one that waits and holds fewer, or else `to_its_own`."""
        share = self._shares[organization]
        return bool(self._waiting) and (min(self._waiting) < share.held or (to_its_own and share.is_waited_in))

    def _queue(self, share: "_Share", line: Line, rank: int) -> _Waiter:
        place: _Waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(share.lines[line], (rank, next(self._arrivals), place))
        self._step_in(share)
        return place

    async def _called(self, share: "_Share", place: _Waiter) -> None:
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was handed over in the very step that cancelled us
                self.give(share.organization)
            raise

    def _hand_over(self, share: "_Share") -> None:
        self._step_out(share)
        if (place := share.call()) is not None:
            place.set_result(None)
            share.held += 1
            self._free -= 1
        self._step_in(share)

    def _step_out(self, share: "_Share") -> None:
        """Away from those that wait, before the number of places changes that it holds."""
        alike = self._waiting.get(share.held)
        if alike and share in alike:
            del alike[share]
            if not alike:
                del self._waiting[share.held]

    def _step_in(self, share: "_Share") -> None:
        """Behind those that wait with as few places; where it stands already, it stays."""
        if share.is_waited_in:
            self._waiting.setdefault(share.held, OrderedDict()).setdefault(share)
        elif not share.held:
            del self._shares[share.organization]


@dataclass(slots=True, eq=False)
class _Share:
    """What one organisation holds, and who waits in it."""

    organization: OrganizationId
    held: int = 0
    lines: dict[Line, list[tuple[int, int, _Waiter]]] = field(default_factory=lambda: {line: [] for line in Line})
    """Heaps. Who has been cancelled is among them until it would be next."""
    _order: tuple[Line, Line, Line] = (Line.BACK, Line.SHORT, Line.LONG)

    @property
    def is_waited_in(self) -> bool:
        return any(self._first(line) for line in Line)

    def call(self) -> _Waiter | None:
        """The next one who waits, who then waits no more."""
        for line in self._order:
            if (place := self._first(line)) is not None:
                heapq.heappop(self.lines[line])
                if line is self._order[1]:
                    back, called, other = self._order
                    self._order = (back, other, called)
                return place
        return None

    def _first(self, line: Line) -> _Waiter | None:
        waiting = self.lines[line]
        while waiting and waiting[0][2].done():
            heapq.heappop(waiting)
        return waiting[0][2] if waiting else None
