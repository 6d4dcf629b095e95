"""Following a state: whoever follows is told how it is, and each time that it has become another."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import aclosing

import pytest

from calendar_sync.domain.errors import StoreUnavailable
from calendar_sync.live import Live


class Board:
    """What is looked at, and who was asked for in each look."""

    def __init__(self) -> None:
        self.states: dict[str, int] = {}
        self.looks: list[frozenset[str]] = []
        self.failing: Exception | None = None
        self.looked = asyncio.Event()
        self.live = Live[str, int](self._look, every=60)

    async def _look(self, keys: Collection[str]) -> Mapping[str, int]:
        self.looks.append(frozenset(keys))
        self.looked.set()
        if self.failing is not None:
            raise self.failing
        return {key: self.states[key] for key in keys if key in self.states}

    def put(self, key: str, state: int) -> None:
        self.states[key] = state
        self.live.wake()

    async def look_again(self) -> None:
        self.looked.clear()
        self.live.wake()
        await self.looked.wait()


async def test_a_follower_is_told_the_state_as_it_is_and_as_it_becomes() -> None:
    board = Board()
    board.put("ada", 1)

    async with aclosing(board.live.follow("ada")) as states:
        first = await anext(states)
        board.put("ada", 2)
        second = await anext(states)

    assert (first, second) == (1, 2)


async def test_nothing_is_told_of_a_state_that_stays_the_same_or_of_another_key() -> None:
    board = Board()
    board.put("ada", 1)

    async with aclosing(board.live.follow("ada")) as states:
        await anext(states)
        following = asyncio.ensure_future(anext(states))
        board.put("bob", 7)
        await board.look_again()
        await board.look_again()
        was_told = following.done()
        board.put("ada", 2)

        assert (was_told, await following) == (False, 2)


async def test_a_key_without_a_state_is_waited_for() -> None:
    board = Board()

    async with aclosing(board.live.follow("ada")) as states:
        following = asyncio.ensure_future(anext(states))
        await board.looked.wait()
        board.put("ada", 1)

        assert await following == 1


async def test_one_who_is_slow_is_told_the_latest_state_only() -> None:
    board = Board()
    board.put("ada", 1)

    async with aclosing(board.live.follow("ada")) as states:
        await anext(states)
        for state in (2, 3, 4):
            board.put("ada", state)
            await board.look_again()
        await board.look_again()

        assert await anext(states) == 4


async def test_all_who_follow_share_a_look() -> None:
    board = Board()
    board.put("ada", 1)
    board.put("bob", 1)

    async with aclosing(board.live.follow("ada")) as one, aclosing(board.live.follow("bob")) as other:
        await asyncio.gather(anext(one), anext(other))
        await board.look_again()

    assert board.looks[-1] == {"ada", "bob"}


async def test_nobody_looks_once_nobody_follows() -> None:
    board = Board()
    board.put("ada", 1)

    async with aclosing(board.live.follow("ada")) as states:
        await anext(states)
    board.live.wake()
    await board.live.close()

    assert Counter(board.looks) == {frozenset({"ada"}): 1}


@pytest.mark.parametrize("error", [StoreUnavailable("Away."), RuntimeError("A fault of ours.")], ids=["away", "fault"])
async def test_a_look_that_fails_is_repeated(error: Exception) -> None:
    board = Board()
    board.failing = error

    async with aclosing(board.live.follow("ada")) as states:
        following = asyncio.ensure_future(anext(states))
        await board.looked.wait()
        board.failing = None
        board.put("ada", 1)

        assert await following == 1


async def test_closing_ends_all_who_follow() -> None:
    board = Board()
    board.put("ada", 1)
    states = board.live.follow("ada")
    await anext(states)

    await board.live.close()

    assert [state async for state in states] == []
    assert [state async for state in board.live.follow("ada")] == []
