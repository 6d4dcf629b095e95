"""The guide to lists of events: what it shows is answered, and what it names is there."""

import re
from pathlib import Path

import pytest

from schema.types.event_list import EventFilter
from tests.schema.asking import Asking

GUIDE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()


@pytest.mark.parametrize("example", re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL))
async def test_every_example_is_answered(ada: Asking, example: str) -> None:
    data = await ada.data(example)

    assert all(found["nodes"] == [] for found in data.values())


def test_every_filter_is_explained() -> None:
    table = GUIDE.partition("## What a list is narrowed by")[2].partition("## ")[0]
    fields = [field.python_name for field in EventFilter.__strawberry_definition__.fields]  # type: ignore[attr-defined] # of strawberry
    explained = {
        re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name) for name in re.findall(r"`(\w+)", table)
    }

    assert set(fields) <= explained
