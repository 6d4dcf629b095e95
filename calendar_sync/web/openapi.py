"""The OpenAPI 3.1 description of the REST API, made of the same operations and models that serve it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from calendar_sync.web.operations import Operation
from calendar_sync.web.shapes import ErrorEnvelope

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_DESCRIPTION = """\
Calendars of a product's users, kept in one event store. Every path is about the user whose API key or access token
is sent: as `Authorization: Bearer …`, `X-API-Key: …` or `api-key: …`. Times are ISO 8601 in UTC.

Every answer of status 400 and above holds an `error` with a `code` for machines, a `message` for people and the
`trace_id` that is also the `x-request-id` of the answer. Where a JSON object in a request has a key twice, the last
one counts. Answers to authenticated requests say in `x-ratelimit-*` what is left of the user's allowance.
"""
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or an OpenID Connect access token."},
    "x_api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "api_key": {"type": "apiKey", "in": "header", "name": "api-key"},
}
_AUTHENTICATION = {
    401: (
        "AUTHENTICATION_REQUIRED",
        "INVALID_API_KEY",
        "API_KEY_EXPIRED",
        "API_KEY_DEACTIVATED",
        "TOKEN_EXPIRED",
        "TOKEN_INVALID",
        "TOKEN_MISSING_SUBJECT",
    ),
    429: ("RATE_LIMIT_EXCEEDED",),
    503: ("STORE_UNAVAILABLE", "PROVIDER_UNAVAILABLE"),  # the provider of identities
}
_BODY = {
    400: ("BAD_JSON",),
    408: ("REQUEST_TIMEOUT",),
    413: ("PAYLOAD_TOO_LARGE",),
    415: ("UNSUPPORTED_MEDIA_TYPE",),
}
_MEANING = {
    200: "Done.",
    201: "Done; here it is.",
    202: "Stored, and done soon.",
    204: "Done; there is nothing more to say.",
    400: "The request cannot be understood, or leads nowhere.",
    401: "Credentials are missing, wrong, expired or revoked.",
    403: "It takes an administrator.",
    404: "It does not exist, or is another user's.",
    408: "The body did not arrive in time.",
    409: "It contradicts what is there.",
    413: "The body is too large.",
    415: "The body is not plain `application/json`.",
    422: "A value is wrong; `details.field` names it. Or the provider refuses what was typed.",
    429: "Too many requests; try again after `Retry-After` seconds.",
    502: "The provider answered something that is not understood.",
    503: "Not available just now; try again after `Retry-After` seconds.",
}


def describe(operations: Sequence[Operation]) -> Json:
    """The whole document."""
    _, definitions = models_json_schema(_models_of(operations), ref_template=_REFERENCE)
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "calendar-sync",
            "version": version("calendar-sync"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": definitions["$defs"], "securitySchemes": _SECURITY},
    }


def documented_errors(operation: Operation) -> Mapping[int, Sequence[str]]:
    """The codes by status: the operation's own, and those that come with credentials and with a body."""
    merged: dict[int, dict[str, None]] = {}
    for source in (operation.errors, {} if operation.is_open else _AUTHENTICATION, _BODY if operation.body else {}):
        for status, codes in source.items():
            merged.setdefault(status, {}).update(dict.fromkeys(codes))
    return {status: list(codes) for status, codes in sorted(merged.items())}


def _models_of(operations: Sequence[Operation]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    """Of bodies, each once, in order of appearance."""
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ErrorEnvelope, "serialization"): None}
    for operation in operations:
        if operation.body is not None:
            models[operation.body, "validation"] = None
        for written in operation.answers.values():
            if written is not None:
                models[written, "serialization"] = None
    return list(models)


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [_tag(operation)],
        "security": [] if operation.is_open else [{name: []} for name in _SECURITY],
        "responses": _responses(operation),
    }
    if parameters := [*_path_parameters(operation), *_query_parameters(operation)]:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _json_of(operation.body)}
    return described


def _tag(operation: Operation) -> str:
    parts = operation.path.strip("/").split("/")
    return parts[3] if parts[0] == "v1" else parts[0]


def _responses(operation: Operation) -> Json:
    responses: Json = {}
    for status, model in operation.answers.items():
        responses[str(status)] = _response(status, _MEANING[status], model)
    for status, codes in documented_errors(operation).items():
        listed = ", ".join(f"`{code}`" for code in codes)
        responses[str(status)] = _response(status, f"{_MEANING[status]} Codes: {listed}.", ErrorEnvelope)
    return responses


def _response(status: int, description: str, model: type[BaseModel] | None) -> Json:
    headers: Json = {
        "x-request-id": {"schema": {"type": "string", "format": "uuid"}, "description": "The request's trace_id."}
    }
    if status in {429, 503}:
        headers["retry-after"] = {"schema": {"type": "integer"}, "description": "In seconds."}
    response: Json = {"description": description, "headers": headers}
    return {**response, "content": _json_of(model)} if model else response


def _json_of(model: type[BaseModel]) -> Json:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}


def _path_parameters(operation: Operation) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(operation: Operation) -> Iterator[Json]:
    if operation.query is None:
        return
    described = operation.query.model_json_schema(ref_template=_REFERENCE)
    for name, schema in described["properties"].items():
        text = schema.pop("description", None)
        schema.pop("title", None)
        parameter = {"name": name, "in": "query", "required": name in described.get("required", ()), "schema": schema}
        yield {**parameter, "description": text} if text else parameter
