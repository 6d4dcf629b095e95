"""Partial responses: the `fields` parameter, as in `nextPageToken,items(id,start/dateTime)`."""

import re
from dataclasses import dataclass, field
from typing import Any

from simulators.google.errors import ApiError, invalid_parameter

Selection = dict[str, "Selection"]
"""What is wanted of an object, by name; an empty selection wants all of the value. `*` is every name."""

_TOKEN = re.compile(r"[A-Za-z0-9_*]+|[(),/]")


def parse(text: str) -> Selection:
    """Raises `ValueError` where the text is no selection."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text.replace(" ", ""):
        raise ValueError(text)
    reader = _Reader(tokens)
    selection = reader.selection()
    if reader.tokens:
        raise ValueError(text)
    return selection


def selected(text: str, known: Selection) -> Selection:
    """The selection a client asks for, of a resource of which `known` says all names. Raises `ApiError`."""
    try:
        selection = parse(text)
    except ValueError as err:
        raise _invalid(text) from err
    _check(selection, known)
    return selection


def projected(value: Any, selection: Selection) -> Any:  # noqa: ANN401 - any JSON value
    """What `selection` wants of a value."""
    if not selection:
        return value
    if isinstance(value, list):
        return [projected(each, selection) for each in value]
    if not isinstance(value, dict):
        return value
    wanted = {name: selection.get(name, selection.get("*")) for name in value}
    return {name: projected(value[name], part) for name, part in wanted.items() if part is not None}


@dataclass(slots=True)
class _Reader:
    tokens: list[str] = field(default_factory=list)

    def selection(self) -> Selection:
        found: Selection = {}
        while True:
            self._path(found)
            if self._next() != ",":
                return found
            self.tokens.pop(0)

    def _path(self, into: Selection) -> None:
        name = self.tokens.pop(0) if self.tokens else ""
        if not name or name in "(),/":
            raise ValueError(name)
        part = into.setdefault(name, {})
        if self._next() == "/":
            self.tokens.pop(0)
            self._path(part)
        elif self._next() == "(":
            self.tokens.pop(0)
            part.update(self.selection())
            if self._next() != ")":
                raise ValueError(name)
            self.tokens.pop(0)

    def _next(self) -> str:
        return self.tokens[0] if self.tokens else ""


def _check(selection: Selection, known: Selection) -> None:
    for name, part in selection.items():
        if name == "*":
            continue
        below = known.get(name, known.get("*"))
        if below is None or (part and not below):
            raise _invalid(name)
        if part:
            _check(part, below)


def _invalid(name: str) -> ApiError:
    return invalid_parameter(f"Invalid field selection {name}", "fields")
