"""When somebody is busy, and when they are free to meet."""

import datetime as dt

import strawberry

from calendar_sync.domain.free_busy import BusyKind
from calendar_sync.domain.slots import Weekday
from schema.types.described import describe

describe(
    BusyKind,
    "How sure it is that a time is taken (RFC 5545 FBTYPE).",
    {
        BusyKind.BUSY: "Something takes place then that makes its calendar's owner busy.",
        BusyKind.TENTATIVE: "Something may take place then, or its calendar's owner has not accepted it.",
    },
)
describe(Weekday, "A day of the week.", {day: f"{day.title()}." for day in Weekday})


@strawberry.input(description="A stretch of time, of at most 366 days.")
class TimeWindow:
    since: dt.datetime = strawberry.field(description="Its first instant.")
    until: dt.datetime = strawberry.field(description="The first instant after it.")


@strawberry.input(
    description="What counts as taken. Named neither calendars nor accounts, all calendars count that are selected."
)
class BusyFilter:
    calendar_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="These calendars, `cal_…`, at most 100."
    )
    connection_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The selected calendars of these accounts, `tcred_…`, at most 100."
    )
    include_tentative: bool = strawberry.field(
        default=True, description="Whether time counts that is taken only tentatively."
    )
    include_all_day: bool = strawberry.field(
        default=True, description="Whether all-day events count that make busy: from midnight to midnight."
    )


@strawberry.type(description="A time that is taken.")
class BusyBlock:
    start: dt.datetime = strawberry.field(description="When it begins to be.")
    end: dt.datetime = strawberry.field(description="The first instant at which it no longer is.")
    kind: BusyKind = strawberry.field(description="How sure that is.")


@strawberry.type(description="When you are busy. All other time in the window is free.")
class FreeBusy:
    busy: list[BusyBlock] = strawberry.field(
        description="The blocks, in order. None overlap: what is busy hides what is tentative. Two that meet differ in "
        "kind."
    )
    known_until: dt.datetime | None = strawberry.field(
        description="Up to when series are known in all the calendars. After it, only single events are. `null` if one "
        "of the calendars has not been read yet."
    )


@strawberry.input(
    description="Hours on some days of the week, on the clock of the `timeZone` asked for. They begin at the first "
    "instant at which it shows `start` or later, and end likewise, also on days on which clocks are set."
)
class WorkingHours:
    weekdays: list[Weekday] = strawberry.field(description="The days on which they begin.")
    start: dt.time = strawberry.field(description="When they begin.")
    end: dt.time = strawberry.field(
        description="When they end: on the next day, if that is not after `start`. `00:00` to `00:00` is a whole day."
    )


@strawberry.input(description="Which slots are wanted.")
class SlotRules:
    minutes: int = strawberry.field(description="How long a slot is: 5 to 1440.")
    every_minutes: int | None = strawberry.field(
        default=None,
        description="From one possible start to the next, counted from where working hours begin: 5 to 1440. By "
        "default as long as a slot.",
    )
    free_minutes_before: int = strawberry.field(
        default=0, description="For how long before a slot nothing may be: 0 to 1440. It may be outside of the hours."
    )
    free_minutes_after: int = strawberry.field(
        default=0, description="For how long after a slot nothing may be: 0 to 1440. It may be outside of the hours."
    )


@strawberry.type(description="A time in which you are free.")
class Slot:
    start: dt.datetime = strawberry.field(description="When it begins.")
    end: dt.datetime = strawberry.field(description="When it ends.")


@strawberry.type(description="When you are free to meet.")
class Availability:
    slots: list[Slot] = strawberry.field(
        description="The slots by their start. They overlap where `everyMinutes` is less than `minutes`."
    )
    has_more: bool = strawberry.field(
        description="Whether more begin after the last one. Ask for those by a window that begins later."
    )
    known_until: dt.datetime | None = strawberry.field(
        description="Up to when series are known in all the calendars. What begins later may turn out to be taken. "
        "`null` if one of the calendars has not been read yet."
    )
