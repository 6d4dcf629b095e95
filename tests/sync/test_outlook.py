"""Outlook synced for real: every fault of the simulator ends in a store equal to Outlook and in exact counts."""

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import date, datetime, timedelta

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.sync import RunStatus, Tally
from calendar_sync.store.database import Database
from simulators.faults import Fault
from simulators.microsoft.patterns import repeating
from tests.sync.outlook_world import MONDAY, ZURICH, Json, OutlookWorld, an_outlook_world, instance, weekly
from tests.sync.vendor_contract import CHANGED, CursorContract
from tests.sync.vendor_world import Step

pytestmark = pytest.mark.asyncio(loop_scope="module")
CALENDAR = "/v1.0/me/calendars/"


@pytest_asyncio.fixture(loop_scope="module")
async def world(store: Database) -> AsyncGenerator[OutlookWorld]:
    """With a series that has a moved, a renamed and a deleted occurrence, an endless one and three single events."""
    async with an_outlook_world(store) as world:
        world.put("series", "Stand-up", weekly())
        world.move(instance("series", 1), MONDAY + timedelta(weeks=1, hours=3))
        world.change(instance("series", 3), subject="Retrospective")
        world.cancel(instance("series", 2))
        world.put("endless", "Lunch", weekly(None), MONDAY + timedelta(hours=3))
        for number in range(3):
            world.put(f"single{number}", f"Single {number}", start=MONDAY + timedelta(days=number))
        yield world


def asked(world: OutlookWorld) -> list[str]:
    return [f"{request.method} {request.path}" for request in world.remote.simulator.log]


async def test_an_unchanged_connection_costs_one_request_per_calendar_and_one_for_the_list(
    world: OutlookWorld,
) -> None:
    for number in range(11):
        world.remote.account.add_calendar(f"Team {number}")
    await world.sync()
    world.remote.simulator.log.clear()

    run = await world.sync()

    assert run.requests == len(asked(world)) == 13
    assert asked(world).count("GET /v1.0/me/calendars") == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.change(instance("series", 4), subject="Added"),
        lambda world: world.move(instance("series", 1), MONDAY + timedelta(weeks=1, hours=5)),
        lambda world: world.cancel(instance("series", 0)),
        lambda world: world.cancel(instance("series", 3)),
        lambda world: world.change("series", recurrence=weekly(2)),
        lambda world: world.change("series", recurrence=None),
        lambda world: world.put("series", "Stand-up", weekly(), MONDAY + timedelta(hours=2)),
        lambda world: world.put("single0", "No longer single", weekly()),
    ],
    ids=[
        "an occurrence is changed",
        "an exception is moved",
        "an occurrence is deleted",
        "an exception is deleted",
        "it is cut short",
        "it recurs no more",
        "it is moved and forgets its exceptions",
        "a single event recurs",
    ],
)
async def test_a_change_in_a_series_is_one_updated_event(
    world: OutlookWorld, change: Callable[[OutlookWorld], object]
) -> None:
    await world.sync()
    change(world)
    world.remote.simulator.log.clear()
    assert (await world.clean_sync()).tally == Tally(updated=1)
    assert sum(path.startswith("GET /v1.0/me/events") for path in asked(world)) == 0


# What happens outside the span


async def test_removals_of_events_that_were_never_told_are_ignored(world: OutlookWorld) -> None:
    far = MONDAY + timedelta(days=400)
    world.put("far", "Far away", start=far)
    world.put("far series", "Far away", weekly(), far)
    await world.sync()
    world.change("far", subject="Still far")
    world.cancel("far series")
    assert (await world.clean_sync()).tally == Tally()


async def test_an_event_comes_and_goes_with_the_span(world: OutlookWorld) -> None:
    await world.sync()
    world.move("single0", MONDAY + timedelta(days=400))
    assert (await world.clean_sync()).tally == Tally(removed=1)
    world.move("single0", MONDAY)
    assert (await world.clean_sync()).tally == Tally(new=1)


async def test_an_exception_that_is_moved_out_of_the_span_leaves_its_series(world: OutlookWorld) -> None:
    await world.sync()
    world.move(instance("series", 1), MONDAY + timedelta(days=400))
    assert (await world.clean_sync()).tally == Tally(updated=1)
    world.move(instance("series", 1), MONDAY + timedelta(days=4))
    assert (await world.clean_sync()).tally == Tally(updated=1)


async def test_what_took_place_stays_when_it_is_removed_later(world: OutlookWorld) -> None:
    await world.sync()
    before = [each for each in await world.occurrences() if each[0] < MONDAY + timedelta(days=8)]
    world.clock.advance(timedelta(days=45))
    world.cancel("series")
    world.cancel("single0")
    await world.clean_sync()
    assert before == [each for each in await world.occurrences() if each[0] < MONDAY + timedelta(days=8)]


# The span rolls


async def test_a_window_that_moves_on_counts_nothing(world: OutlookWorld) -> None:
    world.put("late", "Every month", repeating("absoluteMonthly", dayOfMonth=9))
    await world.sync()
    rounds = []
    for _ in range(8):
        world.clock.advance(timedelta(days=15))
        world.remote.simulator.log.clear()
        run = await world.clean_sync()
        assert run.tally == Tally()
        rounds.append(world.remote.simulator.count(path="/delta", query="startDateTime"))
    assert sum(rounds) == 2


async def test_an_event_that_comes_into_the_span_is_new(world: OutlookWorld) -> None:
    world.put("later", "Later", start=MONDAY + timedelta(days=110))
    world.put("series later", "Later", weekly(), MONDAY + timedelta(days=112))
    await world.sync()
    world.clock.advance(timedelta(days=60))
    assert (await world.clean_sync()).tally == Tally(new=2)


async def test_an_exception_that_comes_into_the_span_was_there_before(world: OutlookWorld) -> None:
    world.move(instance("series", 1), MONDAY + timedelta(days=100))
    await world.sync()
    for _ in range(2):
        world.clock.advance(timedelta(days=35))
        assert (await world.clean_sync()).tally == Tally()


async def test_changes_since_the_last_increment_are_found_by_the_new_round(world: OutlookWorld) -> None:
    await world.sync()
    world.clock.advance(timedelta(days=40))
    world.cancel(instance("endless", 8))
    world.put("new", "New", start=MONDAY + timedelta(days=50))
    assert (await world.clean_sync()).tally == Tally(new=1, updated=1)


# Clocks


@pytest.mark.parametrize(
    ("start", "lasting"),
    [
        (datetime(2026, 3, 23, 1, 30, tzinfo=ZURICH), timedelta(hours=2)),
        (datetime(2026, 3, 23, 2, 30, tzinfo=ZURICH), timedelta(hours=1)),
        (datetime(2026, 3, 23, 22, tzinfo=ZURICH), timedelta(hours=8)),
        (date(2026, 3, 23), timedelta(days=2)),
    ],
    ids=["across the skipped hour", "in the skipped hour", "at night", "all day"],
)
async def test_instances_are_when_outlook_says_in_the_week_clocks_are_put_forward(
    world: OutlookWorld, start: datetime | date, lasting: timedelta
) -> None:
    week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    world.put("daily", "Every day", repeating("weekly", daysOfWeek=week, times=12), start, lasting)
    await world.clean_sync()
    world.change("daily", subject="Every single day")
    assert (await world.clean_sync()).tally == Tally(updated=1)


async def test_instances_are_when_outlook_says_in_the_week_clocks_are_put_back(world: OutlookWorld) -> None:
    world.clock.advance(timedelta(days=210))
    for hour in (1, 2, 3):
        start = datetime(2026, 10, 20, hour, 30, tzinfo=ZURICH)
        world.put(f"daily{hour}", "Every day", repeating("daily", times=9), start)
        world.put(f"single{hour}", "Once", start=datetime(2026, 10, 25, hour, 30, tzinfo=ZURICH, fold=1))
    await world.clean_sync()


# Faults


class TestOutlook(CursorContract):
    FILLED = 5
    MOST_REQUESTS = 120
    PASSING = {
        "cut in the middle": Fault(path=CALENDAR, cut_after=40),
        "dropped": Fault(path=CALENDAR, drop=True),
        "a short 503": Fault(status=503),
        "a 429 that names a short wait": Fault(reason="ApplicationThrottled", retry_after="1"),
        "a 429 that names no wait": Fault(reason="ApplicationThrottled"),
        "a limit with nonsense for a wait": Fault(reason="ApplicationThrottled", retry_after="soon", times=2),
        "a 504": Fault(reason="UnknownError"),
        "a 504 that only smaller pages help": Fault(path=CALENDAR, reason="UnknownError", times=3),
        "an expired token": Fault(reason="InvalidAuthenticationToken"),
        "dripping": Fault(path=CALENDAR, drip=0.001),
        "slow": Fault(delay=0.05),
    }
    FAILING = {
        "half a body": Fault(path=CALENDAR, half=True),
        "an internal error": Fault(reason="ErrorInternalServerError"),
        "an endless 503": Fault(reason="serviceNotAvailable", times=3),
        "an endless 504": Fault(path=CALENDAR, reason="UnknownError", times=6),
        "a bandwidth limit": Fault(reason="bandwidthLimitExceeded"),
        "connections that break each time": Fault(path=CALENDAR, drop=True, times=3),
        "an endless 429": Fault(reason="ApplicationThrottled", times=3),
        "a 429 that names a long wait": Fault(reason="TooManyRequests", retry_after="3600"),
        "a limit until a date": Fault(reason="activityLimitReached", retry_after="Sun, 22 Nov 2026 13:00:00 GMT"),
        "a limit with endless nonsense for a wait": Fault(reason="ApplicationThrottled", retry_after="soon", times=3),
        "an account without a mailbox": Fault(reason="MailboxNotEnabledForRESTAPI"),
        "lost access": Fault(path=CALENDAR, reason="ErrorAccessDenied"),
        "a calendar not found": Fault(path=CALENDAR, reason="ErrorItemNotFound"),
        "a bad request": Fault(path=CALENDAR, reason="ErrorInvalidRequest"),
        "an HTML page for an answer": Fault(status=200, body="<html>Sign in</html>"),
        "a 418": Fault(status=418),
    }
    EXPIRED = {
        reason: Fault(query="$deltatoken", reason=reason)
        for reason in ("SyncStateNotFound", "SyncStateInvalid", "resyncRequired", "InvalidDeltaToken")
    } | {"a bare 410": Fault(query="$deltatoken", status=410)}
    MANNERS = {
        "pages of one": {"short_pages": 1},
        "series cut by pages": {"short_pages": 2, "splits_series": True},
        "empty pages": {"empty_pages": 3, "short_pages": 2},
        "everything in reverse": {"reverses_items": True, "short_pages": 2, "splits_series": True},
        "everything twice": {"repeats_items": True, "short_pages": 2},
        "rounds told once more": {"replays": True},
        "delta links that serve once": {"serves_links_once": True},
        "occurrences with all values": {"full_occurrences": True},
        "exceptions with what differs": {"thin_exceptions": True},
        "series without masters": {"omits_masters": True},
        "removed occurrences told": {"removes_occurrences": True},
        "ids that are places": {"ignores_id_type": True},
        "no preferences applied": {"omits_applied_preferences": True},
        "windows refused with tokens": {"refuses_window_with_token": True},
        "tokens that end soon": {"access_token_seconds": 60},
    }
    UNENDING = {
        "endless pages": {"endless_pages": "new tokens"},
        "pages in a circle": {"endless_pages": "same token"},
        "no delta link": {"omits_delta_link": True},
    }
    DEADLY = {
        "revoked": None,
        "refused again and again": Fault(reason="InvalidAuthenticationToken", times=2),
        "lacks the scope": Fault(reason="ErrorAccessDenied"),
        "claims challenge": Fault(path=CALENDAR, reason="insufficient_claims"),
    }


async def test_a_full_round_drops_what_outlook_no_longer_remembers(world: OutlookWorld) -> None:
    await world.sync()
    world.what_changes()
    world.change("series", recurrence=weekly(3))  # takes an exception along
    world.expire(forgets=True)
    assert (await world.clean_sync()).tally == CHANGED


@pytest.mark.parametrize(
    "fault",
    [Fault(reason="serviceNotAvailable", times=3), Fault(drop=True, times=3), Fault(reason="ErrorAccessDenied")],
    ids=["it breaks down", "connections break", "it is refused"],
)
async def test_a_series_that_cannot_be_completed_is_kept_as_it_is(world: OutlookWorld, fault: Fault) -> None:
    await world.sync()
    stored = await world.stored()
    world.remote.simulator.quirks.change(omits_masters=True)
    world.change(instance("series", 0), subject="Kick-off")
    world.remote.simulator.faults.plan(Fault(path="/v1.0/me/events/", **_as_planned(fault)))

    assert (await world.sync()).status is not RunStatus.SUCCEEDED
    assert await world.stored() == stored
    world.remote.simulator.faults.clear()
    assert (await world.clean_sync()).tally == Tally(updated=1)


def _as_planned(fault: Fault) -> Json:
    return {"reason": fault.reason, "drop": fault.drop, "times": fault.times}


async def test_a_change_that_is_told_late_is_found_when_it_is_told(world: OutlookWorld) -> None:
    await world.sync()
    world.remote.simulator.quirks.change(list_lag_seconds=60)
    world.what_changes()
    assert (await world.sync()).tally == Tally()
    world.remote.simulator.advance(seconds=61)
    assert (await world.clean_sync()).tally == CHANGED


# Grants and calendars


@pytest.mark.parametrize("name", ["single0", "series"])
async def test_what_cannot_be_read_keeps_what_is_stored_of_it(world: OutlookWorld, name: str) -> None:
    await world.sync()
    good = dict(world.calendar.events[name].resource)
    shown = await world.occurrences()
    world.calendar.put({**good, "subject": 7})

    assert (await world.sync()).tally == Tally()
    assert await world.occurrences() == shown
    world.calendar.expire_delta_links()
    assert (await world.sync()).tally == Tally()
    world.calendar.put(good)
    assert (await world.clean_sync()).tally == Tally()


async def test_a_calendar_that_leaves_the_list_goes_with_its_events(world: OutlookWorld) -> None:
    team = world.remote.account.add_calendar("Team")
    team.add("Planning", MONDAY)
    assert (await world.sync()).tally == Tally(new=6)
    world.remote.account.remove_calendar(team)
    assert (await world.clean_sync()).tally == Tally(removed=1)


# Whatever happens, in whatever order

ids = st.sampled_from(["series", "other", "third"])
weeks = st.integers(0, 12)
titles = st.sampled_from(["Red", "Blue"])
rules = st.sampled_from([None, weekly(), weekly(3), weekly(None), repeating("daily", times=9)])
manners = st.sampled_from([{}, *TestOutlook.MANNERS.values()])
anything = TestOutlook.PASSING | TestOutlook.FAILING | TestOutlook.EXPIRED
faults = st.sampled_from([anything[name] for name in anything if name != "an expired token"])
"""Two of those in a row would end the grant."""
steps = st.one_of(
    st.tuples(st.just("put"), ids, titles, rules),
    st.tuples(st.just("change"), ids, weeks, titles),
    st.tuples(st.just("move"), ids, weeks, st.sampled_from([2, 50, 24 * 100, 24 * 400])),
    st.tuples(st.just("cancel"), ids, weeks),
    st.tuples(st.just("remove"), ids),
    st.tuples(st.just("expire"), st.booleans()),
    st.tuples(st.just("roll"), st.integers(1, 33)),
    st.tuples(st.just("behave"), manners),
    st.tuples(st.just("fail"), faults, st.integers(0, 2)),
    st.tuples(st.just("sync")),
    st.tuples(st.just("sync")),
)


@given(st.lists(steps, min_size=4, max_size=20))
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
async def test_any_history_ends_in_a_store_equal_to_outlook_and_in_exact_counts(
    store: Database, history: list[Step]
) -> None:
    async with an_outlook_world(store) as world:
        await world.live_through(history, HAPPENINGS)


def _put(world: OutlookWorld, name: str, title: str, rule: Json | None) -> None:
    world.put(name, title, rule)


def _change(world: OutlookWorld, name: str, week: int, title: str) -> None:
    world.change(instance(name, week), subject=title)


def _move(world: OutlookWorld, name: str, week: int, hours: int) -> None:
    world.move(instance(name, week), MONDAY + timedelta(weeks=week, hours=hours))


def _cancel(world: OutlookWorld, name: str, week: int) -> None:
    world.cancel(instance(name, week))


def _remove(world: OutlookWorld, name: str) -> None:
    world.cancel(name)


def _roll(world: OutlookWorld, days: int) -> None:
    world.clock.advance(timedelta(days=days))


HAPPENINGS: Mapping[str, Callable[..., object]] = {
    "put": _put,
    "change": _change,
    "move": _move,
    "cancel": _cancel,
    "remove": _remove,
    "expire": OutlookWorld.expire,
    "roll": _roll,
    "behave": OutlookWorld.behave,
    "fail": OutlookWorld.fail,
}
