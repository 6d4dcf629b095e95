"""The pages in a real browser at the real server: they work, and load nothing from anywhere else."""

import json
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.visiting import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def sign_in(visit: Visit) -> None:
    await visit.open("/graphql")
    await visit.page.fill("#key", visit.site.key)
    await visit.page.press("#key", "Enter")
    await expect(visit.page.locator("#access-state")).to_have_text("Key accepted")


async def answered(visit: Visit) -> dict[str, Any]:
    """Run what stands in the editor."""
    async with visit.page.expect_response("**/graphql") as answer:
        await visit.page.click("button.graphiql-execute-button")
    body: dict[str, Any] = json.loads(await (await answer.value).body())
    return body


async def test_a_newcomer_pastes_the_key_syncs_and_sees_the_counts(visit: Visit) -> None:
    await sign_in(visit)

    body = await answered(visit)

    assert "errors" not in body
    result = visit.page.locator(".result-window")
    await expect(result).to_contain_text('"syncedCalendars": 1')
    await expect(result).to_contain_text('"newEvents": 1')
    await expect(result).to_contain_text('"errors": []')
    visit.expect_no_complaints()


async def test_the_next_example_follows_what_is_synced(visit: Visit) -> None:
    await sign_in(visit)
    await visit.page.get_by_role("tab", name="FollowSyncs").click()

    await visit.page.click("button.graphiql-execute-button")

    await expect(visit.page.locator(".result-window")).to_contain_text('"state": "WAITING"')
    visit.expect_no_complaints()


async def test_another_example_lists_events(visit: Visit) -> None:
    await sign_in(visit)
    await visit.page.get_by_role("tab", name="UpcomingEvents").click()

    body = await answered(visit)

    assert "errors" not in body
    await expect(visit.page.locator(".result-window")).to_contain_text('"totalCount"')
    visit.expect_no_complaints()


async def test_the_documentation_is_the_manual(visit: Visit) -> None:
    await visit.open("/graphql")
    docs = visit.page.locator(".graphiql-doc-explorer")
    await visit.page.click("button[aria-label='Show Documentation Explorer']")

    await docs.get_by_role("link", name="Mutation", exact=True).click()
    await docs.get_by_role("link", name="syncCalendars").click()

    await expect(docs).to_contain_text("Read what changed in your calendars")
    await expect(docs).to_contain_text("Only these accounts")
    visit.expect_no_complaints()


async def test_the_key_is_kept_in_its_tab_and_nowhere_else(visit: Visit) -> None:
    await sign_in(visit)

    await visit.page.reload()
    other = await visit.page.context.new_page()
    await other.goto(visit.page.url)

    await expect(visit.page.locator("#key")).to_have_value(visit.site.key)
    await expect(other.locator("#key")).to_have_value("")
    assert visit.site.key not in await other.evaluate("JSON.stringify({...localStorage}) + document.cookie")


async def test_a_wrong_key_is_told(visit: Visit) -> None:
    await visit.open("/graphql")

    await visit.page.fill("#key", "cs_wrong")
    await visit.page.press("#key", "Enter")

    await expect(visit.page.locator("#access-state")).to_have_text("This API key is not valid.")


async def test_the_rest_api_is_described_too(visit: Visit) -> None:
    await visit.open("/docs")

    await expect(visit.page.locator("#api")).to_contain_text("/v1/meeting-buddy/calendar/sync")
    visit.expect_no_complaints()
