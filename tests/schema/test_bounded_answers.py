"""An answer comes in time, and is of bounded size, whatever goes wrong while it is made."""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionResult

from schema import limits
from schema.execution import Schema


@strawberry.type
class Item:
    @strawberry.field
    def wrong(self) -> int | None:
        raise ValueError("It is wrong.")


@strawberry.type
class Query:
    @strawberry.field
    def items(self, count: int) -> list[Item]:
        return [Item() for _ in range(count)]

    @strawberry.field
    async def endless(self) -> int:
        return await asyncio.Future()


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def slow(self) -> str:
        await asyncio.sleep(0.1)
        return "done"


@dataclass(frozen=True)
class Asked:
    result: ExecutionResult

    @property
    def codes(self) -> list[str]:
        return [(error.extensions or {})["code"] for error in self.result.errors or ()]


async def asked(query: str) -> Asked:
    schema = Schema(query=Query, mutation=Mutation, config=StrawberryConfig())
    return Asked(await schema.execute(query, context_value=SimpleNamespace(actor="ada", trace_id="trace")))


async def test_an_answer_tells_so_many_errors_and_that_there_are_more() -> None:
    most, more = [await asked(f"{{ items(count: {limits.MOST_ERRORS + extra}) {{ wrong }} }}") for extra in (0, 1)]

    assert most.codes == ["INTERNAL_ERROR"] * limits.MOST_ERRORS
    assert more.codes == [*most.codes, "TOO_MANY_ERRORS"]


async def test_so_many_mistakes_in_a_document_are_told() -> None:
    found = await asked("{" + " ".join(f"x{number}" for number in range(500)) + "}")

    assert set(found.codes) <= {"GRAPHQL_VALIDATION_FAILED", "TOO_MANY_ERRORS"}
    assert len(found.codes) == limits.MOST_ERRORS + 1


async def test_a_query_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_SECONDS", 0.02)

    found = await asked("{ endless }")

    assert found.codes == ["QUERY_TOO_SLOW"]
    assert found.result.data is None


async def test_what_is_done_takes_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_SECONDS", 0.02)

    assert (await asked("mutation { slow }")).result.data == {"slow": "done"}
