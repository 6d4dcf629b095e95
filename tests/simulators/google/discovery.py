"""Google's own description of Calendar API v3, from their client library, as the contract of the simulator."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote

import httpx

Json = dict[str, Any]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
}


@cache
def document() -> Json:
    source = resources.files("googleapiclient.discovery_cache") / "documents" / "calendar.v3.json"
    description: Json = json.loads(source.read_text())
    return description


@cache
def methods() -> dict[str, Json]:
    """Every method by its name, such as `events.list`."""
    described = document()["resources"]
    return {f"{noun}.{verb}": method for noun in described for verb, method in described[noun]["methods"].items()}


def problems(response: httpx.Response) -> list[str]:
    """What is wrong with an answer, or with the question, by the description."""
    request = response.request
    path = unquote(request.url.raw_path.decode().partition("?")[0]).removeprefix(document()["basePath"])
    name = _method_name(request.method, path)
    if name is None:
        return [f"no such method: {request.method} {path}"]
    method = methods()[name]
    known = {*method.get("parameters", {}), *document()["parameters"]}
    found = [f"unknown parameter: {each}" for each in request.url.params if each not in known]
    if response.is_success and response.status_code != 204:
        found += _problems(response.json(), method["response"], "$")
    return found


def _method_name(verb: str, path: str) -> str | None:
    candidates = [name for name, m in methods().items() if m["httpMethod"] == verb and _matches(m["path"], path)]
    return min(candidates, key=lambda name: methods()[name]["path"].count("{"), default=None)


def _matches(template: str, path: str) -> bool:
    pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template))
    return re.fullmatch(pattern, path) is not None


def _problems(value: object, schema: Json, path: str) -> Iterator[str]:
    schema = document()["schemas"][schema["$ref"]] if "$ref" in schema else schema
    kind = schema.get("type", "any")
    if kind == "any":
        return
    if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {kind}"
    elif isinstance(value, dict):
        for name, part in value.items():
            inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            yield from [f"{path}.{name}: unknown"] if inner is None else _problems(part, inner, f"{path}.{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _problems(part, schema["items"], f"{path}[{index}]")
    elif isinstance(value, str) and not _is_well_formed(value, schema):
        yield f"{path}: {value!r} is no {schema.get('format') or schema['enum']}"


def _is_well_formed(text: str, schema: Json) -> bool:
    try:
        match schema.get("format"):
            case "date-time":
                return datetime.fromisoformat(text).tzinfo is not None
            case "date":
                return date.fromisoformat(text).isoformat() == text
            case "int64":
                return str(int(text)) == text
    except ValueError:
        return False
    return text in schema.get("enum", [text])
