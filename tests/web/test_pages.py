"""The documentation page: complete, and from this host alone, also as a browser sees it."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from calendar_sync.web.rest import OPERATIONS
from tests.browser import chromium
from tests.web.door import Door
from tests.web.live import a_live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

_REFERENCE = re.compile(r'(?:src|href|action)="([^"]*)"')


async def get(door: Door, path: str) -> httpx.Response:
    async with door.asking() as client:
        return await client.get(path)


async def test_the_page_refers_to_this_host_alone_and_to_things_that_are_there(door: Door) -> None:
    page = await get(door, "/docs")
    references = _REFERENCE.findall(page.text)

    assert references
    for reference in references:
        assert reference.startswith("/")
        assert not reference.startswith("//")
        assert (await get(door, reference)).status_code == 200


async def test_the_page_may_not_load_from_elsewhere_nor_run_what_stands_in_it(door: Door) -> None:
    page = await get(door, "/docs")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert not [value for value in policy.values() if "http" in value or "*" in value]
    assert "<script>" not in page.text


@asynccontextmanager
async def a_browser() -> AsyncGenerator[Browser]:
    found = chromium.find()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found.path, env=dict(found.environment), args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


async def test_a_browser_shows_every_operation_and_tries_one(sqlite_url: str) -> None:
    async with a_live_server(sqlite_url) as server, a_browser() as browser:
        page = await browser.new_page()
        page.set_default_timeout(10_000)
        asked, complaints = watch(page)
        await page.goto(f"{server.address}/docs")

        for operation in OPERATIONS:
            await expect(page.get_by_text(operation.summary, exact=True)).to_be_visible()
        await authorize(page, server.key)
        answer = await try_out(page, "listCalendarConnections")

    assert '"connections": []' in answer
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {server.address.split("/")[2]}
    assert complaints == []


def watch(page: Page) -> tuple[list[str], list[str]]:
    """What the page asks for, and what the browser has against it, both filled while it runs."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return asked, complaints


async def authorize(page: Page, key: str) -> None:
    await page.get_by_role("button", name="Authorize").click()
    await page.locator("#auth-bearer-value").fill(key)
    await page.get_by_role("button", name="Apply credentials").first.click()
    await page.get_by_role("button", name="Close").first.click()


async def try_out(page: Page, operation: str) -> str:
    """The body of the answer."""
    block = page.locator(f"[id$='-{operation}']")
    await block.locator(".opblock-summary-control").click()
    await block.get_by_role("button", name="Try it out").click()
    await block.get_by_role("button", name="Execute").click()
    return await block.locator(".live-responses-table .response-col_description code").first.inner_text()
