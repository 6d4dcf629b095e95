"""What providers push: held against the channel it names, and turned into a stored request for a sync.

Notifications come in bursts, and no answer is given before the request is stored. Those that arrive while a look at
the store is under way wait for the next, and share it: one question for all their channels, and one change for those
of their connections that no run is waiting for yet.
"""

import asyncio
import hmac
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.domain.sync import Trigger
from calendar_sync.store.channels import Addressee, hashed
from calendar_sync.store.database import Database
from calendar_sync.sync.service import SyncService

_MOST_AT_ONCE = 2_000
_MOST_REMEMBERED = 10_000


class Meaning(StrEnum):
    CHANGED = "changed"
    """Something changed in the calendar, or may have."""
    ENDING = "ending"
    """The channel ends unless it is renewed."""
    REMOVED = "removed"
    """The channel is gone."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What came in, checked for nothing yet.

    It names its channel by our name for it or, where `by_remote_id`, by the provider's. `number` tells it from others
    of the channel; the very same one again needs nothing done.
    """

    channel: str
    token: str = field(repr=False)
    resource_id: str | None = None
    by_remote_id: bool = False
    meaning: Meaning = Meaning.CHANGED
    number: str | None = None


@dataclass(slots=True)
class _Waiting:
    notifications: Sequence[Notification]
    answer: asyncio.Future[int]

    def succeed(self, good: int) -> None:
        if not self.answer.done():  # whoever waited may have gone away
            self.answer.set_result(good)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(slots=True)
class Inbox:
    """`take` is called once for each message, by as many at a time as there are."""

    database: Database
    sync: SyncService
    clock: Callable[[], datetime]
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _worker: asyncio.Task[None] | None = None
    _seen: OrderedDict[Notification, None] = field(default_factory=OrderedDict)

    async def take(self, notifications: Sequence[Notification]) -> int:
        """How many of them are a provider's: of a live channel, with its token. Their connections are synced soon.

        The others change nothing. Raises `StoreUnavailable`: nothing was taken then, and the provider sends it again.
        """
        fresh = [each for each in notifications if each not in self._seen]
        known = len(notifications) - len(fresh)
        if not fresh:
            return known
        waiting = _Waiting(fresh, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="inbox")
        return known + await waiting.answer

    async def close(self) -> None:
        """Whoever still waits is told to come again."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
            self._worker = None
            self._turn_away(self._waiting)  # of a worker that was ended before it had begun

    async def _work(self) -> None:
        """Ends in the very step that finds nobody waiting."""
        batch: Sequence[_Waiting] = ()
        try:
            while batch := self._next_batch():
                await self._answer(batch)
        finally:
            self._worker = None
            self._turn_away((*batch, *self._waiting))

    def _turn_away(self, those: Iterable[_Waiting]) -> None:
        for waiting in those:
            waiting.fail(StoreUnavailable("The server is stopping."))
        self._waiting.clear()

    def _next_batch(self) -> Sequence[_Waiting]:
        batch: list[_Waiting] = []
        room = _MOST_AT_ONCE
        while self._waiting and room > 0:
            batch.append(self._waiting.popleft())
            room -= len(batch[-1].notifications)
        return batch

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            good = await self._store({each for waiting in batch for each in waiting.notifications})
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told, and the next are served
            for waiting in batch:
                waiting.fail(error)
        else:
            for waiting in batch:
                waiting.succeed(sum(each in good for each in waiting.notifications))

    async def _store(self, notifications: Set[Notification]) -> Set[Notification]:
        """Those that are good, once all that they ask for is stored."""
        found = await self._addressees(notifications)
        good = {each: found[each.channel] for each in notifications if _is_meant(each, found.get(each.channel))}
        ending = {to.channel for each, to in good.items() if each.meaning is Meaning.ENDING}
        removed = {to.channel for each, to in good.items() if each.meaning is Meaning.REMOVED}
        if ending or removed:
            async with self.database.begin() as tx:
                await tx.channels.renew_soon(ending, self.clock())
                await tx.channels.forget(removed)
        if idle := {to.connection for to in good.values() if not to.is_served}:
            await self.sync.request(idle, Trigger.PUSH)
        self._remember(good)
        return good.keys()

    async def _addressees(self, notifications: Set[Notification]) -> Mapping[str, Addressee]:
        remote_ids = {each.channel for each in notifications if each.by_remote_id}
        ids = {each.channel for each in notifications if not each.by_remote_id}
        async with self.database.begin(write=False) as tx:
            return await tx.channels.addressees(ids, remote_ids, self.clock())

    def _remember(self, notifications: Iterable[Notification]) -> None:
        for each in notifications:
            if each.number is not None:
                self._seen[each] = None
        while len(self._seen) > _MOST_REMEMBERED:
            self._seen.popitem(last=False)


def _is_meant(notification: Notification, addressee: Addressee | None) -> bool:
    """Whether it is the provider's: it has the channel's token and, where the provider names one, its resource."""
    if addressee is None or not hmac.compare_digest(hashed(notification.token), addressee.token_hash):
        return False
    return notification.by_remote_id or addressee.resource_id in {None, notification.resource_id}
