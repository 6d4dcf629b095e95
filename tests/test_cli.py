"""The command line: what it prints, how it ends, and one line on standard error that says what to do."""

import json
import signal
import socket
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.commands import ROOT, Run, Serving, process_logging, run, started, told
from tests.databases import PostgreSQL, sqlite_url

__all__ = ["process_logging", "run"]

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
OTHER_KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


@pytest.fixture
def migrated(run: Run) -> Run:
    assert run("migrate").status == 0
    return run


@pytest.fixture
def taken_port() -> Generator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


# Accounts


def test_a_user_and_a_key_are_printed_as_json(migrated: Run) -> None:
    user = migrated("users", "create", "ada@example.com", "--organization", "Acme", "--admin")
    key = migrated("keys", "create", "ada@example.com", "--name", "laptop", "--expires-in-days", "30")

    assert (user.status, user.err, key.status, key.err) == (0, "", 0, "")
    assert set(json.loads(user.out)) == {"user_id", "organization_id", "email"}
    assert json.loads(user.out)["user_id"].startswith("usr_")
    assert json.loads(user.out)["organization_id"].startswith("org_")
    assert set(json.loads(key.out)) == {"id", "api_key"}
    assert json.loads(key.out)["id"].startswith("ak_")


def test_a_key_is_revoked_by_its_identifier(migrated: Run) -> None:
    migrated("users", "create", "ada@example.com")
    key = json.loads(migrated("keys", "create", "ada@example.com").out)

    revoked = migrated("keys", "revoke", "ada@example.com", key["id"])

    assert (revoked.status, revoked.out, revoked.err) == (0, "", "")


def test_users_of_one_organization_share_it(migrated: Run) -> None:
    created = [
        json.loads(migrated("users", "create", email, "--organization", "Acme").out)
        for email in ("a@example.com", "b@example.com")
    ]

    assert len({user["organization_id"] for user in created}) == 1


def test_a_user_that_is_there_is_refused_in_any_case(migrated: Run) -> None:
    migrated("users", "create", "ada@example.com")

    assert told(migrated("users", "create", "Ada@Example.com")) == "There is such a user already."


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("users", "create", "nobody"), "This is no e-mail address."),
        (("keys", "create", "nobody@example.com"), "No such user."),
        (("keys", "revoke", "nobody@example.com", "ak_x"), "No such user."),
    ],
)
def test_a_mistake_is_told_in_one_line(migrated: Run, arguments: tuple[str, ...], line: str) -> None:
    assert told(migrated(*arguments)) == line


# Wrong usage


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("users",),
        ("users", "create"),
        ("keys", "create", "ada@example.com", "--expires-in-days", "0"),
        ("keys", "create", "ada@example.com", "--expires-in-days", "soon"),
        ("keys", "create", "ada@example.com", "--expires-in-days", "99999999999999999999"),
        ("serve", "--port", "65536"),
        ("serve", "--port", "-1"),
        ("serve", "--port", "http"),
        ("serve", "--nonsense"),
    ],
)
def test_wrong_usage_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)

    assert (ended.status, ended.out) == (2, "")
    assert "calendar-sync" in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err


# Settings


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("DATABASE_URL", "mysql://ada:canary@example.com/x", "must be sqlite"),
        ("DATABASE_URL", "postgresql+asyncpg://ada:canary@example.com:port/x", "must be sqlite"),
        ("PUBLIC_URL", "canary", "valid URL"),
        ("SYNC_WINDOW_FUTURE_DAYS", "canary", "valid integer"),
        ("SYNC_WINDOW_FUTURE_DAYS", "0", "greater than or equal to 1"),
        ("ALLOWED_PRIVATE_NETWORKS", "127.0.0.0/8,canary", "networks such as 127.0.0.0/8,::1/128"),
        ("ALLOWED_PRIVATE_NETWORKS", "127.0.0.1/8", "networks such as"),
        ("LOG_LEVEL", "canary", "'debug', 'info'"),
        ("GRAPHIQL", "canary", "'auto', 'on' or 'off'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_its_value_kept_back(
    run: Run, name: str, value: str, line: str
) -> None:
    said = told(run("migrate", **{name: value}))

    assert said.startswith(f"CALENDAR_SYNC_{name}: ")
    assert line in said
    assert "canary" not in said


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("users", "create", "ada@example.com")])
@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ENCRYPTION_KEYS": "c2hvcnQ="}, "CALENDAR_SYNC_ENCRYPTION_KEYS must be 32 bytes"),
        ({"ENCRYPTION_KEYS": ","}, "CALENDAR_SYNC_ENCRYPTION_KEYS must hold"),
        ({"OIDC_ISSUER": "https://login.example"}, "CALENDAR_SYNC_OIDC_AUDIENCE must be set"),
    ],
)
def test_nothing_starts_with_settings_that_cannot_be_used(
    migrated: Run, command: tuple[str, ...], settings: dict[str, str], named: str
) -> None:
    assert named in told(migrated(*command, **settings))


# The store


@pytest.mark.parametrize("command", [("users", "create", "a@example.com"), ("keys", "create", "a@example.com")])
def test_without_a_store_it_says_how_to_make_one_and_makes_nothing(run: Run, command: tuple[str, ...]) -> None:
    assert "run `calendar-sync migrate`" in told(run(*command))
    assert list(Path.cwd().iterdir()) == []


def test_a_postgresql_that_was_not_migrated_is_told_of(run: Run, postgresql: PostgreSQL) -> None:
    with postgresql.an_empty_database() as url:
        for command in (("serve", "--port", "0"), ("users", "create", "ada@example.com")):
            said = told(run(*command, DATABASE_URL=url, ENCRYPTION_KEYS=KEY))
            assert "run `calendar-sync migrate`" in said


def test_on_postgresql_a_key_has_to_be_configured(run: Run, postgresql_url: str) -> None:
    assert "CALENDAR_SYNC_ENCRYPTION_KEYS must be set" in told(run("serve", "--port", "0", DATABASE_URL=postgresql_url))


def test_a_database_that_is_away_is_told_of_without_its_password(run: Run, taken_port: str) -> None:
    url = f"postgresql+asyncpg://ada:canary@127.0.0.1:{int(taken_port) ^ 1}/x"
    for command in (("migrate",), ("serve", "--port", "0")):
        said = told(run(*command, DATABASE_URL=url, ENCRYPTION_KEYS=KEY))
        assert said == "The database cannot be reached."


@pytest.mark.parametrize("command", [("migrate",), ("serve", "--port", "0"), ("users", "create", "a@example.com")])
def test_a_damaged_file_is_refused_and_stays_as_it_is(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "damaged.db"
    file.write_text("This is no database, for it is a text. " * 100)
    before = file.read_bytes()

    assert "damaged" in told(run(*command, DATABASE_URL=sqlite_url(file)))
    assert file.read_bytes() == before


def test_a_directory_that_is_missing_is_told_of(run: Run, tmp_path: Path) -> None:
    said = told(run("migrate", DATABASE_URL=sqlite_url(tmp_path / "missing" / "store.db")))

    assert said == "The directory of the database file does not exist."


def test_migrating_is_safe_to_repeat_and_to_do_twice_at_once(tmp_path: Path) -> None:
    def migrate(_: int) -> SimpleNamespace:
        return started(tmp_path, "migrate")

    with ThreadPoolExecutor(2) as both:
        ended = list(both.map(migrate, range(2)))

    assert [(each.status, each.out, each.err) for each in ended] == [(0, "", "")] * 2


# The schema


def test_the_schema_is_printed_byte_for_byte(run: Run) -> None:
    ended = run("schema")

    assert (ended.status, ended.err) == (0, "")
    assert ended.out.encode() == (ROOT / "schema.graphql").read_bytes()


# The server


def test_a_port_that_is_taken_is_told_of(migrated: Run, taken_port: str) -> None:
    said = told(migrated("serve", "--port", taken_port))

    assert said == f"Port {taken_port} of 127.0.0.1 cannot be used: Address already in use."


@contextmanager
def following(server: Serving, key: str) -> Generator[ClientConnection]:
    """A WebSocket that is open and acknowledged."""
    with connect(
        f"{server.address.replace('http', 'ws', 1)}/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers={"x-api-key": key},
        proxy=None,
    ) as socket:
        socket.send('{"type": "connection_init"}')
        assert socket.recv(timeout=5) == '{"type":"connection_ack"}'
        yield socket


def test_the_server_makes_its_store_serves_and_ends_with_success_on_a_signal(tmp_path: Path) -> None:
    server = Serving(tmp_path)
    user = started(tmp_path, "users", "create", "ada@example.com")
    key = started(tmp_path, "keys", "create", "ada@example.com")
    with httpx.Client(base_url=server.address, trust_env=False, timeout=10) as client:
        client.headers["x-api-key"] = json.loads(key.out)["api_key"]
        answer = client.post("/graphql", json={"query": "{ me { id } }"})
        synced = client.post("/v1/meeting-buddy/calendar/sync")
        with following(server, client.headers["x-api-key"]) as follower:
            began = time.monotonic()
            status, log = server.end(signal.SIGTERM)
            seconds = time.monotonic() - began
            with pytest.raises(ConnectionClosed) as closed:
                follower.recv(timeout=5)

    assert answer.json() == {"data": {"me": {"id": json.loads(user.out)["user_id"]}}}
    assert synced.json() == {"synced_calendars": 0, "new_events": 0, "updated_events": 0, "errors": []}
    assert status == 0
    assert "Traceback" not in log
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert seconds < 5
    assert (tmp_path / "calendar-sync.db.key").stat().st_mode & 0o777 == 0o600
