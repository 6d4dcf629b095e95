"""What the page on webhooks shows is so: its receiver is run, its tables are those of the code."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from graphql import parse, validate

from calendar_sync.domain.webhooks import DELAYS, JITTER, MOST_ATTEMPTS, MOST_PATIENCE, WebhookEventType
from calendar_sync.webhooks.deliverer import MOST_EACH
from calendar_sync.webhooks.service import MOST_ENDPOINTS, OVERLAP
from providers.outgoing import TIMEOUT
from schema.root import schema
from tests import databases
from tests.commands import ROOT
from tests.docs import shell
from tests.resolvers.test_webhooks import CREATE, LOG, TEST
from tests.schema.asking import asking
from tests.web.door import a_door

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
ROW = re.compile(r"^\| (.*) \|$", re.MULTILINE)


def table(heading: str) -> Sequence[Sequence[str]]:
    """The rows of the first table under a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in row.split(" | ")] for row in ROW.findall(section) if not set(row) <= set("-|")][
        1:
    ]


@pytest.mark.parametrize("example", shell.blocks(PAGE, "graphql"))
def test_every_example_is_an_operation_of_this_schema(example: str) -> None:
    assert validate(schema._schema, parse(example)) == []


def test_the_types_are_those_there_are() -> None:
    assert [row[0].strip("`") for row in table("What is told")] == list(WebhookEventType)


def test_the_attempts_are_those_that_are_made() -> None:
    units = {"second": "seconds", "minute": "minutes", "hour": "hours"}

    def delay(text: str) -> timedelta:
        number, unit = text.split()
        return timedelta(**{units[unit.rstrip("s")]: int(number)})

    attempts = table("When it is not taken")
    assert [int(number) for number, _ in attempts] == list(range(1, MOST_ATTEMPTS + 1))
    assert [delay(after) for _, after in attempts[1:]] == list(DELAYS)


def test_the_numbers_in_the_text_are_those_of_the_code() -> None:
    for said in (
        f"You may have {MOST_ENDPOINTS} endpoints",
        f"within {TIMEOUT:.0f} seconds",
        f"took nothing for {MOST_PATIENCE.days} days",
        f"For {OVERLAP // timedelta(hours=1)} hours",
    ):
        assert said in PAGE
    assert (MOST_EACH, JITTER) == (8, 1 / 5)


@asynccontextmanager
async def the_receiver(folder: Path, secret: str, port: int) -> AsyncGenerator[Path]:
    """The example of the page, as a process; what it says is in the file."""
    script = folder / "receiver.py"
    script.write_text(shell.blocks(PAGE, "python")[0])
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    command = [sys.executable, str(script)]
    said = folder / "said.txt"
    with said.open("w") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as process:
        try:
            while not await asyncio.to_thread(_listens, port):
                assert process.poll() is None
            yield said
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def a_free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def test_the_receiver_takes_what_is_signed_for_it(tmp_path: Path) -> None:
    port = a_free_port()
    async with a_door(databases.a_migrated_file(tmp_path)) as door, asking(door) as ada:
        given = {"url": f"http://127.0.0.1:{port}/hooks", "eventTypes": ["*"]}
        created = (await ada.data(CREATE, input=given))["createWebhookEndpoint"]
        id = created["webhookEndpoint"]["id"]
        for secret, status in ((created["secret"], 204), ("whsec_" + "A" * 40, 400)):
            async with the_receiver(tmp_path, secret, port) as said:
                sent = (await ada.data(TEST, id=id))["sendTestWebhook"]["webhookDelivery"]["id"]
                await door.services.deliverer.step()
                await door.services.deliverer.drained()
            log = (await ada.data(LOG, id=id))["webhookDeliveries"]["nodes"]
            (attempt,) = next(each["attempts"] for each in log if each["id"] == sent)
            assert attempt["status"] == status
            assert ("webhook.test" in said.read_text()) == (status == 204)
