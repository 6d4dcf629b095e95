"""Zoom synced for real: every fault of the simulator ends in a store equal to Zoom and in exact counts."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.sync import RunStatus, Tally
from calendar_sync.store.database import Database
from simulators.faults import Fault
from simulators.zoom.meetings import Meeting
from simulators.zoom.recurrence import DAILY, WEEKLY, Recurrence
from tests.sync.vendor_contract import CHANGED, VendorContract
from tests.sync.vendor_world import Step
from tests.sync.world import NOW
from tests.sync.zoom_world import FIVE_WEEKS, MONDAY, ZoomWorld, a_zoom_world, week

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIST = "/v2/users/me/meetings"
JSON = "application/json"
DETAIL = "/v2/meetings/"
TOMORROW = NOW + timedelta(hours=20)


@dataclass
class Filled(ZoomWorld):
    """With a series that has a moved, a lengthened and a deleted occurrence, three single meetings, a room that is no
    event, and an invitation to a meeting and to a series every other day.
    """

    series: Meeting = field(init=False)
    single: list[Meeting] = field(init=False)
    invitation: Meeting = field(init=False)
    regular: Meeting = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.series = self.schedule("Stand-up", MONDAY, FIVE_WEEKS)
        self.series.move(week(1), MONDAY + timedelta(weeks=1, hours=3))
        self.series.move(week(3), MONDAY + timedelta(weeks=3), 90)
        self.series.cancel(week(2))
        self.single = [self.schedule(f"Single {day}", MONDAY + timedelta(days=day)) for day in range(3)]
        self.schedule("Open room", None)
        self.invitation = self.invite("As a guest", TOMORROW)
        self.regular = self.invite("Every other day", TOMORROW + timedelta(hours=1), Recurrence(DAILY, 2, end_times=5))

    def what_changes(self) -> None:
        self.schedule("New", MONDAY + timedelta(days=4))
        self.series.move(week(0), MONDAY + timedelta(hours=1))
        self.delete(self.single[1])

    def remove_series(self) -> None:
        self.delete(self.series)


@pytest_asyncio.fixture(loop_scope="module")
async def world(store: Database) -> AsyncGenerator[Filled]:
    async with a_zoom_world(Filled, store) as world:
        yield world


async def test_an_unchanged_connection_costs_two_requests(world: Filled) -> None:
    await world.sync()
    world.simulator.log.clear()

    run = await world.sync()

    assert run.requests == len(world.simulator.log) == 2
    assert world.simulator.count(path="/users/me/") == 2


async def test_the_occurrences_of_a_series_are_asked_for_once_a_day(world: Filled) -> None:
    await world.sync()
    world.simulator.log.clear()
    for _ in range(12):
        world.pass_time(hours=4)
        await world.sync()
    assert world.simulator.count(path=DETAIL) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.series.move(week(1), MONDAY + timedelta(weeks=1, hours=5)),
        lambda world: world.series.move(week(4), MONDAY + timedelta(weeks=4), 15),
        lambda world: world.series.cancel(week(4)),
        lambda world: world.series.cancel(week(0)),
        lambda world: world.series.change(agenda="What happened"),
        lambda world: world.series.change(recurrence=Recurrence(WEEKLY, weekly_days="2", end_times=2)),
        lambda world: world.series.change(recurrence=Recurrence(WEEKLY, weekly_days="2", end_times=9)),
        lambda world: world.series.change(start=MONDAY + timedelta(days=1), recurrence=Recurrence(DAILY, end_times=3)),
        lambda world: world.series.change(recurrence=None, type=2),
    ],
    ids=[
        "a moved one is moved again",
        "one is cut short",
        "the last is deleted",
        "the first is deleted",
        "its agenda",
        "it ends sooner",
        "it goes on for longer",
        "it is on other days",
        "it recurs no more",
    ],
)
async def test_a_change_in_a_series_is_one_updated_event(world: Filled, change: Callable[[Filled], object]) -> None:
    await world.sync()
    change(world)
    world.pass_time(days=1)  # and the occurrences of its series are read again
    assert (await world.clean_sync()).tally == Tally(updated=1)


async def test_an_endless_series_goes_on_as_the_window_moves_and_counts_nothing(world: Filled) -> None:
    world.simulator.quirks.change(most_occurrences=12)
    world.delete(world.regular)
    endless = world.schedule("For ever", MONDAY + timedelta(days=3), Recurrence(WEEKLY, weekly_days="5"))
    await world.sync()
    for _ in range(8):
        world.pass_time(days=7)
        assert (await world.run()).tally == Tally()
        assert await world.ahead() == world.zoom_shows()
    endless.change(topic="For ever and a day")
    assert (await world.run()).tally == Tally(updated=1)
    assert len(await world.history()) == 1 + 4 + 3 + 7


# Comings and goings


async def test_a_meeting_that_is_over_stays_when_zoom_forgets_it(world: Filled) -> None:
    await world.sync()
    world.pass_time(days=100)
    assert (await world.clean_sync()).tally == Tally()
    assert await world.ahead() == []
    assert not world.simulator.log[-1].query
    assert len(await world.history()) > 5


async def test_of_a_series_that_is_deleted_only_the_rest_goes(world: Filled) -> None:
    await world.sync()
    world.pass_time(days=9)
    past = await world.history()
    world.delete(world.series)
    run = await world.clean_sync()
    assert run.tally.removed == 1
    assert await world.history() == past


async def test_an_invitation_that_is_taken_back_goes_and_one_that_took_place_stays(world: Filled) -> None:
    other = world.invite("Never", TOMORROW)
    await world.sync()
    world.delete(other)
    assert (await world.clean_sync()).tally == Tally(removed=1)
    world.pass_time(hours=22)
    assert (await world.clean_sync()).tally == Tally()
    assert {title for _, _, title in await world.history()} == {"As a guest", "Every other day"}


async def test_an_invitation_that_has_begun_is_not_taken_for_a_deleted_one(world: Filled) -> None:
    await world.sync()
    world.pass_time(hours=20, minutes=30)
    world.invitation.invitees.clear()  # as if Zoom listed what is ahead only
    assert (await world.sync()).tally == Tally()
    assert "As a guest" in {title for _, _, title in await world.ahead()}


async def test_the_occurrences_of_an_invitation_are_one_event_with_a_history(world: Filled) -> None:
    await world.sync()
    tallies = []
    for _ in range(5):
        world.pass_time(days=2)
        tallies.append((await world.clean_sync()).tally)
    assert tallies == [Tally(updated=1)] * 4 + [Tally()]
    assert [title for _, _, title in await world.history()].count("Every other day") == 5
    assert len(await world.stored()) == 6


async def test_an_invitation_that_becomes_a_series_and_back_is_updated(world: Filled) -> None:
    await world.sync()
    world.invitation.change(type=8, recurrence=Recurrence(DAILY, end_times=3))
    assert (await world.clean_sync()).tally == Tally(updated=1)
    world.invitation.change(type=2, recurrence=None, topic="Once")
    assert (await world.clean_sync()).tally == Tally(updated=1)


async def test_a_meeting_that_is_handed_over_to_the_user_is_updated(world: Filled) -> None:
    await world.sync()
    user = world.remote.user
    for meeting in (world.invitation, world.regular):
        meeting.change(host_id=user.id, host_email=user.email)
    assert (await world.clean_sync()).tally == Tally(updated=2)


async def test_a_room_that_gets_a_time_is_new_and_one_that_loses_it_is_gone(world: Filled) -> None:
    await world.sync()
    room = next(each for each in world.simulator.world.meetings.values() if each.type == 3)
    room.change(type=2, start=MONDAY)
    assert (await world.clean_sync()).tally == Tally(new=1)
    room.change(type=3, start=None)
    assert (await world.clean_sync()).tally == Tally(removed=1)


# Faults


class TestZoom(VendorContract):
    FILLED = 6
    MOST_REQUESTS = 60
    PASSING = {
        "cut in the middle": Fault(path=LIST, cut_after=40),
        "dropped": Fault(path=DETAIL, drop=True),
        "a short 503": Fault(status=503),
        "a limit that names a short wait": Fault(reason="perSecondLimit", retry_after="1"),
        "a limit of the second": Fault(reason="perSecondLimit"),
        "a limit with nonsense for a wait": Fault(reason="perSecondLimit", retry_after="soon"),
        "a limit among the details": Fault(path=DETAIL, reason="perSecondLimit", times=2),
        "an expired token": Fault(reason="expiredToken"),
        "an invalid token in the middle": Fault(path=DETAIL, reason="invalidToken"),
        "dripping": Fault(path=LIST, drip=0.001),
        "slow": Fault(delay=0.05),
    }
    FAILING = {
        "half a body": Fault(path=LIST, half=True),
        "half of the next day": Fault(path="/v2/users/me/upcoming", half=True),
        "half of a detail": Fault(path=DETAIL, half=True),
        "an internal error": Fault(reason="internalError"),
        "an endless 503": Fault(status=503, times=3),
        "an endless 503 at the second list": Fault(path="/v2/users/me/upcoming", status=503, times=3),
        "connections that break each time": Fault(path=LIST, drop=True, times=3),
        "an endless limit of the second": Fault(reason="perSecondLimit", times=3),
        "a limit of the day until midnight": Fault(reason="perDayLimit", retry_after="2099-01-01T00:00:00Z"),
        "a limit of the day in seconds": Fault(reason="perDayLimit", retry_after="40000"),
        "a limit with a date": Fault(reason="perDayLimit", retry_after="Fri, 06 Mar 2099 00:00:00 GMT"),
        "a limit with endless nonsense for a wait": Fault(reason="perSecondLimit", retry_after="soon", times=3),
        "an endless limit among the details": Fault(path=DETAIL, reason="perSecondLimit", times=3),
        "a list that is not there": Fault(path=LIST, status=404),
        "an HTML page for an answer": Fault(status=200, body="<html>Sign in</html>"),
        "a list of something else": Fault(
            path=LIST, status=200, body='{"meetings": 7}', content_type="application/json"
        ),
        "a 418": Fault(status=418),
    }
    MANNERS = {
        "pages of one": {"short_pages": 1},
        "empty pages": {"empty_pages": 3, "short_pages": 2},
        "few occurrences": {"most_occurrences": 40},
    }
    UNENDING = {
        "endless pages": {"endless_pages": "new tokens"},
        "pages in a circle": {"endless_pages": "same token"},
    }
    DEADLY = {
        "revoked": None,
        "refused again and again": Fault(reason="invalidToken", times=2),
        "lacks the scope": Fault(reason="missingScopes"),
        "no such user": Fault(reason="noSuchUser"),
    }


async def test_a_page_that_expired_begins_the_list_anew(world: Filled) -> None:
    await world.sync()
    world.what_changes()
    world.simulator.quirks.change(short_pages=2)
    world.simulator.faults.plan(Fault(query="next_page_token", reason="invalidPageToken"))
    assert (await world.clean_sync()).tally == CHANGED


async def test_pages_that_expire_each_time_remove_nothing(world: Filled) -> None:
    await world.sync()
    stored = await world.stored()
    world.simulator.quirks.change(short_pages=2, page_token_seconds=0)

    run = await world.sync()

    assert run.status is RunStatus.FAILED
    assert run.requests == 6
    assert await world.stored() == stored


async def test_a_list_that_is_empty_once_removes_nothing(world: Filled) -> None:
    await world.sync()
    world.simulator.quirks.change(empty_listings=1)
    world.simulator.log.clear()
    assert (await world.sync()).tally == Tally()
    assert world.simulator.count(path=LIST) == 2


async def test_a_list_that_is_empty_twice_is_believed(world: Filled) -> None:
    await world.sync()
    for meeting in (world.series, *world.single):
        world.delete(meeting)
    assert (await world.clean_sync()).tally == Tally(removed=4)


async def test_a_meeting_that_goes_between_the_list_and_its_detail_is_told_by_the_next_list(world: Filled) -> None:
    await world.sync()
    world.series.change(topic="Soon gone")
    world.simulator.faults.plan(Fault(path=DETAIL, reason="noSuchMeeting"))
    assert (await world.sync()).tally == Tally()
    world.delete(world.series)
    assert (await world.clean_sync()).tally == Tally(removed=1)


async def test_without_the_permission_for_the_next_day_the_users_own_meetings_are_read(world: Filled) -> None:
    await world.sync()
    world.what_changes()
    world.simulator.faults.plan(Fault(path="/v2/users/me/upcoming", reason="missingScopes", times=9))
    assert (await world.sync()).tally == CHANGED
    assert "As a guest" in {title for _, _, title in await world.ahead()}
    world.simulator.faults.clear()
    assert (await world.clean_sync()).tally == Tally()


async def test_what_cannot_be_read_keeps_what_is_stored_of_it(world: Filled) -> None:
    await world.sync()
    shown = await world.ahead()
    world.single[0].change(spoilt={"start_time": "soon"})
    world.single[1].change(spoilt={"id": None})

    assert (await world.sync()).tally == Tally(removed=1)
    assert set(shown) - set(await world.ahead()) == {_shown(world.single[1])}
    world.single[0].change(spoilt={})
    world.single[1].change(spoilt={})
    assert (await world.clean_sync()).tally == Tally(new=1)


def _shown(meeting: Meeting) -> tuple[datetime, datetime, str]:
    assert meeting.start is not None
    return meeting.start, meeting.start + timedelta(minutes=meeting.duration), meeting.topic


# Whatever happens, in whatever order

names = st.sampled_from(["series", "other", "guest"])
numbers = st.integers(0, 4)
titles = st.sampled_from(["Red", "Blue"])
rules = st.sampled_from(
    [None, FIVE_WEEKS, Recurrence(WEEKLY, weekly_days="2,4", end_times=3), Recurrence(DAILY, 2, end_times=9)]
)
manners = st.sampled_from([{}, {"short_pages": 1}, {"empty_pages": 2}, {"empty_listings": 1}])
faults = st.sampled_from([*TestZoom.PASSING.values(), *TestZoom.FAILING.values()])
steps = st.one_of(
    st.tuples(st.just("schedule"), names, titles, rules, numbers),
    st.tuples(st.just("invite"), names, titles, rules),
    st.tuples(st.just("rename"), names, titles),
    st.tuples(st.just("move"), names, numbers),
    st.tuples(st.just("cancel"), names, numbers),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("pass"), st.integers(1, 6)),
    st.tuples(st.just("behave"), manners),
    st.tuples(st.just("fail"), faults),
    st.tuples(st.just("sync")),
    st.tuples(st.just("sync")),
)


@given(st.lists(steps, min_size=4, max_size=20))
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
async def test_any_history_ends_in_a_store_equal_to_zoom_and_in_exact_counts(
    store: Database, history: list[Step]
) -> None:
    async with a_zoom_world(Filled, store) as world:
        diary = Diary(world, {"series": world.series, "guest": world.regular})
        for step in history:
            await diary.happen(step)
        world.simulator.faults.clear()
        world.simulator.quirks.reset()
        world.pass_time(days=1)  # and the occurrences of every series are read again
        await world.clean_sync()


@dataclass
class Diary:
    """Meetings by name, and what happens to them. Time passes by half days, in which no meeting is under way."""

    world: Filled
    meetings: dict[str, Meeting]

    async def happen(self, step: Step) -> None:
        match step:
            case ("sync",):
                await self.world.sync()
            case ("schedule", str(name), str(title), Recurrence() | None as rule, int(number)):
                self.put(name, self.world.schedule(title, MONDAY + timedelta(days=number), rule))
            case ("invite", str(name), str(title), Recurrence() | None as rule):
                start = (self.world.now + (TOMORROW - NOW)).replace(minute=0, second=0, microsecond=0)
                self.put(name, self.world.invite(title, start, rule))
            case ("pass", int(number)):
                self.world.pass_time(hours=12 * number)
            case ("behave", dict(quirks)):
                self.world.simulator.quirks.reset()
                self.world.simulator.quirks.change(**quirks)
            case ("fail", Fault() as fault):
                self.world.simulator.faults.plan(fault)
            case ("delete", str(name)):
                self.put(name, None)
            case (str(what), str(name), *values) if name in self.meetings:
                self.change(self.meetings[name], what, *values)

    def put(self, name: str, meeting: Meeting | None) -> None:
        """In the place of the one that has the name."""
        if name in self.meetings:
            self.world.delete(self.meetings.pop(name))
        if meeting is not None:
            self.meetings[name] = meeting

    def change(self, meeting: Meeting, what: str, value: object) -> None:
        held = [] if meeting.recurrence is None else meeting.occurrences(self.world.now, 100)
        match what, value:
            case "rename", str(title):
                meeting.change(topic=title)
            case "move", int(number) if number < len(held):
                meeting.move(held[number].id, held[number].start + timedelta(hours=2))
            case "cancel", int(number) if number < len(held):
                meeting.cancel(held[number].id)
