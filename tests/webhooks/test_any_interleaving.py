"""Whatever answers, deaths and competition there are: each message reaches who asked for it, in order, nobody else."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendar_sync.domain.webhooks import MOST_ATTEMPTS, Answer, DeliveryState, WebhookEventType, wants
from calendar_sync.store.database import Database
from calendar_sync.webhooks.deliverer import Deliverer
from tests.sync.conftest import store
from tests.webhooks.world import BUSY, OK, Office, Post, a_deliverer, an_office, numbered

__all__ = ["store"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPES = (WebhookEventType.EVENT_CREATED, WebhookEventType.EVENT_UPDATED, WebhookEventType.SYNC_COMPLETED)
ASKED = {"https://a.example": ("event.*",), "https://b.example": ("sync.completed", "event.updated")}

emitting = st.tuples(
    st.just("emit"),
    st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from(["x", "x", None])), min_size=1, max_size=3),
)
stepping = st.tuples(st.just("step"), st.integers(0, 1))
answering = st.tuples(
    st.just("answer"), st.tuples(st.integers(0, 1), st.integers(0, 5), st.sampled_from([OK, OK, BUSY, Answer(404)]))
)
killing = st.tuples(st.just("kill"), st.integers(0, 1))
waiting = st.tuples(
    st.just("wait"), st.sampled_from([timedelta(seconds=6), timedelta(seconds=31), timedelta(minutes=6)])
)
steps = st.one_of(emitting, emitting, stepping, stepping, answering, answering, killing, waiting)


@dataclass(frozen=True)
class Held:
    """A post that its endpoint has not answered yet."""

    post: Post
    answer: "asyncio.Future[Answer]"


@dataclass
class Process:
    """One that delivers, and its way to the endpoints."""

    story: "Story"
    deliverer: Deliverer
    held: list[Held] = field(default_factory=list)

    async def check(self, url: str) -> str:
        return url

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        post = Post(url, headers, body, self.story.office.clock())
        self.story.arrive(post)
        held = Held(post, asyncio.get_running_loop().create_future())
        self.held.append(held)
        return await held.answer

    async def answer(self, held: Held, answer: Answer) -> None:
        """And wait until that is stored."""
        self.held.remove(held)
        held.answer.set_result(answer)
        await asyncio.wait(self.deliverer._under_way, return_when=asyncio.FIRST_COMPLETED)
        self.story.stored[held.post.url, held.post.number].append(answer)


@dataclass
class Story:
    """Two processes over one store, and what can happen to them."""

    office: Office
    processes: list[Process] = field(default_factory=list)
    dead: list[Process] = field(default_factory=list)
    told: list[tuple[WebhookEventType, str | None]] = field(default_factory=list)
    arrived: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    stored: dict[tuple[str, int], list[Answer]] = field(default_factory=lambda: defaultdict(list))
    out_of_order: list[tuple[int, int]] = field(default_factory=list)

    def start(self) -> Process:
        process = Process(self, a_deliverer(self.office))
        process.deliverer.sender = process
        self.processes.append(process)
        return process

    def arrive(self, post: Post) -> None:
        """Whatever comes before it with its key must have been taken, or attempted as often as anything is."""
        _, key = self.told[post.number]
        for number, (type, other) in enumerate(self.told[: post.number]):
            if key is not None and other == key and wants(ASKED[post.url], type):
                answers = self.stored[post.url, number]
                if OK not in answers and len(answers) < MOST_ATTEMPTS:
                    self.out_of_order.append((post.number, number))
        self.arrived[post.url].add(post.number)

    async def live_through(self, history: Sequence[tuple[str, Any]]) -> None:
        for name, argument in history:
            await getattr(self, name)(argument)

    async def emit(self, notices: Sequence[tuple[WebhookEventType, str | None]]) -> None:
        first = len(self.told)
        self.told += notices
        await self.office.emit(
            *(numbered(number, key, type) for number, (type, key) in enumerate(notices, start=first))
        )

    async def step(self, number: int) -> None:
        await self.processes[number].deliverer.step()
        await asyncio.sleep(0)  # each that was taken is posted

    async def answer(self, given: tuple[int, int, Answer]) -> None:
        number, place, answer = given
        process = self.processes[number]
        if place < len(process.held):
            await process.answer(process.held[place], answer)

    async def kill(self, number: int) -> None:
        """As by SIGKILL: what it has under way never comes to an end, whatever the endpoints answer."""
        self.dead.append(self.processes.pop(number))
        self.start()

    async def wait(self, time: timedelta) -> None:
        self.office.clock.advance(time)

    async def end_well(self) -> None:
        """Everything is taken from now on."""
        for _ in range(100):
            if not await self._is_waiting():
                break
            for process in self.processes:
                while process.held:
                    await process.answer(process.held[0], OK)
            await self.step(0)
            await self.step(1)
            await self.wait(timedelta(hours=6))
        for process in self.dead:
            for task in process.deliverer._under_way:
                task.cancel()
            await process.deliverer.drained()

    async def _is_waiting(self) -> bool:
        async with self.office.database.begin(write=False) as tx:
            return await tx.webhook_deliveries.next_due() is not None


@given(st.lists(steps, min_size=6, max_size=25))
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
async def test_each_message_reaches_who_asked_for_it_in_order_and_nobody_else(
    store: Database, history: list[tuple[str, Any]]
) -> None:
    office = await an_office(store)
    endpoints = {url: await office.endpoint(*types, url=url) for url, types in ASKED.items()}
    story = Story(office)
    for _ in range(2):
        story.start()

    await story.live_through(history)
    await story.end_well()

    assert story.out_of_order == []
    for url, types in ASKED.items():
        wanted = {number for number, (type, _) in enumerate(story.told) if wants(types, type)}
        assert story.arrived[url] == wanted
        assert len(await office.log(endpoints[url], DeliveryState.DELIVERED)) == len(wanted)
