import re

from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.access.keys import PlainKey, is_meant_as_key

quickly = settings(max_examples=50, deadline=None)


def test_a_new_key_has_the_documented_shape_and_is_no_other() -> None:
    first, second = PlainKey.new(), PlainKey.new()

    assert re.fullmatch(r"cs_[a-z2-7]{12}_[A-Za-z0-9_-]{43}", first.text)
    assert first.text != second.text
    assert first.prefix != second.prefix


def test_a_key_reads_back_as_itself() -> None:
    key = PlainKey.new()

    assert PlainKey.read(key.text) == key


def test_the_secret_does_not_show_itself() -> None:
    key = PlainKey.new()

    assert key.secret not in repr(key)
    assert key.secret not in key.secret_hash


def test_only_its_own_hash_proves_a_key() -> None:
    key, other = PlainKey.new(), PlainKey.new()

    assert key.proves(key.secret_hash)
    assert not key.proves(other.secret_hash)
    assert not key.proves(None)


@quickly
@given(st.text() | st.from_regex(r"cs_[a-z2-7]{12}_[A-Za-z0-9_-]{40,46}\s?"))
def test_no_text_is_a_key_unless_it_spells_one_exactly(text: str) -> None:
    key = PlainKey.read(text)

    assert key is None or key.text == text


def test_a_mistyped_key_is_still_meant_as_one() -> None:
    assert is_meant_as_key(PlainKey.new().text[:-1])
    assert not is_meant_as_key("eyJhbGciOiJub25lIn0.e30.")
