from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.web.rate_limits import TokenBuckets

quickly = settings(max_examples=50, deadline=None)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_what_it_holds_and_then_says_when_to_come_back() -> None:
    clock = Clock()
    buckets = TokenBuckets(60, clock=clock)

    granted = [buckets.take("ada").is_granted for _ in range(61)]

    assert granted == [True] * 60 + [False]
    assert buckets.take("ada").retry_after.total_seconds() == 1


def test_coming_back_when_told_is_coming_back_in_time() -> None:
    clock = Clock()
    buckets = TokenBuckets(60, clock=clock)
    while (allowance := buckets.take("ada")).is_granted:
        pass

    clock.now += allowance.retry_after.total_seconds()

    assert buckets.take("ada").is_granted


def test_one_key_does_not_spend_what_is_anothers() -> None:
    buckets = TokenBuckets(1, clock=Clock())
    buckets.take("ada")

    assert not buckets.take("ada").is_granted
    assert buckets.take("bob").is_granted


def test_the_one_unused_for_longest_is_forgotten_first() -> None:
    buckets = TokenBuckets(1, most_keys=2, clock=Clock())
    for key in ("ada", "bob", "ada", "eve"):
        buckets.take(key)

    assert not buckets.take("ada").is_granted
    assert buckets.take("bob").is_granted


@quickly
@given(st.integers(1, 600), st.lists(st.floats(0, 30), max_size=200))
def test_never_more_than_the_burst_and_the_rate_allow(per_minute: int, pauses: list[float]) -> None:
    clock = Clock()
    buckets = TokenBuckets(per_minute, clock=clock)
    granted = 0
    for pause in pauses:
        clock.now += pause
        granted += buckets.take("ada").is_granted

    assert granted <= per_minute + clock.now * per_minute / 60 + 1e-6
