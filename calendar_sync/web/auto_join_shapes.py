"""What goes over the wire about auto-join rules: the bodies, and the answers as the contract spells them."""

from dataclasses import fields
from datetime import datetime, time
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StrictBool, StrictInt

from calendar_sync.auto_join.rules import MatchBy
from calendar_sync.domain.auto_join_rules import (
    PRIORITIES,
    Audience,
    AutoJoinRule,
    BotOptions,
    MatchMode,
    RuleAction,
    RuleConditions,
    RuleDraft,
    changed,
)
from calendar_sync.domain.events import ResponseStatus
from calendar_sync.domain.identifiers import AutoJoinRuleId, CalendarId, OccurrenceId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.web.shapes import Answer

_CONDITIONS = tuple(field.name for field in fields(RuleConditions))
_OPTIONS = tuple(field.name for field in fields(BotOptions))


def _read_time(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - a time of day, of the rule's own zone
    except ValueError:
        raise ValueError("must be a time of day as in 09:30") from None


Clock = Annotated[
    time,
    BeforeValidator(_read_time, json_schema_input_type=str),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
]
_WINDOW = "`HH:MM` in `timezone`: the meeting starts then or later."


class _Said(BaseModel):
    """What can be said of a rule. What is left out is not changed, and `null` clears it."""

    model_config = ConfigDict(hide_input_in_errors=True)

    calendar_provider: ProviderName | None = Field(default=None, description="Only meetings read from it.")
    match_mode: MatchMode | None = Field(default=None, description="Which texts are looked at: `all`, none of them.")
    keywords: list[str] | None = Field(default=None, description="Words of title or description, in whatever case.")
    organizer_emails: list[str] | None = Field(default=None, description="Addresses, or domains: `@example.com`.")
    attendee_emails: list[str] | None = Field(default=None, description="One of them attends; domains as well.")
    exclude_patterns: list[str] | None = Field(
        default=None, description="Titles, with `*` and `?`, or keywords, that are not matched."
    )
    min_attendees: StrictInt | None = Field(default=None, description="At least so many, rooms left out; 0.")
    max_attendees: StrictInt | None = Field(default=None, description="At most so many.")
    time_window_start: Clock | None = Field(default=None, description=_WINDOW)
    time_window_end: Clock | None = Field(
        default=None, description="`HH:MM`: it starts earlier. Before `time_window_start`, it is of the next day."
    )
    days_of_week: list[StrictInt] | None = Field(default=None, description="0 is Monday, 6 Sunday.")
    timezone: str | None = Field(default=None, description="IANA name of the zone of times and days; `UTC`.")
    bot_name: str | None = Field(default=None, max_length=255, description="What the bot is called in the meeting.")
    priority: StrictInt | None = Field(
        default=None,
        description="The highest is tried first, of equals the oldest; 0.",
        json_schema_extra={"minimum": PRIORITIES.start, "maximum": PRIORITIES.stop - 1},
    )
    participation_mode: Literal["listener", "participant"] | None = Field(default=None, description="For the bot.")
    voice_profile_id: str | None = Field(default=None, max_length=255, description="For the bot.")
    assistant_id: str | None = Field(default=None, max_length=255, description="For the bot.")
    destination_vector_store_id: str | None = Field(default=None, max_length=255, description="For the bot.")
    auto_add_to_vector_store: StrictBool | None = Field(default=None, description="For the bot.")
    auto_share_mode: Literal["private", "participants", "department", "organization"] | None = Field(
        default=None, description="For the bot."
    )
    auto_share_department_ids: list[Annotated[str, Field(max_length=255)]] | None = Field(
        default=None, max_length=100, description="For the bot."
    )
    action: RuleAction | None = Field(
        default=None, description="What becomes of a meeting that matches; `always_join`. Not in the contract."
    )
    calendar_ids: list[CalendarId] | None = Field(
        default=None, max_length=100, description="Only meetings in these calendars. Not in the contract."
    )
    responses: list[ResponseStatus] | None = Field(
        default=None, description="What you answered: by default all but `declined`. Not in the contract."
    )
    organized_by_me: StrictBool | None = Field(default=None, description="Whether you called it. Not in the contract.")
    audience: Audience | None = Field(
        default=None, description="Whether somebody of another domain attends. Not in the contract."
    )
    is_recurring: StrictBool | None = Field(default=None, description="Only of a series, or not. Not in the contract.")
    include_all_day: StrictBool | None = Field(
        default=None, description="Whether days without times are meetings; they are not. Not in the contract."
    )

    def applied(self, draft: RuleDraft) -> RuleDraft:
        """The draft with what is said changed. Raises `Invalid`."""
        return changed(draft, {name: getattr(self, name) for name in self.model_fields_set})


class AutoJoinRuleRequest(_Said):
    """A new rule."""

    name: str = Field(description="1 to 255 characters.")

    def draft(self) -> RuleDraft:
        return self.applied(RuleDraft(self.name))


class AutoJoinRuleUpdate(_Said):
    """What is to change of a rule."""

    name: str | None = Field(default=None, description="1 to 255 characters; it cannot be cleared.")
    is_enabled: StrictBool | None = Field(default=None, description="Whether it is tried at all.")


class AutoJoinRuleAnswer(_Said, Answer):
    """A rule that decides which meetings a bot joins."""

    id: AutoJoinRuleId = Field(description="Identifier (`majr_…`).")
    name: str
    is_enabled: bool
    match_mode: MatchMode
    min_attendees: int
    timezone: str
    priority: int
    action: RuleAction
    include_all_day: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, rule: AutoJoinRule) -> Self:
        draft = rule.draft
        said = {name: getattr(draft.conditions, name) for name in _CONDITIONS}
        said |= {name: getattr(draft.options, name) for name in _OPTIONS}
        said |= {name: getattr(draft, name) for name in ("name", "action", "is_enabled", "priority")}
        return cls(id=rule.id, created_at=rule.created_at, updated_at=rule.updated_at, **said)


class AutoJoinRuleList(Answer):
    items: list[AutoJoinRuleAnswer] = Field(description="In the order in which they are tried.")
    total: int


class RuleFromEventRequest(BaseModel):
    """An event, and what is to become of meetings like it."""

    model_config = ConfigDict(hide_input_in_errors=True)

    event_id: OccurrenceId = Field(description="The event (`mcevt_…`).")
    action: RuleAction
    match_by: MatchBy | None = Field(
        default=None, description="What they have in common: the organiser, by default, or the title."
    )
    bot_name: str | None = Field(default=None, max_length=255, description="What the bot is called in them.")


class JoinAllRequest(BaseModel):
    """Whether all meetings are to be joined."""

    model_config = ConfigDict(hide_input_in_errors=True)

    enabled: StrictBool
    bot_name: str | None = Field(default=None, max_length=255, description="What the bot is called in them.")


class JoinAll(Answer):
    """Whether all meetings are joined that no other rule decides."""

    enabled: bool
    rule_id: AutoJoinRuleId | None = Field(description="The rule that does so, also while it does not.")

    @classmethod
    def of(cls, rule: AutoJoinRule | None) -> Self:
        return cls(enabled=rule is not None and rule.draft.is_enabled, rule_id=rule.id if rule else None)
