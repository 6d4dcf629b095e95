"""What the operations page shows is run: its commands in their order, and its queries over a store with accounts."""

import json
import re
import signal
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from tests.commands import ROOT, Serving, started
from tests.databases import PostgreSQL
from tests.docs import shell
from tests.lifecycle.office import an_office

PAGE = (ROOT / "docs" / "operations.md").read_text()
ONE, THREE, WATCHING = (
    PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    for title in ("On one machine", "On three machines", "Watching it")
)


def test_one_machine_is_set_up_backed_up_and_restored_as_it_says(tmp_path: Path) -> None:
    set_up, back_up, restore = shell.blocks(ONE, "sh")

    key = json.loads(shell.run(set_up, tmp_path).splitlines()[-1])
    shell.run(back_up, tmp_path)
    for file in tmp_path.glob("calendar-sync.db*"):
        file.unlink()
    checked = shell.run(restore, tmp_path)
    there_is_one = started(tmp_path, "users", "create", "ada@example.com")
    revoked = started(tmp_path, "keys", "revoke", "ada@example.com", key["id"])

    assert checked == "ok\n"
    assert "There is such a user already." in there_is_one.err
    assert revoked.status == 0


@pytest.fixture
def roles(postgresql: PostgreSQL) -> Iterator[str]:
    """The prefix of what the page makes in PostgreSQL, where other tests are at work as well."""
    prefix = f"calendars_{token_hex(4)}"
    yield prefix
    postgresql.execute(f"DROP DATABASE IF EXISTS {prefix} WITH (FORCE)")
    for role in (prefix, f"{prefix}_owner"):
        postgresql.execute(f"DROP ROLE IF EXISTS {role}")


def test_three_machines_are_set_up_as_it_says(tmp_path: Path, postgresql: PostgreSQL, roles: str) -> None:
    set_up, make_key = shell.blocks(THREE, "sh")
    (url,) = re.findall(r"^CALENDAR_SYNC_DATABASE_URL=(.*)$", shell.blocks(THREE, "text")[0], re.MULTILINE)

    def here(text: str) -> str:
        named = re.sub(r"(?<=[ /:-])calendars\b|(?<= )calendars(?=_owner)|(?<=//)calendars(?=_owner)", roles, text)
        return re.sub(r"@db\.internal(/\w+)", rf"@\1?host={postgresql.socket}", named)

    shell.run(here(set_up), tmp_path, PGHOST=str(postgresql.socket), PGUSER="postgres")
    key = shell.run(make_key, tmp_path).strip()
    server = Serving(tmp_path, "--no-worker", DATABASE_URL=here(url), ENCRYPTION_KEYS=key)
    (check,) = shell.blocks(WATCHING, "sh")
    ready = shell.run(check.replace("http://127.0.0.1:8000", server.address), tmp_path)
    _, log = server.end(signal.SIGTERM)

    assert len(urlsafe_b64decode(key)) == 32
    assert json.loads(ready) == {"status": "ok"}
    assert "warning" not in log


async def test_the_queries_of_the_page_say_what_is_late_and_why(
    tmp_path: Path, postgresql: PostgreSQL, postgresql_url: str
) -> None:
    late, syncing, queue, failures = shell.blocks(WATCHING, "sql")
    async with an_office(tmp_path, postgresql_url) as office:
        async with office.services.database.begin() as tx:
            await tx.connections.schedule(office.connection.id, office.connection.created_at)
            await tx.connections.mark(office.connection.id, office.connection.status, "The provider is away.")
        [(found, _, _, _, error)] = postgresql.execute(late, postgresql_url)
        await office.worker()
        under_way = await office.begun()
        [(_, number, _, _)] = postgresql.execute(syncing, postgresql_url)
        [(status, jobs, _)] = postgresql.execute(queue, postgresql_url)
        office.gate.opened.set()
        await under_way
        [(provider, _, runs, _)] = postgresql.execute(failures, postgresql_url)

    assert (found, error) == (office.connection.id, "The provider is away.")
    assert (number, status, jobs) == (1, "picked", 1)
    assert (provider, runs) == ("caldav", 1)


def test_the_settings_that_it_names_are_there() -> None:
    named = set(re.findall(r"CALENDAR_SYNC_\w+", PAGE))

    assert {name for name in named if f"`{name}`" not in (ROOT / "README.md").read_text()} == set()


def test_the_messages_that_it_names_are_logged_by_the_program() -> None:
    named = re.findall(r"^\| (`.*?`) \| (?:report|the database|nothing)", PAGE, re.MULTILINE)
    source = "".join(file.read_text() for file in (ROOT / "calendar_sync").rglob("*.py"))

    messages = [text.removesuffix("…").strip() for cell in named for text in re.findall(r"`(.*?)`", cell)]
    assert messages
    assert [text for text in messages if text not in source] == []
