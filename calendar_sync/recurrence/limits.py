"""How much work and how many instances one expansion may cost, whatever a calendar says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

FIRST_WALL: Final = datetime.min  # noqa: DTZ901 - a wall clock
LAST_WALL: Final = datetime.max  # noqa: DTZ901 - a wall clock
LAST_START: Final = datetime(9998, 12, 31, 23, 59, 59)  # noqa: DTZ001 - a wall clock
"""No rule starts anything later, so that every start can still be carried to UTC and be given an end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one call of `expand`.

    `max_steps` counts every year, month, week, day, hour, minute or second of a rule that is looked at, and every
    day and start that it makes; so no rule can run longer than another by more than a constant.
    """

    max_instances: int = 3_000
    max_steps: int = 250_000


class StepsExhausted(Exception):
    """The budget of an expansion is spent. Raised and caught inside this package only."""


class Budget:
    """The steps an expansion has left, shared by all of its rules."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Raises `StepsExhausted` when less than `steps` are left."""
        self.left -= steps
        if self.left < 0:
            raise StepsExhausted
