"""When attempts are made, of any endpoint, against a plain reckoning of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.webhooks import DELAYS, JITTER, Answer, DeliveryState
from calendar_sync.store.database import Database
from calendar_sync.webhooks.service import EndpointDraft
from tests.sync.conftest import store
from tests.sync.world import NOW
from tests.webhooks.world import BUSY, OK, Post, an_office, numbered

__all__ = ["store"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

failures = st.one_of(
    st.sampled_from([Answer(None, error="timeout"), Answer(404), Answer(301), BUSY]),
    st.timedeltas(timedelta(), timedelta(days=1)).map(lambda named: Answer(429, retry_after=named)),
)
courses = st.tuples(st.lists(failures, max_size=10), st.floats(0, 1, exclude_max=True))


def reckoned(course: Sequence[Answer], chance: float) -> Sequence[datetime]:
    """The times of all attempts, where those fail that are in `course`, and no others."""
    times = [NOW]
    for delay, answer in zip(DELAYS, course, strict=False):
        times.append(times[-1] + max(delay * (1 + JITTER * chance), answer.retry_after or timedelta()))
    return times


@given(courses)
@example(([BUSY] * 10, 0.5))
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
async def test_attempts_are_made_when_they_are_due_until_one_is_taken(
    store: Database, course: tuple[list[Answer], float]
) -> None:
    answers, chance = course
    office = await an_office(store)
    office.deliverer.chance = lambda: chance
    endpoint = await office.endpoint()
    waiting = iter(answers)
    office.sender.answer = lambda _: next(waiting, OK)

    await office.emit(numbered(1))
    await office.run_until_quiet()

    (delivery,) = await office.log(endpoint)
    attempts = (await office.service.attempts(office.actor, [delivery.id]))[delivery.id]
    is_given_up = len(answers) == 10
    assert [post.at for post in office.sender.posts] == reckoned(answers, chance)
    assert delivery.state is (DeliveryState.FAILED if is_given_up else DeliveryState.DELIVERED)
    assert [(each.status, each.error) for each in attempts] == [
        (each.status, each.error) for each in (answers if is_given_up else [*answers, OK])
    ]


async def test_what_failed_is_kept_and_sent_again_with_all_attempts(store: Database) -> None:
    office = await an_office(store, answer=BUSY)
    endpoint = await office.endpoint()
    await office.emit(numbered(1))
    await office.run_until_quiet()
    (delivery,) = await office.log(endpoint, DeliveryState.FAILED)

    await office.service.redeliver(office.actor, delivery.id)
    await office.step()
    office.sender.answer = OK
    await office.run_until_quiet()

    assert await office.states(endpoint) == [DeliveryState.DELIVERED]
    assert len(office.sender.posts) == 12
    assert {post.message for post in office.sender.posts} == {delivery.message.id}


async def test_an_endpoint_that_took_nothing_for_two_weeks_is_switched_off_and_what_waits_is_kept(
    store: Database,
) -> None:
    office = await an_office(store, answer=BUSY)
    endpoint = await office.endpoint()

    await office.emit(*(numbered(number, "k") for number in range(6)))
    await office.run_until_quiet()
    off = await office.service.get(office.actor, endpoint)
    waiting = await office.log(endpoint, DeliveryState.PENDING)
    await office.emit(numbered(99))
    office.sender.answer = OK
    office.sender.posts.clear()
    await office.service.redeliver_all(office.actor, endpoint, NOW)
    await office.run_until_quiet()
    assert office.sender.posts == []

    await office.service.update(office.actor, endpoint, EndpointDraft(is_enabled=True))
    await office.run_until_quiet()

    assert (off.is_enabled, off.disabled_reason) == (False, "Nothing could be delivered for 14 days.")
    assert len(waiting) in range(1, 6)
    assert sorted(office.sender.numbers) == list(range(6))
    assert set(await office.states(endpoint)) == {DeliveryState.DELIVERED}


async def test_one_that_took_anything_meanwhile_is_not(store: Database) -> None:
    office = await an_office(store)
    office.sender.answer = lambda post: BUSY if is_bad(post) else OK
    endpoint = await office.endpoint()

    for day in range(15):
        await office.emit(numbered(day * 2), numbered(day * 2 + 1))
        await office.step()
        office.clock.advance(timedelta(days=1))
    await office.run_until_quiet(300)

    assert (await office.service.get(office.actor, endpoint)).is_enabled
    assert len(await office.log(endpoint, DeliveryState.FAILED)) == 15


def is_bad(post: Post) -> bool:
    return post.number % 2 == 1
