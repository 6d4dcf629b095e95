"""Secrets at rest open under a configured key, in their own place, unaltered; otherwise not at all."""

import stat
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from calendar_sync.domain.errors import CalendarSyncError, Invalid
from calendar_sync.store.keyring import Keyring, open_keyring

OLD = urlsafe_b64encode(b"o" * 32).decode()
NEW = urlsafe_b64encode(b"n" * 32).decode().rstrip("=")
HERE = "connections|tcred_1|credentials|v1"


@given(st.binary(), st.text())
def test_what_was_encrypted_is_decrypted_in_its_context(plain: bytes, context: str) -> None:
    keyring = Keyring.of(NEW)
    assert keyring.decrypt(keyring.encrypt(plain, context=context), context=context) == plain


def test_a_ciphertext_names_its_version_and_key_and_is_never_the_same_twice() -> None:
    keyring = Keyring.of(NEW)
    one, other = keyring.encrypt(b"secret", context=HERE), keyring.encrypt(b"secret", context=HERE)
    assert one.split(".")[:2] == other.split(".")[:2] == ["v1", keyring.first]
    assert one != other
    assert "secret" not in one


def test_a_secret_of_another_row_does_not_open() -> None:
    keyring = Keyring.of(NEW)
    ciphertext = keyring.encrypt(b"secret", context=HERE)
    with pytest.raises(CalendarSyncError, match="cannot be decrypted"):
        keyring.decrypt(ciphertext, context="connections|tcred_2|credentials|v1")


@given(st.data())
def test_an_altered_ciphertext_does_not_open(data: st.DataObject) -> None:
    keyring = Keyring.of(NEW)
    ciphertext = keyring.encrypt(b"secret", context=HERE)
    place = data.draw(st.integers(0, len(ciphertext) - 1))
    other = data.draw(st.characters().filter(lambda character: character != ciphertext[place]))
    altered = ciphertext[:place] + other + ciphertext[place + 1 :]
    with pytest.raises(CalendarSyncError):
        keyring.decrypt(altered, context=HERE)


def test_not_even_bits_that_mean_nothing_can_be_altered() -> None:
    ciphertext = Keyring.of(NEW).encrypt(b"secret", context=HERE)
    others = {character for character in ascii_letters + digits if character != ciphertext[-1]}
    for other in others:
        with pytest.raises(CalendarSyncError):
            Keyring.of(NEW).decrypt(ciphertext[:-1] + other, context=HERE)


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    before = Keyring.of(OLD).encrypt(b"secret", context=HERE)
    rotated = Keyring.of(f"{NEW}, {OLD}")
    assert rotated.decrypt(before, context=HERE) == b"secret"
    after = rotated.encrypt(b"secret", context=HERE)
    assert Keyring.of(NEW).decrypt(after, context=HERE) == b"secret"
    assert rotated.knows(before)
    assert not Keyring.of(NEW).knows(before)


def test_a_key_that_is_not_configured_is_said_to_be_missing() -> None:
    ciphertext = Keyring.of(OLD).encrypt(b"secret", context=HERE)
    with pytest.raises(CalendarSyncError, match="not configured"):
        Keyring.of(NEW).decrypt(ciphertext, context=HERE)


@pytest.mark.parametrize("keys", ["", " , ", "short", NEW + "AAAA", f"{NEW},short", "!" * 43, "é" * 43, "0" * 32])
def test_a_key_that_is_no_key_is_refused_without_repeating_it(keys: str) -> None:
    with pytest.raises(Invalid) as refused:
        Keyring.of(keys)
    assert refused.value.field == "encryption_keys"
    assert not keys.strip(" ,") or keys not in refused.value.message


def test_a_key_ring_does_not_show_its_keys() -> None:
    assert NEW not in repr(Keyring.of(NEW))


def test_configured_keys_come_before_the_kept_one(tmp_path: Path) -> None:
    assert open_keyring(SecretStr(NEW), tmp_path / "store.db").first == Keyring.of(NEW).first
    assert list(tmp_path.iterdir()) == []


def test_without_keys_one_is_made_beside_the_sqlite_file_for_its_owner_alone(tmp_path: Path) -> None:
    made = open_keyring(None, tmp_path / "store.db")
    (file,) = tmp_path.iterdir()
    assert file.name == "store.db.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert open_keyring(None, tmp_path / "store.db").first == made.first


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keyrings = list(pool.map(lambda _: open_keyring(None, tmp_path / "store.db"), range(32)))
    assert len({keyring.first for keyring in keyrings}) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["store.db.key"]


def test_without_keys_and_a_file_to_keep_one_beside_there_is_no_key_ring() -> None:
    with pytest.raises(Invalid, match="CALENDAR_SYNC_ENCRYPTION_KEYS"):
        open_keyring(None, None)


def test_a_key_file_that_cannot_be_made_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        open_keyring(None, tmp_path / "missing" / "store.db")
    assert str(tmp_path) not in refused.value.message


def test_a_damaged_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db.key").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid):
        open_keyring(None, tmp_path / "store.db")
