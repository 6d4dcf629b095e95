"""The use cases of asking when somebody is busy, and when they are free to meet."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Final

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.errors import Conflict, NotFound, RangeTooLarge
from calendar_sync.domain.free_busy import BusyBlock, BusyKind, Claim, Interval, busy_blocks
from calendar_sync.domain.identifiers import CalendarId, ConnectionId
from calendar_sync.domain.slots import SlotRules, WorkingHours, slots
from calendar_sync.recurrence.zones import later, to_instant
from calendar_sync.store.database import Database
from calendar_sync.store.transaction import Transaction

LONGEST_WINDOW: Final = timedelta(days=366)
_FARTHEST: Final = timedelta(days=2)
"""That a midnight may be from the same day's in another zone."""


@dataclass(frozen=True, slots=True)
class Whose:
    """The calendars that count: these, and those of these accounts that are selected. By default all that are."""

    calendars: Collection[CalendarId] | None = None
    connections: Collection[ConnectionId] | None = None


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts as busy. Days of all-day events are those of `zone`, by default of the zone of their calendar."""

    tentative: bool = True
    all_day: bool = True
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class FreeBusy:
    """`known_until` is up to when all the calendars are known; `None` if one of them has not been read yet."""

    blocks: Sequence[BusyBlock]
    known_until: datetime | None


@dataclass(frozen=True, slots=True)
class Availability:
    """`known_until` as in `FreeBusy`."""

    slots: Sequence[Interval]
    has_more: bool
    known_until: datetime | None


@dataclass(frozen=True, slots=True)
class AvailabilityService:
    """Every answer is limited to the actor's own calendars."""

    database: Database

    async def free_busy(
        self, actor: Actor, window: Interval, whose: Whose = Whose(), counting: Counting = Counting()
    ) -> FreeBusy:
        """When the actor is busy, each moment once, however many events and copies of meetings make them so.

        Raises `RangeTooLarge`, `NotFound` for a calendar or account that is not the actor's, and `Conflict` for a
        calendar that is not selected, of which nothing is known.
        """
        _check(window)
        return await self._free_busy(actor, window, whose, counting)

    async def _free_busy(self, actor: Actor, window: Interval, whose: Whose, counting: Counting) -> FreeBusy:
        margin = timedelta() if counting.zone is None else _FARTHEST
        around = Interval(later(window.start, -margin), later(window.end, margin))
        async with self.database.begin(write=False, actor=actor) as tx:
            chosen = await _chosen(tx, actor, whose)
            claims = await tx.busy_times.claims(actor, [calendar.id for calendar in chosen], around)
        blocks = await asyncio.to_thread(_blocks, claims, window, counting)
        ends = [calendar.expanded_until for calendar in chosen]
        return FreeBusy(
            blocks, min((end for end in ends if end is not None), default=None) if None not in ends else None
        )

    async def availability(
        self,
        actor: Actor,
        window: Interval,
        hours: Sequence[WorkingHours],
        zone: tzinfo,
        rules: SlotRules,
        *,
        first: int,
        whose: Whose = Whose(),
        counting: Counting = Counting(),
    ) -> Availability:
        """The first slots in the window in which the actor is free, within hours on the clock of `zone`.

        Raises as `free_busy` does.
        """
        _check(window)
        around = Interval(later(window.start, -rules.before), later(window.end, rules.after))
        known = await self._free_busy(actor, around, whose, counting)
        busy = [Interval(block.start, block.end) for block in known.blocks]
        some = slots(window, hours, zone, busy, rules)
        found = await asyncio.to_thread(lambda: list(islice(some, first + 1)))
        return Availability(found[:first], len(found) > first, known.known_until)


def _check(window: Interval) -> None:
    if window.end - window.start > LONGEST_WINDOW:
        raise RangeTooLarge(f"At most {LONGEST_WINDOW.days} days can be asked for at once.", field="window")


def _known_until(calendars: Sequence[Calendar]) -> datetime | None:
    ends = [calendar.expanded_until for calendar in calendars]
    known = [end for end in ends if end is not None]
    return min(known, default=None) if len(known) == len(ends) else None


async def _chosen(tx: Transaction, actor: Actor, whose: Whose) -> Sequence[Calendar]:
    there = await tx.calendars.list(actor)
    if whose.calendars is None and whose.connections is None:
        return [calendar for calendar in there if calendar.is_selected]
    named, accounts = set(whose.calendars or ()), set(whose.connections or ())
    if named - {calendar.id for calendar in there}:
        raise NotFound("calendar")
    for account in accounts - {calendar.connection_id for calendar in there}:
        await tx.connections.get(actor, account)  # one whose calendars have not been listed yet has none
    if any(calendar.id in named and not calendar.is_selected for calendar in there):
        raise Conflict("A calendar that is not selected is not read: nobody knows when it is busy.")
    return [each for each in there if each.id in named or (each.connection_id in accounts and each.is_selected)]


def _blocks(claims: Iterable[Claim], window: Interval, counting: Counting) -> Sequence[BusyBlock]:
    taken = (
        (_interval(claim, counting.zone), claim.kind)
        for claim in claims
        if (counting.tentative or claim.kind is BusyKind.BUSY) and (counting.all_day or claim.days is None)
    )
    return busy_blocks(taken, window)


def _interval(claim: Claim, zone: tzinfo | None) -> Interval:
    if zone is None or claim.days is None:
        return Interval(claim.starts_at, claim.ends_at)
    start, end = (to_instant(datetime.combine(day, time()), zone) for day in claim.days)
    return Interval(start, end)
