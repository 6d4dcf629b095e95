"""What is connected, by the definition: step by step from each, for as long as there is more to reach."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeVar

T = TypeVar("T")


def connected(things: Sequence[T], are_related: Callable[[T, T], bool]) -> set[frozenset[T]]:
    """The things in groups: two are in one if they are related, directly or over others."""
    reached = {one: frozenset([one]) for one in things}
    for _ in things:
        for one, other in combinations(things, 2):
            if are_related(one, other):
                both = reached[one] | reached[other]
                reached |= {each: reached[each] | both for each in both}
    return set(reached.values())
