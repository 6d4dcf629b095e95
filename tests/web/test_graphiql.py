"""The page of GraphiQL and its assets, as they are sent."""

import re
from pathlib import Path

import httpx
import pytest

from calendar_sync.web import assets
from tests.web.door import Door

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEPT = "public, max-age=31536000, immutable"


async def page(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get("/graphql", headers={"accept": "text/html"})


async def test_every_asset_of_the_page_is_there_and_kept_by_browsers(door: Door) -> None:
    async with door.asking() as client:
        addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', (await page(client)).text)
        answers = [await client.get(address) for address in addresses]

    assert len(answers) >= 7
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["cache-control"] for answer in answers} == {KEPT}
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}


@pytest.mark.parametrize("version", ["", "?v=", "?v=0123456789abcdef", "?w=1"])
async def test_an_asset_of_no_known_version_is_asked_for_again(door: Door, version: str) -> None:
    async with door.asking() as client:
        answer = await client.get(f"/static/graphiql.js{version}")

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", ["../graphiql.py", "%2e%2e/graphiql.py", "vendor/../../assets.py", "nothing.js", ""])
async def test_nothing_else_is_served(door: Door, path: str) -> None:
    async with door.asking() as client:
        answer = await client.get(f"/static/{path}")

    assert answer.status_code == 404


async def test_the_page_runs_scripts_of_ours_alone(door: Door) -> None:
    async with door.asking() as client:
        answer = await page(client)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|javascript:", answer.text) == []


async def test_without_its_assets_the_page_says_what_to_do(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path)

    async with door.asking() as client:
        answer = await page(client)

    assert (answer.status_code, answer.text) == (
        503,
        "The assets of this page are not installed: run `.venv/bin/python -m frontend`.\n",
    )
