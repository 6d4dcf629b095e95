"""The page at `/graphql`, in a real browser at the real server."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from calendar_sync.server import listen, make_server
from calendar_sync.services import open_services
from calendar_sync.settings import Settings
from simulators.ics.app import IcsSimulator
from simulators.server import serving
from tests import databases

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Site:
    """The server, with a user who has connected a feed of one event."""

    address: str
    key: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Site]:
    settings = Settings(
        database_url=databases.a_migrated_file(tmp_path_factory.mktemp("site")),
        allowed_private_networks=(ip_network("127.0.0.0/8"),),
    )
    feeds = IcsSimulator()
    feeds.feed("team").put("1", summary="Stand-up")
    async with serving(feeds.app) as feeds_address, served(settings) as address:
        async with open_services(settings) as services:
            await services.access.create_user("ada@example.com")
            _, key = await services.access.create_key("ada@example.com")
            actor = await services.access.authenticate(bearer=key, api_key=None)
            await services.connections.connect(actor, "ics", {"url": f"{feeds_address}/feeds/team.ics"})
        yield Site(address, key)


@asynccontextmanager
async def served(settings: Settings) -> AsyncGenerator[str]:
    """The real server on a free port."""
    server = make_server(settings)
    with listen("127.0.0.1", 0) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await server.ready.wait()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


@dataclass(frozen=True)
class Visit:
    """A page, and what the browser did and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("console", lambda message: self.hear(message))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, site: Site) -> AsyncGenerator[Visit]:
    """GraphiQL, opened. In the end, nothing came from elsewhere and nothing was complained of."""
    context = await browser.new_context(viewport={"width": 1360, "height": 820})
    visit = Visit(await context.new_page())
    visit.listen()
    await visit.page.goto(f"{site.address}/graphql")
    yield visit
    assert visit.requests != []
    assert [url for url in visit.requests if not url.startswith((f"{site.address}/", "data:"))] == []
    assert visit.complaints == []
    await context.close()


async def sign_in(visit: Visit, key: str) -> None:
    await visit.page.fill("#key", key)
    await visit.page.press("#key", "Enter")


async def answered(visit: Visit) -> dict[str, object]:
    """Run what stands in the editor."""
    async with visit.page.expect_response("**/graphql") as answer:
        await visit.page.click("button.graphiql-execute-button")
    body: dict[str, object] = json.loads(await (await answer.value).body())
    return body


async def test_a_newcomer_pastes_the_key_syncs_and_sees_the_counts(visit: Visit, site: Site) -> None:
    await sign_in(visit, site.key)
    await expect(visit.page.locator("#access-state")).to_have_text("Key accepted")

    body = await answered(visit)

    assert "errors" not in body
    result = visit.page.locator(".result-window")
    await expect(result).to_contain_text('"syncedCalendars": 1')
    await expect(result).to_contain_text('"newEvents": 1')
    await expect(result).to_contain_text('"errors": []')


async def test_the_documentation_is_the_manual(visit: Visit, site: Site) -> None:
    docs = visit.page.locator(".graphiql-doc-explorer")
    await visit.page.click("button[aria-label='Show Documentation Explorer']")

    await docs.get_by_role("link", name="Mutation", exact=True).click()
    await docs.get_by_role("link", name="syncCalendars").click()

    await expect(docs).to_contain_text("Read what changed in your calendars")
    await expect(docs).to_contain_text("Only these accounts")


async def test_the_next_example_lists_events(visit: Visit, site: Site) -> None:
    await sign_in(visit, site.key)
    await visit.page.get_by_role("tab", name="UpcomingEvents").click()

    body = await answered(visit)

    assert "errors" not in body
    await expect(visit.page.locator(".result-window")).to_contain_text('"totalCount"')


async def test_the_key_stays_until_the_tab_is_closed(visit: Visit, site: Site, browser: Browser) -> None:
    await sign_in(visit, site.key)
    await expect(visit.page.locator("#access-state")).to_have_text("Key accepted")

    await visit.page.reload()
    other = await visit.page.context.new_page()
    await other.goto(f"{site.address}/graphql")

    await expect(visit.page.locator("#key")).to_have_value(site.key)
    await expect(other.locator("#key")).to_have_value("")
    assert site.key not in await other.evaluate("JSON.stringify({...localStorage}) + document.cookie")


async def test_the_assets_are_kept_by_the_browser(visit: Visit, site: Site) -> None:
    answers = [await visit.page.request.get(url) for url in visit.requests if "/static/" in url]

    assert len(answers) >= 6
    assert {answer.headers["cache-control"] for answer in answers} == {"public, max-age=31536000, immutable"}


async def test_a_wrong_key_is_told(browser: Browser, site: Site) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{site.address}/graphql")

    await page.fill("#key", "cs_wrong")
    await page.press("#key", "Enter")

    await expect(page.locator("#access-state")).to_have_text("This API key is not valid.")
    await context.close()


async def test_no_foreign_script_would_run(visit: Visit, site: Site) -> None:
    answer = await visit.page.request.get(f"{site.address}/graphql", headers={"accept": "text/html"})

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
