"""Asking for what a round left out of a series, so that none of its instances goes for want of a row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from calendar_sync.domain.events import Window
from providers.outlook import wire
from providers.outlook.errors import Missing
from providers.outlook.rounds import Kind, kind_of
from providers.outlook.series import SeriesRows
from providers.outlook.session import OutlookSession, rows_of, segment, span_parameters


async def completed(session: OutlookSession, rows: SeriesRows, span: Window, *, is_listing: bool) -> SeriesRows | None:
    """The series with its master and all its instances in `span`; `None` where it went in the meantime.

    A round that lists all there is brings all instances of a series. An increment is believed to have sent a series
    again only if its master and an occurrence came. Without a master there are the instances sent and no more.
    """
    master = rows.master or await _event(session, rows.id)
    if master is None or kind_of(master) is Kind.SINGLE:
        return replace(rows, master=master)
    is_whole = bool(rows.instances) if is_listing else rows.master is not None and rows.has_occurrences
    instances = rows.instances if is_whole else await _instances(session, rows.id, span)
    return None if instances is None else replace(rows, master=master, instances=instances)


async def _event(session: OutlookSession, name: str) -> wire.Event | None:
    try:
        return cast(wire.Event, await session.get(session.address(f"me/events/{segment(name)}")))
    except Missing:
        return None


async def _instances(session: OutlookSession, name: str, span: Window) -> Sequence[wire.Event] | None:
    path = f"me/events/{segment(name)}/instances?{span_parameters(span)}&$top=200"
    found: list[Any] = []
    try:
        async for page in session.pages(session.address(path)):
            found += rows_of(page)
    except Missing:
        return None
    return found
