"""Subscriptions in GraphiQL, in a real browser."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests import databases
from tests.browser.visiting import Site, Visit
from tests.schema.streams import Streaming, streaming

pytestmark = pytest.mark.asyncio(loop_scope="module")

SET = "query => document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.setValue(query)"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def streams(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Streaming]:
    async with streaming(databases.a_migrated_file(tmp_path_factory.mktemp("streams"))) as streams:
        yield streams


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, streams: Streaming) -> AsyncGenerator[Visit]:
    context = await browser.new_context()
    yield Visit.of(await context.new_page(), Site(f"http://{streams.address}", await streams.key()))
    await context.close()


async def run(visit: Visit, key: str, query: str) -> Page:
    await visit.open("/graphql")
    await visit.page.fill("#key", key)
    await visit.page.evaluate(SET, query)
    await visit.page.click("button.graphiql-execute-button")
    return visit.page


async def test_the_events_of_a_subscription_are_shown_as_they_come(visit: Visit) -> None:
    page = await run(visit, visit.site.key, "subscription { count(to: 3) }")

    await expect(page.locator(".result-window")).to_contain_text('"count": 3')
    visit.expect_no_complaints()


async def test_one_that_goes_on_can_be_stopped(visit: Visit, streams: Streaming) -> None:
    streams.stage.ended.clear()
    page = await run(visit, visit.site.key, "subscription { never }")
    await streams.stage.begun.wait()

    await page.click("button.graphiql-execute-button")

    await streams.stage.ended.wait()


async def test_without_a_key_it_is_told_that_one_is_needed(visit: Visit) -> None:
    page = await run(visit, "", "subscription { never }")

    await expect(page.locator(".result-window")).to_contain_text("Authentication is required")


async def test_what_is_refused_is_told(visit: Visit) -> None:
    page = await run(visit, visit.site.key, 'subscription { breaking(how: "told") }')

    await expect(page.locator(".result-window")).to_contain_text("CONFLICT")
