"""The simulator says of Google what Google says of itself."""

from typing import Any

import pytest

from simulators.google import shapes
from simulators.google.fields import Selection
from simulators.google.scopes import METHODS
from tests.simulators.google import discovery


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_method_takes_the_scopes_that_google_documents(method: str) -> None:
    assert sorted(METHODS[method]) == sorted(discovery.methods()[method]["scopes"])


@pytest.mark.parametrize(
    ("known", "schema"),
    [
        (shapes.EVENT, "Event"),
        (shapes.EVENTS, "Events"),
        (shapes.CALENDAR, "Calendar"),
        (shapes.CALENDAR_LIST, "CalendarList"),
        (shapes.CALENDAR_LIST_ENTRY, "CalendarListEntry"),
        (shapes.CHANNEL, "Channel"),
    ],
)
def test_resources_have_the_fields_that_google_documents(known: Selection, schema: str) -> None:
    assert known == names({"$ref": schema})


def names(schema: dict[str, Any]) -> Selection:
    schema = discovery.document()["schemas"][schema["$ref"]] if "$ref" in schema else schema
    if schema.get("type") == "array":
        return names(schema["items"])
    if schema.get("type") != "object":
        return {}
    properties = schema.get("properties")
    return {"*": {}} if properties is None else {name: names(part) for name, part in properties.items()}
