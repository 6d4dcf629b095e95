"""A SQLite file that may not be written, has no room or is locked when a process starts: one line, and no empty store.

What is damaged, missing, or of another version is in `tests.crash.test_store_faults`, with what happens at run time.
"""

import ctypes
import resource
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import command, environment
from tests.databases import a_migrated_file, sqlite_url

SERVE = ("serve", "--port", "0")

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1


def without_the_right_to_ignore_permissions() -> None:
    """Of root; for everybody else it changes nothing."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


def with_room_for(size: int) -> Callable[[], None]:
    """No file may grow beyond so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def said(folder: Path, url: str, arguments: tuple[str, ...], limited: Callable[[], None] | None = None) -> str:
    """The one line on standard error of a command that fails."""
    ended = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(DATABASE_URL=url),
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    return line.removeprefix("calendar-sync: ")


def test_a_file_that_may_not_be_written_is_told_of_and_stays_as_it_is(tmp_path: Path) -> None:
    url = a_migrated_file(tmp_path)
    file = tmp_path / "store.db"
    before = file.read_bytes()
    file.chmod(0o444)

    line = said(tmp_path, url, SERVE, without_the_right_to_ignore_permissions)

    assert "read-only" in line or "cannot be opened" in line
    assert file.read_bytes() == before


@pytest.mark.parametrize("is_there", [True, False], ids=["a store", "no store"])
def test_a_folder_that_may_not_be_written_is_told_of_and_stays_as_it_is(tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    url = a_migrated_file(folder) if is_there else sqlite_url(folder / "store.db")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    folder.chmod(0o555)

    line = said(tmp_path, url, SERVE, without_the_right_to_ignore_permissions)

    assert "cannot be opened" in line or "read-only" in line or "run `calendar-sync migrate`" in line
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    folder.chmod(0o755)


def test_a_disk_without_room_for_a_store_is_told_of_and_got_over(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.db")

    line = said(tmp_path, url, ("migrate",), with_room_for(10_000))
    again = subprocess.run(command("migrate"), cwd=tmp_path, env=environment(DATABASE_URL=url), check=False, timeout=60)

    assert "nothing was written" in line
    assert again.returncode == 0


def test_a_file_that_another_process_keeps_locked_is_told_of(tmp_path: Path) -> None:
    url = a_migrated_file(tmp_path)
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = (tmp_path / "store.db").read_bytes()

    line = said(tmp_path, url, ("users", "create", "ada@example.com"))
    other.close()

    assert "locked by another process" in line
    assert (tmp_path / "store.db").read_bytes() == before
