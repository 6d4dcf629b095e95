"""The law that delta links promise: a first round with all that follow comes to what a new first round says."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.clock import Clock
from simulators.microsoft.accounts import World
from simulators.microsoft.calendars import Calendar, NoSuchEvent
from simulators.microsoft.delta import Page, Rounds
from simulators.microsoft.patterns import repeating
from simulators.microsoft.preferences import Preferences
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.rendering import View
from simulators.microsoft.series import Window
from tests.simulators.microsoft.world import MONDAY, graph, occurrence

Json = dict[str, Any]
Change = Callable[[Calendar], object]

JANUARY = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
IDS = st.sampled_from(["one", "two"])
WEEKS = st.integers(0, 6)
TITLES = st.sampled_from(["Red", "Blue"])
RULES = st.none() | st.sampled_from([repeating("weekly", daysOfWeek=["monday"], times=times) for times in (1, 3, 7)])


def adding(event_id: str, title: str, week: int, rule: Json | None) -> Change:
    return lambda calendar: calendar.add(title, MONDAY + timedelta(weeks=week), id=event_id, recurrence=rule)


def renaming(event_id: str, title: str) -> Change:
    return lambda calendar: calendar.change(event_id, subject=title)


def changing_occurrence(event_id: str, week: int, title: str) -> Change:
    return lambda calendar: calendar.change(occurrence(event_id, week), subject=title)


def moving(event_id: str, week: int) -> Change:
    start = MONDAY + timedelta(weeks=week)
    return lambda calendar: calendar.change(event_id, start=graph(start), end=graph(start + timedelta(hours=1)))


def moving_occurrence(event_id: str, week: int, to: int) -> Change:
    return moving(occurrence(event_id, week), to)


def removing(event_id: str) -> Change:
    return lambda calendar: calendar.remove(event_id)


def removing_occurrence(event_id: str, week: int) -> Change:
    return removing(occurrence(event_id, week))


CHANGES = st.one_of(
    st.builds(adding, IDS, TITLES, WEEKS, RULES),
    st.builds(renaming, IDS, TITLES),
    st.builds(changing_occurrence, IDS, WEEKS, TITLES),
    st.builds(moving, IDS, WEEKS),
    st.builds(moving_occurrence, IDS, WEEKS, WEEKS),
    st.builds(removing, IDS),
    st.builds(removing_occurrence, IDS, WEEKS),
)


@pytest.mark.parametrize(
    "quirks",
    [
        {},
        {"omits_masters": True},
        {"reverses_items": True, "removes_occurrences": True},
        {"repeats_items": True, "replays": True, "splits_series": True},
    ],
    ids=str,
)
@settings(max_examples=40)
@given(rounds=st.lists(st.lists(CHANGES, max_size=4), max_size=4))
def test_rounds_come_to_what_a_first_round_says(quirks: Json, rounds: list[list[Change]]) -> None:
    calendar = World(Clock()).add_account("ada@example.com").calendar
    client = Client(calendar, Quirks(**quirks))

    for changes in [[], *rounds]:
        for change in changes:
            with suppress(NoSuchEvent):  # an event or an occurrence that is not there just now
                change(calendar)
        client.follow()

        anew = Client(calendar, Quirks())
        anew.follow()
        assert client.shown() == anew.shown()


class Client:
    """What a client keeps of January, by event or series."""

    def __init__(self, calendar: Calendar, quirks: Quirks) -> None:
        self.calendar = calendar
        self.rounds = Rounds(Clock(), quirks)
        self.view = View(calendar, Preferences(prefers_immutable_ids=True))
        self.link: str | None = None
        self.kept: dict[str, dict[str, Json]] = {}

    def follow(self) -> None:
        """Read a round, and replace every event or series it speaks of by what it says last."""
        spoken: dict[str, dict[str, Json]] = {}
        for row in self._rows():
            of = spoken.setdefault(row.get("seriesMasterId") or row["id"], {})
            of.pop(row["id"], None)
            if "@removed" not in row:
                of[row["id"]] = row
        self.kept |= spoken

    def shown(self) -> dict[str, Json]:
        rows = {event_id: row for of in self.kept.values() for event_id, row in of.items()}
        return {event_id: row for event_id, row in rows.items() if row["type"] != "seriesMaster"}

    def _rows(self) -> list[Json]:
        page = self._first()
        rows = list(page.rows)
        while page.skip_token is not None:
            page = self.rounds.next("january", page.skip_token)
            rows += page.rows
        self.link = page.delta_token
        return [self.view.removed(row) if row.kind == "removed" else self.view.event(row) for row in rows]

    def _first(self) -> Page:
        if self.link is None:
            return self.rounds.begin("january", self.calendar, JANUARY, 2)
        return self.rounds.increment("january", self.calendar, self.link, 2)
