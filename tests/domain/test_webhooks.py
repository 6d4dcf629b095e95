"""Which types an endpoint is told of, and when a delivery is tried again."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.webhooks import (
    DELAYS,
    JITTER,
    MOST_ATTEMPTS,
    WebhookEventType,
    is_pattern,
    wait,
    wants,
)

chances = st.floats(0, 1, exclude_max=True)


@given(st.lists(chances, min_size=MOST_ATTEMPTS, max_size=MOST_ATTEMPTS))
def test_there_are_ten_attempts_over_more_than_a_day_whatever_the_chance(chances: list[float]) -> None:
    waits = [wait(failed, chance) for failed, chance in enumerate(chances, start=1)]

    made = [each for each in waits if each is not None]
    assert waits[-1] is None
    assert len(made) + 1 == MOST_ATTEMPTS >= 10
    assert sum(made, timedelta()) >= timedelta(hours=24)
    assert all(usual <= each <= usual * (1 + JITTER) for usual, each in zip(DELAYS, made, strict=True))


def test_the_waits_grow() -> None:
    assert all(earlier < later for earlier, later in pairwise(DELAYS))


@given(st.integers(1, MOST_ATTEMPTS - 1), chances, st.timedeltas(timedelta(), timedelta(days=1)))
def test_an_endpoint_that_names_a_wait_is_not_tried_before(failed: int, chance: float, named: timedelta) -> None:
    told, usual = wait(failed, chance, named), wait(failed, chance)

    assert usual is not None
    assert told == max(usual, named)


@given(st.sampled_from(WebhookEventType))
def test_a_type_is_told_to_who_asks_for_it_its_kind_or_all(type: WebhookEventType) -> None:
    kind = type.partition(".")[0]
    others = [each for each in WebhookEventType if each is not type]

    assert all(wants([pattern], type) for pattern in (type, f"{kind}.*", "*"))
    assert not wants([*others, *{f"{each.partition('.')[0]}.*" for each in others} - {f"{kind}.*"}], type)
    assert not wants([], type)


@pytest.mark.parametrize("text", ["", "event", "event.", ".*", "*.created", "even*", "event.moved", "EVENT.*", "* "])
def test_what_nothing_is_told_of_is_no_pattern(text: str) -> None:
    assert not is_pattern(text)
