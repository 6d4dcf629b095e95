from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.errors import Invalid
from calendar_sync.web.errors import Unreadable
from calendar_sync.web.json_body import json_object, read_values, require_json
from calendar_sync.web.shapes import ConnectionRequest, EventUpdate

quickly = settings(max_examples=50, deadline=None)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@pytest.mark.parametrize(
    "raw",
    [
        b"1",
        b"null",
        b'"x"',
        b"[1]",
        b"",
        b"{",
        b'{"a": 1,}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\\ud800"}',
        pytest.param(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="100,000 arrays"),
        pytest.param(b'{"a": ' + b"[" * 65 + b"]" * 65 + b"}", id="65 arrays"),
        pytest.param(b'{"a": ' + b"9" * 5_000 + b"}", id="5,000 digits"),
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
    ],
)
def test_what_is_no_modest_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        json_object(raw)

    assert (refused.value.fault.status, refused.value.fault.code) == (400, "BAD_JSON")


def test_of_a_key_given_twice_the_last_one_counts() -> None:
    assert json_object(b'{"a": 1, "a": 2}') == {"a": 2}


def test_a_nul_is_refused_naming_where_it_stands() -> None:
    with pytest.raises(Invalid) as refused:
        json_object(b'{"a": {"b": ["x\\u0000"]}}')

    assert refused.value.field == "a.b"


@quickly
@given(st.binary())
def test_bytes_are_an_object_or_refused_and_nothing_else(raw: bytes) -> None:
    with suppress(Unreadable, Invalid):
        assert isinstance(json_object(raw), dict)


@quickly
@given(JSON_VALUES)
def test_any_other_value_is_refused_naming_the_field(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        read_values({"provider": value, "credentials": value}, ConnectionRequest)

    assert refused.value.field == "provider"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "auto_join_status: field required."),
        ({"auto_join_status": "joined"}, "auto_join_status: input should be 'disabled' or 'pending'."),
        ({"auto_join_status": None}, "auto_join_status: input should be 'disabled' or 'pending'."),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(values: dict[str, object], message: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_values(values, EventUpdate)

    assert refused.value.field == "auto_join_status"
    assert refused.value.message == message


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_is_taken_with_and_without_a_charset(content_type: str) -> None:
    require_json(content_type)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "text/plain;application/json", "application/jsonx", "multipart/form-data"]
)
def test_anything_else_is_an_unsupported_media_type(content_type: str) -> None:
    with pytest.raises(Unreadable) as refused:
        require_json(content_type)

    assert refused.value.fault.status == 415
