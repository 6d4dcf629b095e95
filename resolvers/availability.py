"""When the caller is busy, and when they are free to meet."""

import datetime as dt
from typing import Annotated
from zoneinfo import ZoneInfo

import strawberry

from calendar_sync.domain.free_busy import Interval
from calendar_sync.domain.identifiers import CalendarId, ConnectionId
from calendar_sync.domain.slots import SlotRules as Rules
from calendar_sync.domain.slots import Weekday
from calendar_sync.domain.slots import WorkingHours as Hours
from calendar_sync.events.availability import Counting, Whose
from resolvers.connections import few
from resolvers.context import Info
from resolvers.refusals import bad_input
from schema.types.availability import (
    Availability,
    BusyBlock,
    BusyFilter,
    FreeBusy,
    Slot,
    SlotRules,
    TimeWindow,
    WorkingHours,
)
from schema.types.paging import DEFAULT_FIRST, FirstArgument

MOST_HOURS = 20
_DAY = 24 * 60
_YEARS = range(1900, 2200)
_OFFICE_HOURS = Hours(frozenset([*Weekday][:5]), dt.time(9), dt.time(17))

WindowArgument = Annotated[TimeWindow, strawberry.argument(description="The time that is asked about.")]
FilterArgument = Annotated[BusyFilter | None, strawberry.argument(description="What counts as taken.")]


async def free_busy(
    info: Info,
    window: WindowArgument,
    time_zone: Annotated[
        ZoneInfo | None,
        strawberry.argument(
            description="Whose midnights all-day events go by. By default those of their calendar's own zone."
        ),
    ] = None,
    filter: FilterArgument = None,
) -> FreeBusy:
    asked = filter or BusyFilter()
    found = await info.context.services.availability.free_busy(
        info.context.actor, _interval(window), _whose(asked), _counting(asked, time_zone)
    )
    blocks = [BusyBlock(start=block.start, end=block.end, kind=block.kind) for block in found.blocks]
    return FreeBusy(busy=blocks, known_until=found.known_until)


async def availability(
    info: Info,
    window: WindowArgument,
    slot: Annotated[SlotRules, strawberry.argument(description="Which slots.")],
    time_zone: Annotated[
        ZoneInfo, strawberry.argument(description="Whose clock working hours and all-day events go by.")
    ],
    *,
    working_hours: Annotated[
        list[WorkingHours] | None,
        strawberry.argument(
            description="When slots may be, at most 20 of these. By default from 09:00 to 17:00, Monday to Friday."
        ),
    ] = None,
    filter: FilterArgument = None,
    first: FirstArgument = DEFAULT_FIRST,
) -> Availability:
    asked = filter or BusyFilter()
    found = await info.context.services.availability.availability(
        info.context.actor,
        _interval(window),
        [_OFFICE_HOURS] if working_hours is None else _hours(working_hours),
        time_zone,
        _rules(slot),
        first=first,
        whose=_whose(asked),
        counting=_counting(asked, time_zone),
    )
    slots = [Slot(start=each.start, end=each.end) for each in found.slots]
    return Availability(slots=slots, has_more=found.has_more, known_until=found.known_until)


def _interval(window: TimeWindow) -> Interval:
    if window.until <= window.since:
        raise bad_input("window: `until` must be after `since`.")
    if window.since.year not in _YEARS or window.until.year not in _YEARS:
        raise bad_input(f"window: it must be in the years {_YEARS[0]} to {_YEARS[-1]}.")
    return Interval(window.since, window.until)


def _whose(asked: BusyFilter) -> Whose:
    calendars, connections = asked.calendar_ids, asked.connection_ids
    return Whose(
        None if calendars is None else [CalendarId(one) for one in few(calendars)],
        None if connections is None else [ConnectionId(one) for one in few(connections)],
    )


def _counting(asked: BusyFilter, zone: ZoneInfo | None) -> Counting:
    return Counting(asked.include_tentative, asked.include_all_day, zone)


def _rules(given: SlotRules) -> Rules:
    every = given.minutes if given.every_minutes is None else given.every_minutes
    return Rules(
        _minutes("slot.minutes", given.minutes, at_least=5),
        _minutes("slot.everyMinutes", every, at_least=5),
        before=_minutes("slot.freeMinutesBefore", given.free_minutes_before, at_least=0),
        after=_minutes("slot.freeMinutesAfter", given.free_minutes_after, at_least=0),
    )


def _minutes(name: str, given: int, *, at_least: int) -> dt.timedelta:
    if not at_least <= given <= _DAY:
        raise bad_input(f"{name} must be {at_least} to {_DAY}.")
    return dt.timedelta(minutes=given)


def _hours(given: list[WorkingHours]) -> list[Hours]:
    if len(given) > MOST_HOURS:
        raise bad_input(f"At most {MOST_HOURS} workingHours can be given.")
    return [Hours(frozenset(each.weekdays), each.start, each.end) for each in given]
