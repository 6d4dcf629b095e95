from collections.abc import AsyncGenerator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser import chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    """A real Chromium."""
    found = chromium.find()
    async with async_playwright() as playwright:
        # In a container there is no sandbox to put it into; it loads nothing but our own pages.
        browser = await playwright.chromium.launch(
            executable_path=found.path, env=dict(found.environment) or None, args=["--no-sandbox"]
        )
        yield browser
        await browser.close()
