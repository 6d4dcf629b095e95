"""A schema of everything that a plan has to tell apart, and objects of it that hold what they should not."""

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

import strawberry
from graphql import Undefined
from hypothesis import strategies as st
from strawberry.dataloader import DataLoader
from strawberry.schema.config import StrawberryConfig

from schema.types.described import described
from schema.types.loaded import loaded
from schema.types.scalars import scalars


@strawberry.enum
class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Tagged(Named):
    colour: Colour


@strawberry.type
class Bare:
    text: str | None


Either = Annotated[Tagged | Bare, strawberry.union("Either")]


def _double(thing: "Thing", loaders: Any) -> Any:  # noqa: ANN401 - of the loaders below
    return None if thing.note else loaders.double.load(thing.number)


def _following(thing: "Thing", loaders: Any) -> Any:  # noqa: ANN401 - of the loaders below
    return loaders.following.load(thing.number)


@strawberry.type
class Thing:
    text: str
    note: str | None
    number: int
    share: float | None
    is_so: bool
    at: datetime | None
    colour: Colour | None
    id: strawberry.ID
    texts: list[str]
    table: list[list[int | None]] | None
    things: list["Thing | None"]
    inner: "Thing | None"
    must: "Thing"
    named: Named | None
    either: list[Either]

    @described("Raises where there is no text to turn around.")
    def turned(self) -> str:
        return self.text[::-1]

    @described("Awaited.")
    async def later(self) -> str | None:
        await asyncio.sleep(0)
        return self.note

    @described("Awaited, and with arguments.")
    async def repeated(self, times: int = 2) -> str:
        return self.text * times

    @described("With what it is asked in.")
    def field_name(self, info: strawberry.Info) -> str:
        return info.field_name

    @loaded("Looked up, unless there is a note.", _double)
    def double(self, found: int | None) -> int:
        return self.number if found is None else found

    @loaded("A thing that is looked up, and may have more to look up.", _following)
    def following(self, found: "Thing | None") -> "Thing | None":
        return found


@strawberry.type
class Query:
    @strawberry.field
    def thing(self, info: strawberry.Info) -> Thing | None:
        thing: Thing = info.context.thing
        return thing


schema = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=scalars()))


@dataclass(frozen=True)
class Loaders:
    double: DataLoader[int, int]
    following: DataLoader[int, Thing | None]


@dataclass(frozen=True)
class Context:
    """Of one execution."""

    thing: Thing

    @cached_property
    def loaders(self) -> Loaders:
        return Loaders(DataLoader(self._double), DataLoader(self._following))

    async def _double(self, numbers: list[int]) -> list[int | BaseException]:
        return [number * 2 if number >= 0 else LookupError("There is none.") for number in numbers]

    async def _following(self, numbers: list[int]) -> list[Thing | BaseException | None]:
        if 3 in numbers:
            raise ConnectionError("Nothing can be looked up now.")
        return [self.thing.inner if number == 1 else None if number == 2 else self.thing for number in numbers]


@dataclass(frozen=True)
class Awaited:
    """Something that has to be awaited first, as often as one likes."""

    value: object

    def __await__(self) -> Generator[None, None, object]:
        yield from asyncio.sleep(0).__await__()
        return self.value


_WRONG: Sequence[object] = (
    *(None, Undefined, 5, -1, 2**31, 1.5, "", "red", True, Colour.BLUE, object(), [], ["a"], {}),
    *(ValueError("It is wrong."), Awaited("later"), Awaited(None), Awaited(7), Awaited(ValueError("Too late."))),
)


def _mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 30).flatmap(lambda number: st.sampled_from(_WRONG) if number == 0 else usual)


_texts = st.sampled_from(["a", "b", ""])
_numbers = st.integers(-1, 5)
_colours = st.sampled_from(Colour)
_named = st.builds(Tagged, name=_mostly(_texts), colour=_mostly(_colours))
_either = st.one_of(_named, st.builds(Bare, text=_mostly(st.none() | _texts)))


def _things(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Thing]:
    return st.builds(
        Thing,
        text=_mostly(_texts),
        note=_mostly(st.none() | _texts),
        number=_mostly(_numbers),
        share=_mostly(st.none() | st.floats(-1, 1)),
        is_so=_mostly(st.booleans()),
        at=_mostly(st.just(datetime(2026, 3, 1, 9, 30, tzinfo=UTC))),
        colour=_mostly(st.none() | _colours),
        id=_mostly(_texts),
        texts=_mostly(st.lists(_mostly(_texts), max_size=2)),
        table=_mostly(st.none() | st.lists(_mostly(st.lists(_mostly(_numbers), max_size=2)), max_size=2)),
        things=_mostly(st.lists(_mostly(inner), max_size=3)),
        inner=_mostly(inner),
        must=_mostly(inner),
        named=_mostly(_named),
        either=_mostly(st.lists(_mostly(_either), max_size=2)),
    )


things: st.SearchStrategy[Thing] = _things(_things(st.none()))
"""Most of what they hold is as it should be."""


def is_awaited(document: str, thing: Thing) -> bool:
    """Whether anything of it may be."""
    fields = ("later", "repeated", "double", "following")
    return any(f": {name}" in document for name in fields) or Awaited.__name__ in repr(thing)
