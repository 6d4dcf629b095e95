"""Whatever a client says in whatever order, the server does what the protocol has for it, told by a model of that."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from tests import databases
from tests.schema.streams import Streaming, streaming
from tests.schema.talking import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEVER = {"query": "subscription { never }"}
PING: dict[str, object] = {"type": "ping"}
ids = st.sampled_from("ab")

messages = st.one_of(
    st.just({"type": "connection_init"}),
    st.just(PING),
    st.just({"type": "pong"}),
    ids.map(lambda name: {"type": "complete", "id": name}),
    ids.map(lambda name: {"type": "subscribe", "id": name, "payload": NEVER}),
    st.sampled_from([{"type": "next", "id": "a"}, {"type": "subscribe", "id": "a"}, {}]),
)
conversations = st.lists(messages, max_size=8) | st.lists(messages, max_size=12).map(
    lambda rest: [{"type": "connection_init"}, *rest]
)


@dataclass
class Model:
    """What the protocol says of a server, for subscriptions that have no events."""

    is_acknowledged: bool = False
    open: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    closed: int | None = None

    def hear(self, message: dict[str, object]) -> None:
        kind, name = message.get("type"), str(message.get("id"))
        if kind == "ping":
            self.said.append("pong")
        elif kind == "connection_init" and not self.is_acknowledged:
            self.is_acknowledged = True
            self.said.append("connection_ack")
        elif kind == "complete":
            self.open.discard(name)
        elif kind == "subscribe" and "payload" in message and self.is_acknowledged and name not in self.open:
            self.open.add(name)
        elif kind != "pong":
            self.closed = self._fault(kind, message)

    def _fault(self, kind: object, message: dict[str, object]) -> int:
        if kind == "connection_init":
            return 4429
        if kind == "subscribe" and "payload" in message:
            return 4409 if self.is_acknowledged else 4401
        return 4400


def told(conversation: Sequence[dict[str, object]]) -> Model:
    model = Model()
    for message in conversation:
        if model.closed is None:
            model.hear(message)
    return model


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Streaming]:
    unlimited = {"rate_limit_per_minute": 1_000_000}
    async with streaming(databases.a_migrated_file(tmp_path_factory.mktemp("streams")), **unlimited) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def key(site: Streaming) -> str:
    return await site.key()


@settings(max_examples=100, deadline=None)
@given(conversation=conversations)
async def test_the_server_answers_as_the_protocol_says(
    site: Streaming, key: str, conversation: list[dict[str, object]]
) -> None:
    conversation.append(PING)
    model = told(conversation)
    async with opened(site.address, headers={"x-api-key": key}) as talk:
        with suppress(ConnectionClosed):  # it may be before all is said
            for message in conversation:
                await talk.say(message)
        said = [(await talk.heard())["type"] for _ in model.said]
        closed = await talk.closed() if model.closed else None

    assert (said, closed) == (model.said, model.closed)
    await asyncio.wait_for(nobody_is_left(site), 5)


async def nobody_is_left(site: Streaming) -> None:
    """However it ended, nothing of it goes on."""
    while site.sockets._open or site.stage.following:  # noqa: ASYNC110 - there is nothing to wait for but that
        await asyncio.sleep(0.001)
