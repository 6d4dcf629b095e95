"""A store that cannot serve says so in one line, or with 503, and an existing one is never replaced by an empty one."""

import shutil
import sqlite3
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from calendar_sync.store import engines
from tests.commands import Run, process_logging, run, told
from tests.databases import a_migrated_file, sqlite_url
from tests.web.door import CONNECTIONS, Door, a_door, code_of

__all__ = ["process_logging", "run"]

every_command = pytest.mark.parametrize(
    "command",
    [("migrate",), ("serve", "--port", "0"), ("users", "create", "ada@example.com")],
    ids=lambda each: each[0],
)


# At the start


@every_command
def test_a_directory_in_the_place_of_the_file_is_told_of(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "store.db").mkdir()

    said = told(run(*command, DATABASE_URL=sqlite_url(tmp_path / "store.db")))

    assert "cannot be opened" in said
    assert list((tmp_path / "store.db").iterdir()) == []


@every_command
def test_a_missing_folder_is_told_of_and_not_made(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    said = told(run(*command, DATABASE_URL=sqlite_url(tmp_path / "missing" / "store.db")))

    assert said == "The directory of the database file does not exist."
    assert not (tmp_path / "missing").exists()


@every_command
def test_a_store_of_a_newer_version_is_refused_and_stays_as_it_is(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    url = a_migrated_file(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_of_the_future'")
    connection.close()
    before = (tmp_path / "store.db").read_bytes()

    assert "newer version" in told(run(*command, DATABASE_URL=url))
    assert (tmp_path / "store.db").read_bytes() == before


@every_command
def test_a_file_that_was_cut_short_is_refused_and_stays_as_it_is(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    url = a_migrated_file(tmp_path)
    with (tmp_path / "store.db").open("r+b") as file:
        file.truncate(8192)
    before = (tmp_path / "store.db").read_bytes()

    assert "damaged" in told(run(*command, DATABASE_URL=url))
    assert (tmp_path / "store.db").read_bytes() == before


# At run time


def file_of(door: Door) -> Path:
    return Path(make_url(door.services.settings.database_url).database or "")


async def connecting(door: Door, client: httpx.AsyncClient) -> httpx.Response:
    """Something that has to be written."""
    return await client.post(CONNECTIONS, json=door.request_for(door.feed()))


async def expect_503(door: Door, client: httpx.AsyncClient) -> str:
    """The message of the refusal, the same at both doors."""
    rest = await connecting(door, client)
    assert (rest.status_code, code_of(rest)) == (503, "STORE_UNAVAILABLE")
    assert int(rest.headers["retry-after"]) >= 1
    assert str(file_of(door)) not in rest.text
    message: str = rest.json()["error"]["message"]
    return message


async def test_a_file_that_is_deleted_under_the_server_does_not_come_back(sqlite_url: str, tmp_path: Path) -> None:
    async with a_door(sqlite_url) as door, door.asking(await door.key()) as client:
        assert (await connecting(door, client)).status_code == 201
        for file in file_of(door).parent.glob("store.db*"):
            shutil.move(file, tmp_path)

        assert "cannot be opened" in await expect_503(door, client)
        assert list(file_of(door).parent.glob("store.db*")) == []

        for file in tmp_path.iterdir():
            shutil.copy(file, file_of(door).parent)
        assert (await connecting(door, client)).status_code == 201


async def test_a_file_that_another_process_has_locked_is_waited_for_and_then_told_of(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "SQLITE_LOCK_TIMEOUT", 0.05)
    async with a_door(sqlite_url) as door, door.asking(await door.key()) as client:
        other = sqlite3.connect(file_of(door), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        assert "locked by another process" in await expect_503(door, client)

        other.close()
        assert (await connecting(door, client)).status_code == 201


async def test_a_file_that_may_not_grow_is_told_of(sqlite_url: str) -> None:
    async with a_door(sqlite_url) as door, door.asking(await door.key()) as client:
        await _limit(door, "1")
        await _use_up_the_last_page(door, client)

        assert "full" in await expect_503(door, client)

        await _limit(door, "1000000")
        assert (await connecting(door, client)).status_code == 201


async def _use_up_the_last_page(door: Door, client: httpx.AsyncClient) -> None:
    for _ in range(100):
        if (await connecting(door, client)).status_code != 201:
            return
    raise AssertionError("It still grows.")


async def _limit(door: Door, pages: str) -> None:
    """SQLite's own limit, of the one connection that writes."""
    async with door.services.database.begin() as tx:
        await tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


async def test_a_file_that_is_damaged_is_told_of(sqlite_url: str) -> None:
    async with a_door(sqlite_url) as door, door.asking(await door.key()) as client:
        for file in file_of(door).parent.glob("store.db*"):
            if file.suffix != ".db-shm":
                file.write_bytes(b"this is no database" * 10_000)

        assert "damaged" in await expect_503(door, client)
