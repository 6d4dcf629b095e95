"""Fields that need something looked up: what it is, and what the field makes of it, told apart.

`schema.fast` looks up at once whatever a whole page of objects needs, and then makes the fields; graphql-core has a
coroutine for each field of each object.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import strawberry

from schema.types.loading import Info, Loaders

Read = TypeVar("Read", bound=Callable[..., object])
Load = Callable[[Any, Loaders], Awaitable[object] | None]
"""From the object to what is looked up for it, by a loader. `None`: nothing needs to be."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a field made by `loaded` has under `KEY` in its metadata."""

    load: Load
    read: Callable[[Any, Any], object]

    KEY = "loaded"


def loaded(description: str, load: Load) -> Callable[[Read], Read]:
    """Make a method a field of its type. It is given what `load` came to, `None` without, and must do nothing else."""

    def field(read: Read) -> Read:
        async def resolver(self: object, info: Info) -> object:
            coming = load(self, info.context.loaders)
            return read(self, None if coming is None else await coming)

        resolver.__name__, resolver.__module__ = read.__name__, read.__module__
        resolver.__annotations__["return"] = read.__annotations__["return"]
        metadata = {Loaded.KEY: Loaded(load, read)}
        return cast(Read, strawberry.field(resolver, description=description, metadata=metadata))

    return field
