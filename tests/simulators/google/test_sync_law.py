"""The law that sync tokens promise: a first listing with all its increments comes to what a full listing says."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from simulators.clock import Clock
from simulators.google.accounts import World
from simulators.google.calendars import Calendar, NoSuchEvent
from simulators.google.event_query import event_query
from simulators.google.listing import EventListing
from simulators.google.parameters import Parameters
from simulators.google.quirks import Quirks
from simulators.google.rendering import View
from simulators.google.tokens import SyncToken
from tests.simulators.google.world import MONDAY, instance, starting

Json = dict[str, Any]
Change = Callable[[Calendar], object]

IDS = st.sampled_from(["one00", "two00"])
WEEKS = st.integers(0, 3)
TITLES = st.sampled_from(["Red", "Blue"])
RULES = st.sampled_from([f"RRULE:FREQ=WEEKLY;COUNT={count}" for count in (2, 4)] + ["RRULE:FREQ=DAILY;COUNT=9"])


def adding(event_id: str, title: str, rule: str | None) -> Change:
    recurrence: Json = {} if rule is None else {"recurrence": [rule]}
    return lambda calendar: calendar.add(title, MONDAY, id=event_id, **recurrence)


def retitling(event_id: str, title: str) -> Change:
    return lambda calendar: event_id in calendar.events and calendar.change(event_id, summary=title)


def changing_occurrence(event_id: str, week: int, title: str) -> Change:
    return lambda calendar: calendar.change(instance(event_id, week), summary=title)


def moving_occurrence(event_id: str, week: int) -> Change:
    start = MONDAY + timedelta(weeks=week, days=1)
    times = {"start": starting(start), "end": starting(start + timedelta(hours=1))}
    return lambda calendar: calendar.change(instance(event_id, week), **times)


def cancelling_occurrence(event_id: str, week: int) -> Change:
    return lambda calendar: calendar.remove(instance(event_id, week))


def removing(event_id: str) -> Change:
    def remove(calendar: Calendar) -> None:
        if event_id in calendar.events:
            calendar.remove(event_id)

    return remove


def dividing(event_id: str, week: int) -> Change:
    return lambda calendar: (
        event_id in calendar.events
        and calendar.events[event_id].resource.get("recurrence")
        and calendar.split(event_id, starting(MONDAY + timedelta(weeks=week)))
    )


CHANGES = st.one_of(
    st.builds(adding, IDS, TITLES, st.none() | RULES),
    st.builds(retitling, IDS, TITLES),
    st.builds(changing_occurrence, IDS, WEEKS, TITLES),
    st.builds(moving_occurrence, IDS, WEEKS),
    st.builds(cancelling_occurrence, IDS, WEEKS),
    st.builds(removing, IDS),
    st.builds(dividing, IDS, WEEKS),
)


@pytest.mark.parametrize("single_events", ["false", "true"])
@settings(max_examples=40)
@given(rounds=st.lists(st.lists(CHANGES, max_size=4), max_size=4))
def test_increments_come_to_the_full_listing(single_events: str, rounds: list[list[Change]]) -> None:
    calendar = World(Clock()).add_account("ada@example.com").primary
    token, replica = None, dict[str, Json]()

    for changes in [[], *rounds]:
        for change in changes:
            carry_out(change, calendar)
        items, token = listed(calendar, single_events, token)
        for item in items:
            take_in(item, replica, has_masters=single_events == "false")

        full = {item["id"]: item for item in listed(calendar, single_events, None)[0]}
        assert {name: item for name, item in replica.items() if single_events == "false" or is_living(item)} == full


def carry_out(change: Change, calendar: Calendar) -> None:
    with suppress(NoSuchEvent):  # an occurrence that the series of the moment has not
        change(calendar)


def listed(calendar: Calendar, single_events: str, token: str | None) -> tuple[list[Json], str]:
    parameters = {"singleEvents": single_events} | ({} if token is None else {"syncToken": token})
    quirks, clock = Quirks(), Clock()
    query = event_query(Parameters(QueryParams(parameters)), calendar, clock, quirks)
    listing = EventListing(View(calendar, "owner", query.zone), query, quirks, clock.now())
    items = listing.items()
    return items, str(SyncToken(calendar.path, listing.revision, query.key, clock.now().isoformat()))


def take_in(item: Json, replica: dict[str, Json], *, has_masters: bool) -> None:
    """What a client does with an item, by Google's guide. Where there are no masters every instance is told."""
    if is_living(item) or "recurringEventId" in item:
        replica[item["id"]] = item
        return
    replica.pop(item["id"], None)
    if has_masters:
        for name in [name for name, held in replica.items() if held.get("recurringEventId") == item["id"]]:
            del replica[name]


def is_living(item: Json) -> bool:
    return bool(item["status"] != "cancelled")
