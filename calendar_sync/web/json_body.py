"""Reads JSON that strangers sent: bounded in depth and size of numbers, and an object.

Where an object has a key twice, the last one counts, as in GraphQL requests.
"""

from collections.abc import Iterable
from typing import TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from calendar_sync.domain.errors import Invalid
from calendar_sync.web.errors import Unreadable

_DEEPEST = 64

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, model: type[Model]) -> Model:
    """Raises `Unreadable` (400, 415) or `Invalid` with the offending field."""
    require_json(request.headers.get("content-type", ""))
    return read_values(json_object(await request.body()), model)


def read_values(values: dict[str, object], model: type[Model]) -> Model:
    """Raises `Invalid` with the first offending field."""
    try:
        return model.model_validate(values)
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise Invalid(f"{field}: {message[:1].lower()}{message[1:]}.", field=field) from err


def require_json(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Unreadable(415, "UNSUPPORTED_MEDIA_TYPE", "The request body must be application/json.")


def json_object(raw: bytes) -> dict[str, object]:
    """Raises `Unreadable` (400 `BAD_JSON`) for anything but a JSON object in UTF-8 that nests no deeper than 64.

    NaN, infinities, numbers no double can hold and lone surrogates are no JSON here. A NUL in a string is `Invalid`:
    no store could keep it.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as err:
        raise _bad_json("The request body is not valid JSON in UTF-8.") from err
    if not isinstance(value, dict):
        raise _bad_json("The request body must be a JSON object.")
    _inspect(value)
    return value


def _inspect(value: dict[str, object]) -> None:
    level: list[tuple[str, object]] = [("", value)]
    for _ in range(_DEEPEST):
        level = [child for path, parent in level for child in _children(path, parent)]
        if not level:
            return
    raise _bad_json("The request body nests too deeply.")


def _children(path: str, value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, str) and "\0" in value:
        raise Invalid("A text must not contain the NUL character.", field=path)
    if isinstance(value, dict):
        return [(f"{path}.{key}" if path else key, child) for key, child in value.items()]
    return [(path, child) for child in value] if isinstance(value, list) else []


def _bad_json(message: str) -> Unreadable:
    return Unreadable(400, "BAD_JSON", message)
