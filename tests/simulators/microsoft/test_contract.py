"""What the contract catches, and that the simulator's messages keep to it, too."""

from typing import Any

import pytest
from msgraph.generated.models.event import Event

from tests.simulators.microsoft import contract


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"summary": "Graph says subject"}, "$.summary: unknown"),
        ({"start": {"date": "2026-01-05"}}, "$.start.date: unknown"),
        ({"showAs": "buzy"}, "$.showAs: 'buzy' is not understood"),
        (
            {"recurrence": {"pattern": {"type": "fortnightly"}}},
            "$.recurrence.pattern.type: 'fortnightly' is not understood",
        ),
        ({"attendees": [{"type": "vip"}]}, "$.attendees[0].type: 'vip' is not understood"),
    ],
)
def test_the_contract_knows_what_is_not_graphs(event: dict[str, Any], problem: str) -> None:
    assert contract.problems_of(event, Event) == [problem]


def test_annotations_are_no_problem() -> None:
    assert contract.problems_of({"@odata.etag": "x", "@removed": {"reason": "deleted"}, "subject": None}, Event) == []
