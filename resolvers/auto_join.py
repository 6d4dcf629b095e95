"""Auto-join: rules, and what they decide."""

from dataclasses import fields
from datetime import datetime
from typing import Annotated

import strawberry

from calendar_sync.auto_join.rules import MatchBy
from calendar_sync.domain.auto_join_rules import RuleAction, RuleDraft, changed
from calendar_sync.domain.errors import Invalid, Refusal
from calendar_sync.domain.identifiers import AutoJoinRuleId, OccurrenceId
from resolvers.context import Info
from resolvers.events import EventArgument
from resolvers.refusals import camel, told
from schema.types.auto_join import (
    AutoJoinOutcome,
    AutoJoinPreview,
    AutoJoinPreviewResult,
    AutoJoinRule,
    AutoJoinRuleDeleted,
    AutoJoinRuleInput,
    AutoJoinRuleSaved,
    DeleteAutoJoinRuleResult,
    JoinAll,
    SaveAutoJoinRuleResult,
)
from schema.types.decision import AutoJoinDecision
from schema.types.described import describe
from schema.types.event import Event
from schema.types.failures import AutoJoinRuleFailed, DeleteAutoJoinRuleFailed

describe(
    MatchBy,
    "What meetings have in common with the one that a rule is made from.",
    {MatchBy.ORGANIZER: "Who called for them.", MatchBy.TITLE: "What they are called."},
)

RuleArgument = Annotated[strawberry.ID, strawberry.argument(description="The rule: `majr_…`")]
InputArgument = Annotated[AutoJoinRuleInput, strawberry.argument(description="The rule.")]
BotArgument = Annotated[str | None, strawberry.argument(description="What the bot is called in those meetings.")]

_FIELDS = {field.name: f"input.{camel(field.name)}" for field in fields(AutoJoinRuleInput)}


async def auto_join_rules(info: Info) -> list[AutoJoinRule]:
    return [AutoJoinRule.of(rule) for rule in await info.context.services.auto_join_rules.list(info.context.actor)]


async def join_all(info: Info) -> JoinAll:
    return JoinAll.of(await info.context.services.auto_join_rules.join_all(info.context.actor))


async def create_auto_join_rule(info: Info, input: InputArgument) -> SaveAutoJoinRuleResult:
    try:
        draft = _applied(input, RuleDraft(""))
        rule = await info.context.services.auto_join_rules.create(info.context.actor, draft)
    except Refusal as error:
        return AutoJoinRuleFailed(**told(error, _FIELDS))
    return AutoJoinRuleSaved(rule=AutoJoinRule.of(rule))


async def update_auto_join_rule(info: Info, id: RuleArgument, input: InputArgument) -> SaveAutoJoinRuleResult:
    rules = info.context.services.auto_join_rules
    try:
        rule = await rules.change(info.context.actor, AutoJoinRuleId(id), lambda draft: _applied(input, draft))
    except Refusal as error:
        return AutoJoinRuleFailed(**told(error, _FIELDS))
    return AutoJoinRuleSaved(rule=AutoJoinRule.of(rule))


async def delete_auto_join_rule(info: Info, id: RuleArgument) -> DeleteAutoJoinRuleResult:
    try:
        await info.context.services.auto_join_rules.delete(info.context.actor, AutoJoinRuleId(id))
    except Refusal as error:
        return DeleteAutoJoinRuleFailed(**told(error))
    return AutoJoinRuleDeleted(rule_id=id)


async def create_auto_join_rule_from_event(
    info: Info,
    event_id: EventArgument,
    action: Annotated[RuleAction, strawberry.argument(description="What is to become of meetings like it.")],
    match_by: Annotated[
        MatchBy | None, strawberry.argument(description="What they have in common; by default the organiser.")
    ] = None,
    bot_name: BotArgument = None,
) -> SaveAutoJoinRuleResult:
    rules = info.context.services.auto_join_rules
    try:
        rule = await rules.create_from_event(info.context.actor, OccurrenceId(event_id), action, match_by, bot_name)
    except Refusal as error:
        return AutoJoinRuleFailed(**told(error, {"match_by": "matchBy"}))
    return AutoJoinRuleSaved(rule=AutoJoinRule.of(rule))


async def set_join_all(
    info: Info,
    enabled: Annotated[bool, strawberry.argument(description="Whether they are to be joined.")],
    bot_name: BotArgument = None,
) -> JoinAll:
    rules = info.context.services.auto_join_rules
    return JoinAll.of(await rules.set_join_all(info.context.actor, enabled=enabled, bot_name=bot_name))


async def preview_auto_join_rule(
    info: Info,
    input: InputArgument,
    replacing: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The rule that it would be, changed so: `majr_…`. By default a new one."),
    ] = None,
) -> AutoJoinPreviewResult:
    services, actor = info.context.services, info.context.actor
    current = AutoJoinRuleId(replacing) if replacing is not None else None
    try:
        found = await services.decisions.preview(actor, lambda draft: _applied(input, draft), current)
    except Refusal as error:
        return AutoJoinRuleFailed(**told(error, _FIELDS))
    joined, left = (
        [
            AutoJoinOutcome(
                event=Event.of(each.occurrence),
                now=AutoJoinDecision.of(each.now),
                then=AutoJoinDecision.of(each.then),
            )
            for each in outcomes
        ]
        for outcomes in (found.joined, found.left)
    )
    return AutoJoinPreview(joined=joined, left=left, looked_at=found.looked_at, has_more=found.has_more)


def _applied(given: AutoJoinRuleInput, draft: RuleDraft) -> RuleDraft:
    said = {field.name: getattr(given, field.name) for field in fields(given)}
    said = {name: value for name, value in said.items() if value is not strawberry.UNSET}
    for name in ("time_window_start", "time_window_end"):
        if said.get(name) is not None:
            said[name] = _clock(name, said[name])
    return changed(draft, said)


def _clock(name: str, text: str) -> object:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day, of the rule's own zone
    except ValueError as err:
        raise Invalid(f"{name} must be a time of day as in 09:30.", field=name) from err
