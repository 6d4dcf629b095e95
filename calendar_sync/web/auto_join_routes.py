"""`/v1/meeting-buddy/auto-join`: the rules that decide which meetings a bot joins."""

import re

from starlette.requests import Request
from starlette.responses import Response

from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import AutoJoinRuleId
from calendar_sync.web.authentication import actor_of, services_of
from calendar_sync.web.auto_join_shapes import (
    AutoJoinRuleAnswer,
    AutoJoinRuleList,
    AutoJoinRuleRequest,
    AutoJoinRuleUpdate,
    JoinAll,
    JoinAllRequest,
    RuleFromEventRequest,
)
from calendar_sync.web.json_body import read_body
from calendar_sync.web.operations import Operation, answer

_RULES = "/v1/meeting-buddy/auto-join/rules"
_JOIN_ALL = "/v1/meeting-buddy/auto-join/join-all"
_RULE_ID = re.compile(r"majr_[a-z2-7]{24}", re.ASCII)
_INVALID = {422: ["VALIDATION_ERROR"]}
_NAMING_ONE = {404: ["AUTO_JOIN_RULE_NOT_FOUND"]}


async def list_rules(request: Request) -> Response:
    found = await services_of(request).auto_join_rules.list(await actor_of(request))
    return answer(AutoJoinRuleList(items=[AutoJoinRuleAnswer.of(rule) for rule in found], total=len(found)))


async def create_rule(request: Request) -> Response:
    actor = await actor_of(request)
    wanted = await read_body(request, AutoJoinRuleRequest)
    rule = await services_of(request).auto_join_rules.create(actor, wanted.draft())
    return answer(AutoJoinRuleAnswer.of(rule), status=201)


async def update_rule(request: Request) -> Response:
    actor, rule = await actor_of(request), _rule_id(request)
    wanted = await read_body(request, AutoJoinRuleUpdate)
    changed = await services_of(request).auto_join_rules.change(actor, rule, wanted.applied)
    return answer(AutoJoinRuleAnswer.of(changed))


async def delete_rule(request: Request) -> Response:
    actor = await actor_of(request)
    await services_of(request).auto_join_rules.delete(actor, _rule_id(request))
    return Response(status_code=204)


async def create_rule_from_event(request: Request) -> Response:
    actor = await actor_of(request)
    wanted = await read_body(request, RuleFromEventRequest)
    rule = await services_of(request).auto_join_rules.create_from_event(
        actor, wanted.event_id, wanted.action, wanted.match_by, wanted.bot_name
    )
    return answer(AutoJoinRuleAnswer.of(rule), status=201)


async def get_join_all(request: Request) -> Response:
    return answer(JoinAll.of(await services_of(request).auto_join_rules.join_all(await actor_of(request))))


async def set_join_all(request: Request) -> Response:
    actor = await actor_of(request)
    wanted = await read_body(request, JoinAllRequest)
    rules = services_of(request).auto_join_rules
    return answer(JoinAll.of(await rules.set_join_all(actor, enabled=wanted.enabled, bot_name=wanted.bot_name)))


def _rule_id(request: Request) -> AutoJoinRuleId:
    """What has not the shape of an identifier names nothing, and need not be looked for."""
    text: str = request.path_params["rule_id"]
    if not _RULE_ID.fullmatch(text):
        raise NotFound("auto_join_rule")
    return AutoJoinRuleId(text)


OPERATIONS = (
    Operation(
        method="GET",
        path=_RULES,
        handler=list_rules,
        name="listAutoJoinRules",
        summary="List auto-join rules",
        description="In the order in which they are tried: the highest priority first, of equals the oldest.",
        answers={200: AutoJoinRuleList},
        errors={},
    ),
    Operation(
        method="POST",
        path=_RULES,
        handler=create_rule,
        name="createAutoJoinRule",
        summary="Make an auto-join rule",
        description="All conditions that are set must hold for a meeting. The first rule that matches decides.",
        answers={201: AutoJoinRuleAnswer},
        errors=_INVALID,
        body=AutoJoinRuleRequest,
    ),
    Operation(
        method="POST",
        path=f"{_RULES}/from-event",
        handler=create_rule_from_event,
        name="createAutoJoinRuleFromEvent",
        summary="Make an auto-join rule for meetings like an event",
        description="With the same organiser, or the same title. It goes before all rules there are.",
        answers={201: AutoJoinRuleAnswer},
        errors={404: ["EVENT_NOT_FOUND"], **_INVALID},
        body=RuleFromEventRequest,
    ),
    Operation(
        method="PATCH",
        path=f"{_RULES}/{{rule_id}}",
        handler=update_rule,
        name="updateAutoJoinRule",
        summary="Change an auto-join rule",
        description="What is left out stays; `null` clears, or sets to what a new rule has.",
        answers={200: AutoJoinRuleAnswer},
        errors={**_NAMING_ONE, **_INVALID},
        body=AutoJoinRuleUpdate,
    ),
    Operation(
        method="DELETE",
        path=f"{_RULES}/{{rule_id}}",
        handler=delete_rule,
        name="deleteAutoJoinRule",
        summary="Delete an auto-join rule",
        description="Meetings that it decided are decided by the others.",
        answers={204: None},
        errors=_NAMING_ONE,
    ),
    Operation(
        method="GET",
        path=_JOIN_ALL,
        handler=get_join_all,
        name="getJoinAllStatus",
        summary="Whether all meetings are joined",
        description="Those that no other rule decides, and that have a link.",
        answers={200: JoinAll},
        errors={},
    ),
    Operation(
        method="POST",
        path=_JOIN_ALL,
        handler=set_join_all,
        name="toggleJoinAllMeetings",
        summary="Join all meetings, or no longer",
        description="By a rule that is tried last, and that is kept while it is not enabled.",
        answers={200: JoinAll},
        errors=_INVALID,
        body=JoinAllRequest,
    ),
)
