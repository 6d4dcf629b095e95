"""What is asked of Zoom, and how: the request log of the simulator."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qs

import pytest

from calendar_sync.domain.errors import BadResponse, Disconnected, RateLimited, Unavailable
from calendar_sync.domain.providers import Account, Cursor, Removal, Snapshot
from providers.zoom.client import MEETINGS, ZoomClient
from providers.zoom.provider import ZoomProvider
from simulators.faults import Fault
from simulators.zoom.recurrence import WEEKLY, Recurrence
from tests.providers.contract import WINDOW
from tests.providers.zoom.remote import CREDENTIALS, Grant, ZoomRemote, a_remote

NOON = WINDOW.start + timedelta(hours=12)
FIVE_WEEKS = Recurrence(WEEKLY, weekly_days="2", end_times=5)
LIST = "/v2/users/me/meetings"


@pytest.fixture
async def remote() -> AsyncIterator[ZoomRemote]:
    async with a_remote(NOON) as remote:
        yield remote


def schedule(remote: ZoomRemote, count: int) -> None:
    for number in range(count):
        remote.simulator.world.schedule(remote.user, f"No. {number}", NOON + timedelta(days=number + 1))


def asked(remote: ZoomRemote) -> list[str]:
    return [each.path.removeprefix("/v2/") for each in remote.simulator.log]


async def first(remote: ZoomRemote) -> Cursor:
    """Read all there is, and forget that it was asked for."""
    cursor = (await remote.read())[-1].cursor
    assert cursor is not None
    remote.simulator.log.clear()
    return cursor


async def test_the_calendars_of_an_account_are_one_and_cost_nothing(remote: ZoomRemote) -> None:
    async with remote.provider.open(await remote.provider.connect(CREDENTIALS)) as client:
        assert [each async for each in client.calendars()] == [MEETINGS]
        assert client.requests == 0


async def test_a_first_reading_asks_for_both_lists_and_the_occurrences_of_each_series(remote: ZoomRemote) -> None:
    series = remote.simulator.world.schedule(remote.user, "Series", NOON, FIVE_WEEKS)
    schedule(remote, 2)

    pages = await remote.read()

    assert asked(remote) == ["users/me/meetings", "users/me/upcoming_meetings", f"meetings/{series.id}"]
    whole, _, detail = (parse_qs(each.query) for each in remote.simulator.log)
    assert whole == {"type": ["scheduled"], "page_size": ["300"]}
    assert detail == {"show_previous_occurrences": ["true"]}
    assert pages[-1].snapshot is Snapshot.UPCOMING


async def test_an_unchanged_account_costs_two_requests(remote: ZoomRemote) -> None:
    remote.simulator.world.schedule(remote.user, "Series", NOON, FIVE_WEEKS)
    schedule(remote, 3)
    cursor = await first(remote)

    (page,) = await remote.read(cursor)

    assert asked(remote) == ["users/me/meetings", "users/me/upcoming_meetings"]
    assert (page.changes, page.cursor, page.snapshot) == ([], cursor, Snapshot.NONE)


async def test_only_the_series_whose_row_changed_is_asked_for(remote: ZoomRemote) -> None:
    one = remote.simulator.world.schedule(remote.user, "One", NOON, FIVE_WEEKS)
    remote.simulator.world.schedule(remote.user, "Other", NOON, FIVE_WEEKS)
    cursor = await first(remote)
    one.change(topic="One and only")

    (page,) = await remote.read(cursor)

    assert asked(remote)[2:] == [f"meetings/{one.id}"]
    assert [change.remote_id for change in page.changes] == [str(one.id)]


async def test_a_series_that_is_over_is_asked_for_no_more(remote: ZoomRemote) -> None:
    remote.simulator.world.schedule(remote.user, "Series", NOON, FIVE_WEEKS)
    remote.at(NOON + timedelta(weeks=5))
    cursor = await first(remote)
    remote.at(NOON + timedelta(weeks=6))
    await remote.read(cursor)
    assert remote.simulator.count(path="/v2/meetings/") == 0


async def test_of_many_series_some_are_asked_for_again_each_time_until_all_were(remote: ZoomRemote) -> None:
    for number in range(60):
        remote.simulator.world.schedule(remote.user, f"No. {number}", NOON, FIVE_WEEKS)
    cursor: Cursor | None = await first(remote)
    remote.at(NOON + timedelta(days=1))
    asked_for = []
    for _ in range(3):
        cursor = (await remote.read(cursor))[-1].cursor
        asked_for.append({each for each in asked(remote) if each.startswith("meetings/")})
        remote.simulator.log.clear()
    assert [len(each) for each in asked_for] == [50, 10, 0]
    assert len(set.union(*asked_for)) == 60


async def test_three_hundred_meetings_are_a_page(remote: ZoomRemote) -> None:
    schedule(remote, 301)
    (page,) = await remote.read()
    assert len(page.changes) == 301
    assert asked(remote).count("users/me/meetings") == 2


@dataclass
class Meddling(Grant):
    """Something happens at Zoom between the first question and the second."""

    meddle: Callable[[], object] = lambda: None
    questions: int = 0

    async def token(self) -> str:
        self.questions += 1
        if self.questions == 2:
            self.meddle()
        return await super().token()


async def test_a_list_that_changes_while_it_is_read_is_read_again(remote: ZoomRemote) -> None:
    """The list has moved up: what stood first on the second page stands on the first now."""
    schedule(remote, 5)
    cursor = await first(remote)
    remote.simulator.quirks.change(short_pages=3)
    deleted = next(iter(remote.simulator.world.meetings))
    grant = remote.provider.grant
    delete = partial(remote.simulator.world.delete, deleted)
    remote.provider.grant = Meddling(grant.simulator, grant.app, grant.user, meddle=delete)

    (page,) = await remote.read(cursor)

    assert [change.remote_id for change in page.changes] == [str(deleted)]
    assert asked(remote).count("users/me/meetings") == 4


async def test_what_is_removed_comes_before_what_is_told(remote: ZoomRemote) -> None:
    schedule(remote, 2)
    cursor = await first(remote)
    remote.simulator.world.delete(next(iter(remote.simulator.world.meetings)))
    schedule(remote, 1)

    gone, new = await remote.read(cursor)

    (removal,) = gone.changes
    assert isinstance(removal, Removal)
    assert removal.since is not None
    assert (gone.cursor, len(new.changes)) == (None, 1)


async def test_more_than_half_of_what_is_ahead_is_missed_only_after_a_second_look(remote: ZoomRemote) -> None:
    schedule(remote, 5)
    cursor = await first(remote)
    remote.simulator.quirks.change(empty_listings=1)

    (page,) = await remote.read(cursor)

    assert not page.changes
    assert asked(remote).count("users/me/meetings") == 2


async def test_a_few_may_go_at_once(remote: ZoomRemote) -> None:
    schedule(remote, 3)
    cursor = await first(remote)
    remote.simulator.world.meetings.clear()

    (gone,) = await remote.read(cursor)

    assert len(gone.changes) == 3
    assert asked(remote).count("users/me/meetings") == 1


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("usual", timedelta(hours=12)),
        ("iso", timedelta(hours=12)),
        ("seconds", timedelta(hours=12)),
        ("date", timedelta(hours=12)),
        ("absent", None),
    ],
)
async def test_the_limit_of_a_day_says_until_when_in_every_form(
    remote: ZoomRemote, retry_after: str, wait: timedelta | None
) -> None:
    remote.simulator.quirks.change(per_day=0, retry_after=retry_after)
    with pytest.raises(RateLimited) as limited:
        await remote.read()
    if wait is None:
        assert limited.value.retry_after is None
    else:
        assert limited.value.retry_after is not None
        assert abs(limited.value.retry_after - wait) < timedelta(minutes=1)


async def test_pages_that_expire_again_and_again_are_no_list(remote: ZoomRemote) -> None:
    schedule(remote, 2)
    remote.simulator.quirks.change(short_pages=1, page_token_seconds=0)
    with pytest.raises(Unavailable):
        await remote.read()
    assert len(asked(remote)) == 6


async def test_a_first_page_that_is_refused_is_not_asked_for_again(remote: ZoomRemote) -> None:
    remote.simulator.faults.plan(Fault(reason="badRequest"))
    with pytest.raises(BadResponse):
        await remote.read()
    assert len(asked(remote)) == 1


@pytest.mark.parametrize("body", ["[]", "7", '{"meetings": 7}', '{"meetings": [], "next_page_token": 7}', "<p>"])
async def test_an_answer_that_is_none_is_a_bad_response(remote: ZoomRemote, body: str) -> None:
    remote.simulator.faults.plan(Fault(path=LIST, status=200, body=body, content_type="application/json"))
    with pytest.raises(BadResponse):
        await remote.read()


async def test_an_account_without_tokens_is_disconnected_when_it_is_read(remote: ZoomRemote) -> None:
    async with ZoomProvider.open(remote.provider, Account("someone", None, {})) as client:
        assert isinstance(client, ZoomClient)
        with pytest.raises(Disconnected):
            await anext(client.changes(MEETINGS, None, WINDOW))
        assert client.requests == 0
