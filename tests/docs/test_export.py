"""What the page of feeds shows is run."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from graphql import parse, validate

from calendar_sync.web.authentication import _READINGS_PER_MINUTE
from schema.root import schema
from simulators.server import serving
from tests.commands import ROOT
from tests.docs import shell
from tests.web.door import a_door

PAGE = (ROOT / "docs" / "export.md").read_text()


@pytest.mark.parametrize("example", shell.blocks(PAGE, "graphql"))
def test_every_example_is_an_operation_of_this_schema(example: str) -> None:
    assert validate(schema._schema, parse(example)) == []


async def test_a_feed_is_made_and_read_as_it_says(sqlite_url: str, tmp_path: Path) -> None:
    (commands,) = shell.blocks(PAGE, "sh")
    make, read = commands.split("\n\n")
    async with a_door(sqlite_url) as door, serving(door.with_state) as address:

        async def run(command: str, **environment: str) -> str:
            moved = command.replace("http://127.0.0.1:8000", address)
            return await asyncio.to_thread(shell.run, moved, tmp_path, **environment)

        made = json.loads(await run(make, KEY=await door.key()))["data"]["createExportFeed"]
        feed = await run(read, FEED_URL=made["url"].replace("http://127.0.0.1:8000", address))

    assert feed.startswith("BEGIN:VCALENDAR")
    assert "NAME:Everything" in feed


def test_the_limit_is_the_one_it_names() -> None:
    assert re.search(rf"\b{_READINGS_PER_MINUTE} times a minute", PAGE)
