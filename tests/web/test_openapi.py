from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel
from starlette.routing import Route

from calendar_sync.web.auto_join_shapes import AutoJoinRuleAnswer, AutoJoinRuleList, JoinAll
from calendar_sync.web.openapi import describe
from calendar_sync.web.org_connections_shapes import OrgConnection, OrgConnectionList, OrgConnectionRequest
from calendar_sync.web.rest import OPERATIONS, routes
from calendar_sync.web.shapes import (
    CalendarConnection,
    CalendarEvent,
    CalendarEventList,
    ErrorBody,
    EventQuery,
    SyncAnswer,
)
from tests.web.door import Door

PAGES = {"/docs", "/openapi.json", "/calendars/{secret}.ics"}
"""What is no part of the REST API: for people, for machines that read about it, and for calendar programs."""

DOCUMENTED: dict[type[BaseModel], set[str]] = {
    SyncAnswer: {"synced_calendars", "new_events", "updated_events", "errors"},
    CalendarEventList: {"items", "total", "skip", "limit", "has_more"},
    CalendarEvent: {
        "id",
        "calendar_provider",
        "title",
        "start_time",
        "end_time",
        "timezone",
        "meeting_link",
        "meeting_platform",
        "is_joinable",
        "organizer_email",
        "attendee_count",
        "is_recurring",
        "status",
        "auto_join_status",
        "session_id",
        "synced_at",
        "created_at",
    },
    CalendarConnection: {"credential_id", "provider", "account_email", "is_active", "last_sync_at", "event_count"},
    OrgConnection: {
        "id",
        "organization_id",
        "provider",
        "calendar_name",
        "account_email",
        "is_active",
        "sync_interval_minutes",
        "last_sync_at",
        "created_by",
        "created_at",
    },
    OrgConnectionList: {"connections"},
    AutoJoinRuleList: {"items", "total"},
    AutoJoinRuleAnswer: {
        "id",
        "name",
        "is_enabled",
        "calendar_provider",
        "match_mode",
        "keywords",
        "organizer_emails",
        "exclude_patterns",
        "min_attendees",
        "max_attendees",
        "time_window_start",
        "time_window_end",
        "days_of_week",
        "timezone",
        "bot_name",
        "priority",
        "created_at",
        "updated_at",
    },
    JoinAll: {"enabled", "rule_id"},
    OrgConnectionRequest: {"provider", "credential_id", "calendar_name", "account_email"},
    EventQuery: {
        "skip",
        "limit",
        "start_after",
        "start_before",
        "start_date",
        "end_date",
        "provider",
        "auto_join_status",
    },
    ErrorBody: {"code", "message", "type", "status", "details", "trace_id", "timestamp"},
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(OPERATIONS)


def test_the_description_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_route_is_described_and_nothing_else_is(document: dict[str, Any]) -> None:
    served = {
        (route.path, method)
        for route in routes()
        if isinstance(route, Route) and route.path not in PAGES
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}

    assert described == served


@pytest.mark.parametrize("model", DOCUMENTED, ids=lambda model: model.__name__)
def test_no_field_of_the_contract_is_left_out(model: type[BaseModel]) -> None:
    assert set(model.model_fields) >= DOCUMENTED[model]


def test_everything_is_said_in_words(document: dict[str, Any]) -> None:
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]

    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] and operation["description"] for operation in operations)


def test_filters_are_described_with_their_bounds(document: dict[str, Any]) -> None:
    parameters = {
        each["name"]: each for each in document["paths"]["/v1/meeting-buddy/calendar/events"]["get"]["parameters"]
    }

    assert parameters["limit"]["schema"] == {"type": "integer", "default": 50, "minimum": 1, "maximum": 100}
    assert all(parameter["description"] for parameter in parameters.values())


@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_served_without_credentials(door: Door, document: dict[str, Any]) -> None:
    async with door.asking() as client:
        answer: httpx.Response = await client.get("/openapi.json")

    assert answer.status_code == 200
    assert answer.json() == document
