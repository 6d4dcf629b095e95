"""The schema as it is, followed over a WebSocket at the server as it runs."""

import httpx

from tests.schema.asking import CONNECT_FEED, SYNC
from tests.schema.talking import talking
from tests.web.live import a_live_server

FOLLOW = "subscription { syncProgress { connection { id } state run { status newEvents } } }"


async def test_a_sync_is_followed_while_it_is_asked_for_by_post(sqlite_url: str) -> None:
    async with a_live_server(sqlite_url) as server, httpx.AsyncClient(base_url=server.address) as client:
        client.headers["x-api-key"] = server.key
        feed = {"url": f"{server.feeds_address}/feeds/days-off.ics"}
        connected = await client.post("/graphql", json={"query": CONNECT_FEED, "variables": feed})
        account = connected.json()["data"]["connectCalendar"]["connection"]["id"]
        async with talking(server.address.removeprefix("http://"), server.key) as talk:
            await talk.subscribe("a", FOLLOW)
            told = [await talk.heard()]

            synced = (await client.post("/graphql", json={"query": SYNC})).json()["data"]["syncCalendars"]
            while not (run := told[-1]["payload"]["data"]["syncProgress"]["run"]) or run["status"] == "RUNNING":
                told.append(await talk.heard())

    assert {one["payload"]["data"]["syncProgress"]["connection"]["id"] for one in told} == {account}
    assert run == {"status": "SUCCEEDED", "newEvents": synced["newEvents"]}
    assert synced["newEvents"] > 0
