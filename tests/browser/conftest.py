from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests import databases
from tests.browser import chromium
from tests.browser.visiting import Site, Visit, a_site


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Site]:
    async with a_site(databases.a_migrated_file(tmp_path_factory.mktemp("site"))) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, site: Site) -> AsyncGenerator[Visit]:
    """A new tab, with nothing remembered."""
    context = await browser.new_context(viewport={"width": 1360, "height": 820})
    yield Visit.of(await context.new_page(), site)
    await context.close()
