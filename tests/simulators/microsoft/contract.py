"""Microsoft's own models of Graph, from their SDK, as the contract of the simulator."""

import re
from functools import cache
from importlib import import_module
from typing import Any

import httpx
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.models.entity import Entity
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.outlook_item import OutlookItem

_MODELS = "msgraph.generated.models"
_DELTA = "msgraph.generated.users.item.calendars.item.calendar_view.delta.delta_get_response"
_SHAPES = (
    (r"(me|users/[^/]+)", f"{_MODELS}.user", "User"),
    (r".*/calendars", f"{_MODELS}.calendar_collection_response", "CalendarCollectionResponse"),
    (r".*/(calendar|calendars/[^/]+)", f"{_MODELS}.calendar", "Calendar"),
    (r".*/calendarView/delta(\(\))?", _DELTA, "DeltaGetResponse"),
    (r".*/(calendarView|events|instances)", f"{_MODELS}.event_collection_response", "EventCollectionResponse"),
    (r".*/events/[^/]+", f"{_MODELS}.event", "Event"),
    (r"subscriptions/[^/]+", f"{_MODELS}.subscription", "Subscription"),
)
_SUBSCRIPTIONS = {
    "GET": (f"{_MODELS}.subscription_collection_response", "SubscriptionCollectionResponse"),
    "POST": (f"{_MODELS}.subscription", "Subscription"),
}


def problems(response: httpx.Response) -> list[str]:
    """What is wrong with an answer by the models."""
    request = response.request
    path = request.url.raw_path.decode().partition("?")[0].partition("/v1.0/")[2]
    if response.status_code == 204 or path == "$batch":
        return []
    if "json" not in response.headers.get("content-type", ""):
        return [f"{path}: the answer is no JSON"]
    return problems_of(response.json(), ODataError if response.is_error else _shape(request.method, path))


def problems_of(content: dict[str, Any], shape: type) -> list[str]:
    """What is wrong with JSON that should be of a shape."""
    spare_the_heirs()
    node = JsonParseNodeFactory().get_root_parse_node("application/json", httpx.Response(200, json=content).content)
    return _differences(content, node.get_object_value(shape), "$")


def spare_the_heirs() -> None:
    """To read an id and a type, these two load every one of their thousand heirs unless they are told how."""
    for base, fields in ((Entity, _entity_fields), (OutlookItem, _item_fields)):
        base.get_field_deserializers = fields


@cache
def _imported(module: str, name: str) -> type:
    found: type = getattr(import_module(module), name)
    return found


def _shape(method: str, path: str) -> type:
    if path == "subscriptions":
        return _imported(*_SUBSCRIPTIONS[method])
    found = next(((module, name) for pattern, module, name in _SHAPES if re.fullmatch(pattern, path)), None)
    assert found is not None, f"no such method: {method} {path}"
    return _imported(*found)


def _entity_fields(self: Any) -> dict[str, Any]:  # noqa: ANN401 - a model
    return {
        "id": lambda node: setattr(self, "id", node.get_str_value()),
        "@odata.type": lambda node: setattr(self, "odata_type", node.get_str_value()),
    }


def _item_fields(self: Any) -> dict[str, Any]:  # noqa: ANN401 - a model
    return {
        **_entity_fields(self),
        "categories": lambda node: setattr(self, "categories", node.get_collection_of_primitive_values(str)),
        "changeKey": lambda node: setattr(self, "change_key", node.get_str_value()),
        "createdDateTime": lambda node: setattr(self, "created_date_time", node.get_datetime_value()),
        "lastModifiedDateTime": lambda node: setattr(self, "last_modified_date_time", node.get_datetime_value()),
    }


def _differences(raw: Any, parsed: Any, path: str) -> list[str]:  # noqa: ANN401 - any JSON, any model
    if raw is None:
        return []
    if parsed is None:
        return [f"{path}: {raw!r} is not understood"]
    if isinstance(raw, list):
        if len(raw) != len(parsed):
            return [f"{path}: not all of {raw!r} is understood"]
        return [
            each
            for i, (a, b) in enumerate(zip(raw, parsed, strict=True))
            for each in _differences(a, b, f"{path}[{i}]")
        ]
    if not isinstance(raw, dict):
        return []
    found = [f"{path}.{name}: unknown" for name in parsed.additional_data if not _is_annotation(name)]
    for name in raw.keys() - parsed.additional_data.keys():
        if not _is_annotation(name):
            found += _differences(raw[name], getattr(parsed, _attribute(name)), f"{path}.{name}")
    return found


def _is_annotation(name: str) -> bool:
    return "@odata." in name or name == "@removed"


def _attribute(name: str) -> str:
    """`iCalUId` is `i_cal_u_id`."""
    return re.sub("([A-Z])", r"_\1", name.replace("-", "_")).lower()
