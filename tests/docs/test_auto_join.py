"""The page on auto-join: its examples are run over real meetings, and its names are those of the rules."""

import asyncio
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from calendar_sync.domain.auto_join_rules import RuleConditions
from tests.commands import ROOT
from tests.docs import shell
from tests.schema.asking import Asking, hour
from tests.schema.conftest import ada, door
from tests.web.live import a_live_server

__all__ = ["ada", "door"]

PAGE = (ROOT / "docs" / "auto-join.md").read_text()
MAKE, LOOK, PREVIEW = shell.blocks(PAGE, "graphql")
(CURL,) = shell.blocks(PAGE, "sh")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_examples_make_a_rule_say_why_and_look_ahead(ada: Asking) -> None:
    await _a_call(ada)

    made = (await ada.data(MAKE))["createAutoJoinRule"]
    (event,) = (await ada.data(LOOK, **{"from": hour(0).isoformat()}))["events"]["nodes"]
    preview = (await ada.data(PREVIEW))["previewAutoJoinRule"]

    assert made["rule"]["priority"] == 0
    assert event["autoJoinDecision"]["tried"] == [{"name": "External calls that I accepted", "failed": "responses"}]
    assert preview == {"lookedAt": 1, "joined": [], "left": []}


async def _a_call(asking: Asking) -> None:
    feed = asking.door.feed()
    feed.put("call", summary="Interview", start=hour(0), more=["LOCATION:https://zoom.us/j/98765432101"])
    await asking.connect(feed)
    await asking.sync()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_rule_is_made_by_curl(sqlite_url: str, tmp_path: Path) -> None:
    async with a_live_server(sqlite_url) as server:
        said = await asyncio.to_thread(shell.run, CURL, tmp_path, SERVER=server.address, KEY=server.key)
        answer = json.loads(said)

    assert (answer["match_mode"], answer["keywords"], answer["bot_name"]) == ("keyword", ["review"], "Notes")


def test_every_condition_stands_in_the_table() -> None:
    table = PAGE.split("## What a rule can say")[1].split("## REST")[0]

    assert {field.name for field in fields(RuleConditions)} <= set(re.findall(r"`(\w+)`", table))
