"""Google synced for real: every fault of the simulator ends in a store equal to Google and in exact counts."""

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import timedelta

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.sync import Tally
from calendar_sync.store.database import Database
from simulators.google.faults import Fault
from tests.sync.google_world import MONDAY, GoogleWorld, a_google_world, instance
from tests.sync.vendor_contract import CHANGED, CursorContract
from tests.sync.vendor_world import Step

pytestmark = pytest.mark.asyncio(loop_scope="module")
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=5"


@pytest_asyncio.fixture(loop_scope="module")
async def world(store: Database) -> AsyncGenerator[GoogleWorld]:
    """With a series that has a moved, a renamed and a cancelled instance, an orphan and three single events."""
    async with a_google_world(store) as world:
        world.put("series", "Stand-up", WEEKLY)
        world.move(instance("series", 1), MONDAY + timedelta(weeks=1, hours=3))
        world.change(instance("series", 3), summary="Retrospective")
        world.cancel(instance("series", 2))
        world.invite_to_one("elsewhere", 1, "As a guest")
        for number in range(3):
            world.put(f"single{number}", f"Single {number}", start=MONDAY + timedelta(days=number))
        yield world


async def test_an_unchanged_connection_costs_one_request_per_calendar_and_one_for_the_list(world: GoogleWorld) -> None:
    world.remote.account.add_calendar("Team", id="en.usa#holiday@group.v.calendar.google.com")
    await world.sync()
    world.remote.simulator.log.clear()

    run = await world.sync()

    asked = [request.path for request in world.remote.simulator.log]
    assert run.requests == len(asked) == 3
    assert sum("calendarList" in path for path in asked) == 1
    assert sum("#holiday" in path for path in asked) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.change(instance("series", 4), summary="Added"),
        lambda world: world.move(instance("series", 1), MONDAY + timedelta(weeks=1, hours=5)),
        lambda world: world.cancel(instance("series", 0)),
        lambda world: world.change("series", recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"]),
        lambda world: world.change("series", recurrence=None),
    ],
    ids=["an instance is changed", "an exception is moved", "one is cancelled", "it is cut short", "it recurs no more"],
)
async def test_a_change_in_a_series_is_one_updated_event(
    world: GoogleWorld, change: Callable[[GoogleWorld], object]
) -> None:
    await world.sync()
    change(world)
    assert (await world.clean_sync()).tally.updated == 1


async def test_this_and_following_ends_one_series_and_begins_another(world: GoogleWorld) -> None:
    await world.sync()
    third = (MONDAY + timedelta(weeks=2)).isoformat()
    world.calendar.split("series", {"dateTime": third, "timeZone": "Europe/Zurich"}, summary="From now on")
    assert (await world.clean_sync()).tally == Tally(new=1, updated=1)


async def test_an_orphan_becomes_part_of_its_series_and_counts_as_updated(world: GoogleWorld) -> None:
    await world.sync()
    world.put("elsewhere", "The whole series", WEEKLY)
    assert (await world.clean_sync()).tally == Tally(updated=1)


class TestGoogle(CursorContract):
    FILLED = 5
    MOST_REQUESTS = 120
    PASSING = {
        "cut in the middle": Fault(path="/calendar/v3/calendars", cut_after=40),
        "dropped": Fault(path="/calendar/v3/calendars", drop=True),
        "a short 503": Fault(status=503),
        "a 429 that names a short wait": Fault(reason="rateLimitExceeded", status=429, retry_after="1"),
        "a limit with nonsense for a wait": Fault(reason="rateLimitExceeded", status=429, retry_after="soon"),
        "a 403 rate limit": Fault(reason="userRateLimitExceeded"),
        "a 403 project limit": Fault(reason="rateLimitExceeded", times=2),
        "an expired token": Fault(reason="authError"),
        "dripping": Fault(path="/calendar/v3/calendars", drip=0.001),
        "slow": Fault(delay=0.05),
    }
    FAILING = {
        "half a body": Fault(path="/calendar/v3/calendars", half=True),
        "a backend error": Fault(reason="backendError"),
        "an endless 503": Fault(status=503, times=3),
        "connections that break each time": Fault(path="/calendar/v3/calendars", drop=True, times=3),
        "an endless 403 rate limit": Fault(reason="userRateLimitExceeded", times=3),
        "an endless 429": Fault(reason="rateLimitExceeded", status=429, times=3),
        "a long quota": Fault(reason="quotaExceeded", retry_after="Sun, 22 Nov 2026 13:00:00 GMT"),
        "a 429 that names a long wait": Fault(reason="rateLimitExceeded", status=429, retry_after="3600"),
        "an API that is not enabled": Fault(reason="accessNotConfigured"),
        "an account without a calendar": Fault(reason="notACalendarUser"),
        "lost access": Fault(path="/calendar/v3/calendars", reason="forbidden"),
        "a calendar not found": Fault(path="/calendar/v3/calendars", reason="notFound"),
        "an HTML page for an answer": Fault(status=200, body="<html>Sign in</html>"),
        "a 418": Fault(status=418),
    }
    EXPIRED = {
        "a full sync required": Fault(query="syncToken", reason="fullSyncRequired"),
        "a minimum too long ago": Fault(query="syncToken", reason="updatedMinTooLongAgo"),
        "a bare 410": Fault(query="syncToken", status=410),
    }
    MANNERS = {
        "pages of one": {"short_pages": 1},
        "empty pages": {"empty_pages": 3, "short_pages": 2},
        "repeated pages": {"repeats_pages": True, "short_pages": 2},
        "exceptions before their series": {"exceptions_first": True, "short_pages": 1},
        "tombstones with all they had": {"bare_tombstones": False},
        "cascades told": {"lists_cascades": True},
        "tokens that end soon": {"access_token_seconds": 60},
        "compression on request": {"gzip_needs_user_agent": True},
    }
    UNENDING = {
        "endless pages": {"endless_pages": "new tokens"},
        "pages in a circle": {"endless_pages": "same token"},
        "no sync token": {"omits_sync_token": True},
    }
    DEADLY = {
        "revoked": None,
        "refused again and again": Fault(reason="authError", times=2),
        "lacks the scope": Fault(reason="insufficientPermissions"),
    }


async def test_a_full_reading_drops_what_google_no_longer_remembers(world: GoogleWorld) -> None:
    await world.sync()
    world.what_changes()
    world.change("series", recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])  # takes an exception along
    world.expire(forgets=True)
    assert (await world.clean_sync()).tally == CHANGED


async def test_what_cannot_be_read_keeps_what_is_stored_of_it(world: GoogleWorld) -> None:
    await world.sync()
    good = dict(world.calendar.events["single0"].resource)
    shown = await world.occurrences()
    world.calendar.put({**good, "start": {"dateTime": "soon"}})

    assert (await world.sync()).tally == Tally()
    assert await world.occurrences() == shown
    world.calendar.put(good)
    assert (await world.clean_sync()).tally == Tally()


async def test_a_calendar_that_leaves_the_list_goes_with_its_events(world: GoogleWorld) -> None:
    team = world.remote.account.add_calendar("Team")
    team.put({"id": "planning", "summary": "Planning", **_an_hour()})
    assert (await world.sync()).tally == Tally(new=6)
    world.remote.account.unsubscribe(team)
    assert (await world.clean_sync()).tally == Tally(removed=1)


def _an_hour() -> dict[str, dict[str, str]]:
    return {"start": {"dateTime": "2026-03-09T09:00:00Z"}, "end": {"dateTime": "2026-03-09T10:00:00Z"}}


# Whatever happens, in whatever order

ids = st.sampled_from(["series", "other", "guest"])
weeks = st.integers(0, 4)
titles = st.sampled_from(["Red", "Blue"])
rules = st.sampled_from(["", WEEKLY, "RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=DAILY;COUNT=9"])
manners = st.sampled_from([{}, *TestGoogle.MANNERS.values()])
faults = st.sampled_from([*TestGoogle.PASSING.values(), *TestGoogle.FAILING.values(), *TestGoogle.EXPIRED.values()])
steps = st.one_of(
    st.tuples(st.just("put"), ids, titles, rules),
    st.tuples(st.just("change"), ids, weeks, titles),
    st.tuples(st.just("move"), ids, weeks),
    st.tuples(st.just("cancel"), ids, weeks),
    st.tuples(st.just("invite"), weeks, titles),
    st.tuples(st.just("remove"), ids),
    st.tuples(st.just("expire"), st.booleans()),
    st.tuples(st.just("behave"), manners),
    st.tuples(st.just("fail"), faults, st.integers(0, 2)),
    st.tuples(st.just("sync")),
    st.tuples(st.just("sync")),
)


@given(st.lists(steps, min_size=4, max_size=20))
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
async def test_any_history_ends_in_a_store_equal_to_google_and_in_exact_counts(
    store: Database, history: list[Step]
) -> None:
    async with a_google_world(store) as world:
        await world.live_through(history, HAPPENINGS)


def _put(world: GoogleWorld, name: str, title: str, rule: str) -> None:
    world.put(name, title, *([rule] if rule else []))


def _change(world: GoogleWorld, name: str, week: int, title: str) -> None:
    world.change(instance(name, week), summary=title)


def _move(world: GoogleWorld, name: str, week: int) -> None:
    world.move(instance(name, week), MONDAY + timedelta(weeks=week, hours=2))


def _cancel(world: GoogleWorld, name: str, week: int) -> None:
    world.cancel(instance(name, week))


def _invite(world: GoogleWorld, week: int, title: str) -> None:
    if "guest" not in world.calendar.events:
        world.invite_to_one("guest", week, title)


def _remove(world: GoogleWorld, name: str) -> None:
    if name in world.calendar.events:
        world.cancel(name)


HAPPENINGS: Mapping[str, Callable[..., object]] = {
    "put": _put,
    "change": _change,
    "move": _move,
    "cancel": _cancel,
    "invite": _invite,
    "remove": _remove,
    "expire": GoogleWorld.expire,
    "behave": GoogleWorld.behave,
    "fail": GoogleWorld.fail,
}
