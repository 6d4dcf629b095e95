"""Auto-join: rules, what they decide, and what users do with them."""

from dataclasses import fields
from datetime import datetime, time
from typing import Annotated, Any

import strawberry

from calendar_sync.domain.auto_join_rules import Audience, MatchMode, RuleAction, RuleConditions
from calendar_sync.domain.auto_join_rules import AutoJoinRule as DomainRule
from schema.types.decision import AutoJoinDecision
from schema.types.described import describe
from schema.types.enums import ProviderName, ResponseStatus
from schema.types.event import Event
from schema.types.failures import AutoJoinRuleFailed, DeleteAutoJoinRuleFailed

describe(
    MatchMode,
    "Which texts of a rule are looked at. All its other conditions hold in every mode.",
    {
        MatchMode.ALL: "None: whatever the meeting is called.",
        MatchMode.KEYWORD: "`keywords`.",
        MatchMode.ORGANIZER: "`organizerEmails`.",
        MatchMode.CUSTOM: "All that are set of `keywords`, `organizerEmails` and `attendeeEmails`.",
    },
)
describe(
    RuleAction,
    "What becomes of a meeting that a rule is the first to match.",
    {RuleAction.ALWAYS_JOIN: "The bot joins it.", RuleAction.NEVER_JOIN: "The bot stays out."},
)
describe(
    Audience,
    "Who attends, by the domain of the account's own address.",
    {Audience.INTERNAL: "Nobody of another domain.", Audience.EXTERNAL: "Somebody of another domain."},
)


@strawberry.type(
    description="A rule that decides which meetings a bot joins. It matches a meeting when all that is set holds."
)
class AutoJoinRule:
    id: strawberry.ID = strawberry.field(description="`majr_…`")
    name: str = strawberry.field(description="What it is called.")
    is_enabled: bool = strawberry.field(description="Whether it is tried at all.")
    action: RuleAction = strawberry.field(description="What becomes of a meeting that it is the first to match.")
    priority: int = strawberry.field(description="The highest is tried first; of equals, the oldest.")
    calendar_provider: ProviderName | None = strawberry.field(description="The meeting was read from this service.")
    calendar_ids: list[strawberry.ID] | None = strawberry.field(description="It is in one of these calendars.")
    match_mode: MatchMode = strawberry.field(description="Which of the texts are looked at.")
    keywords: list[str] | None = strawberry.field(
        description="One of them stands in title or description as whole words, in whatever case."
    )
    organizer_emails: list[str] | None = strawberry.field(
        description="One of them called for it: addresses, or domains as in `@example.com`."
    )
    attendee_emails: list[str] | None = strawberry.field(description="One of them attends; domains as well.")
    exclude_patterns: list[str] | None = strawberry.field(
        description="None of them fits: with `*` or `?`, the whole title; without, a keyword."
    )
    min_attendees: int = strawberry.field(description="At least so many attend, rooms left out.")
    max_attendees: int | None = strawberry.field(description="At most so many do.")
    time_window_start: str | None = strawberry.field(description="It starts then or later: `HH:MM` in `timezone`.")
    time_window_end: str | None = strawberry.field(
        description="It starts earlier: `HH:MM`. Before `timeWindowStart`, that is on the next day."
    )
    days_of_week: list[int] | None = strawberry.field(
        description="It starts on one of these days: 0 is Monday. What starts after midnight in a window that began "
        "the day before belongs to that day."
    )
    timezone: str = strawberry.field(description="The zone of times and days, an IANA name.")
    responses: list[ResponseStatus] | None = strawberry.field(
        description="The account's owner answered one of these. By default all but `DECLINED`."
    )
    organized_by_me: bool | None = strawberry.field(description="The account's owner called for it, or did not.")
    audience: Audience | None = strawberry.field(description="Who attends, by domain.")
    is_recurring: bool | None = strawberry.field(description="It is of a series, or is not.")
    include_all_day: bool = strawberry.field(description="Whether days without times can match. By default not.")
    bot_name: str | None = strawberry.field(description="What the bot is called in the meeting.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @classmethod
    def of(cls, rule: DomainRule) -> "AutoJoinRule":
        draft, conditions = rule.draft, rule.draft.conditions
        said = {field.name: getattr(conditions, field.name) for field in fields(RuleConditions)}
        listed: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value for name, value in said.items()
        }
        listed["time_window_start"] = _clock(conditions.time_window_start)
        listed["time_window_end"] = _clock(conditions.time_window_end)
        return cls(
            **listed,
            id=strawberry.ID(rule.id),
            name=draft.name,
            is_enabled=draft.is_enabled,
            action=draft.action,
            priority=draft.priority,
            bot_name=draft.options.bot_name,
            created_at=rule.created_at,
            updated_at=rule.updated_at,
        )


def _clock(value: time | None) -> str | None:
    return None if value is None else value.strftime("%H:%M")


@strawberry.input(
    description="What to say of a rule. Of a new one, whatever is left out has its default; of one that is there, it "
    "stays as it is, and `null` sets it to its default."
)
class AutoJoinRuleInput:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What it is called: 1 to 255 characters. A new rule needs it."
    )
    is_enabled: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it is tried at all; yes.")
    action: RuleAction | None = strawberry.field(
        default=strawberry.UNSET, description="What becomes of a meeting that it matches; `ALWAYS_JOIN`."
    )
    priority: int | None = strawberry.field(
        default=strawberry.UNSET, description="The highest is tried first, of equals the oldest; 0."
    )
    calendar_provider: ProviderName | None = strawberry.field(
        default=strawberry.UNSET, description="Only meetings read from this service."
    )
    calendar_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Only meetings in one of these calendars."
    )
    match_mode: MatchMode | None = strawberry.field(
        default=strawberry.UNSET, description="Which of the texts are looked at; `ALL`, none of them."
    )
    keywords: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Whole words of title or description, in whatever case; at most 100."
    )
    organizer_emails: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Addresses, or domains as in `@example.com`."
    )
    attendee_emails: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="One of them attends; domains as well."
    )
    exclude_patterns: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="With `*` or `?`, whole titles; without, keywords: these do not match."
    )
    min_attendees: int | None = strawberry.field(
        default=strawberry.UNSET, description="At least so many attend, rooms left out; 0."
    )
    max_attendees: int | None = strawberry.field(default=strawberry.UNSET, description="At most so many do.")
    time_window_start: str | None = strawberry.field(
        default=strawberry.UNSET, description="It starts then or later: `HH:MM` in `timezone`."
    )
    time_window_end: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="It starts earlier: `HH:MM`. Before `timeWindowStart`, that is on the next day.",
    )
    days_of_week: list[int] | None = strawberry.field(
        default=strawberry.UNSET, description="It starts on one of these days: 0 is Monday, 6 Sunday."
    )
    timezone: str | None = strawberry.field(
        default=strawberry.UNSET, description="The zone of times and days, an IANA name; `UTC`."
    )
    responses: list[ResponseStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="What the account's owner answered; by default all but `DECLINED`."
    )
    organized_by_me: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether the account's owner called for it."
    )
    audience: Audience | None = strawberry.field(
        default=strawberry.UNSET, description="Whether somebody of another domain attends."
    )
    is_recurring: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it is of a series.")
    include_all_day: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether days without times can match; they cannot."
    )
    bot_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What the bot is called in the meeting."
    )


@strawberry.type(description="A meeting that a rule would make a difference to.")
class AutoJoinOutcome:
    event: Event = strawberry.field(description="The meeting.")
    now: AutoJoinDecision = strawberry.field(description="What is decided as the rules are.")
    then: AutoJoinDecision = strawberry.field(description="What would be decided.")


@strawberry.type(description="What a rule would change, over the next 500 meetings with a link. Nothing is saved.")
class AutoJoinPreview:
    joined: list[AutoJoinOutcome] = strawberry.field(description="Those that would be joined, and are not now.")
    left: list[AutoJoinOutcome] = strawberry.field(description="Those that would be joined no more.")
    looked_at: int = strawberry.field(description="How many meetings were looked at.")
    has_more: bool = strawberry.field(description="Whether there are more, later ones.")


@strawberry.type(description="Whether all meetings are joined that no other rule decides.")
class JoinAll:
    enabled: bool = strawberry.field(description="Whether they are.")
    rule_id: strawberry.ID | None = strawberry.field(
        description="The rule that sees to it, tried last; it is kept while it is not enabled."
    )

    @classmethod
    def of(cls, rule: DomainRule | None) -> "JoinAll":
        return cls(enabled=rule is not None and rule.draft.is_enabled, rule_id=strawberry.ID(rule.id) if rule else None)


@strawberry.type(description="The rule is as it was asked for, and decides from now on.")
class AutoJoinRuleSaved:
    rule: AutoJoinRule = strawberry.field(description="The rule as it is now.")


@strawberry.type(description="The rule is no more; meetings that it decided are decided by the others.")
class AutoJoinRuleDeleted:
    rule_id: strawberry.ID = strawberry.field(description="What it was: `majr_…`")


SaveAutoJoinRuleResult = Annotated[
    AutoJoinRuleSaved | AutoJoinRuleFailed,
    strawberry.union("SaveAutoJoinRuleResult", description="The rule, or why it was not made or changed."),
]
DeleteAutoJoinRuleResult = Annotated[
    AutoJoinRuleDeleted | DeleteAutoJoinRuleFailed,
    strawberry.union("DeleteAutoJoinRuleResult", description="What was deleted, or why it was not."),
]
AutoJoinPreviewResult = Annotated[
    AutoJoinPreview | AutoJoinRuleFailed,
    strawberry.union("AutoJoinPreviewResult", description="What the rule would change, or what is wrong with it."),
]
