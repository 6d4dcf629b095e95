"""The databases: a test that asks for `database` runs on SQLite and on PostgreSQL."""

import gc
import os
import signal
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from calendar_sync.store.database import Database
from tests import databases

# A change is judged by the same examples wherever it is tested; `EXPLORE=1` looks for others. How long one takes says
# how busy the machine is, and nothing of what is tested.
settings.register_profile(
    "the same anywhere",
    derandomize="EXPLORE" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("the same anywhere")


def pytest_configure() -> None:
    """A test run that is told to end stops its servers first."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it again and again takes a seventh of all the time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Generator[databases.PostgreSQL]:
    test_run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    folder = tmp_path_factory.getbasetemp().parent if test_run else tmp_path_factory.getbasetemp()
    with databases.postgresql(test_run or str(os.getpid()), folder / "postgresql.lock") as server:
        yield server


@pytest.fixture
def sqlite_url() -> Generator[str]:
    """The address of a migrated SQLite file."""
    with tempfile.TemporaryDirectory(dir=databases.scratch()) as folder:
        yield databases.a_migrated_file(Path(folder))


@pytest.fixture(scope="session")
def _postgresql_database(postgresql: databases.PostgreSQL) -> Generator[str]:
    with postgresql.a_migrated_database() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql: databases.PostgreSQL, _postgresql_database: str) -> Generator[str]:
    """The address of a migrated PostgreSQL database, empty at first."""
    yield _postgresql_database
    postgresql.empty(_postgresql_database)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated store, on each of the two databases in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """A migrated store, on each of the two databases in turn."""
    database = await Database.open(database_url)
    yield database
    await database.close()
