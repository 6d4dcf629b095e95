"""Rules that decide which meetings a bot joins: what users say, checked and tidied. Decision 20 says why so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, time
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import available_timezones

from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.events import ResponseStatus
from calendar_sync.domain.identifiers import AutoJoinRuleId, CalendarId, UserId
from calendar_sync.domain.providers import ProviderName

_T = TypeVar("_T")

LONGEST_NAME = 255
LONGEST_TEXT = 200
"""Of a keyword, a pattern or an address."""
MOST_TEXTS = 100
"""In one list of them."""
PRIORITIES = range(-1_000_000, 1_000_001)


class MatchMode(StrEnum):
    """Which of a rule's texts are looked at; all its other conditions hold in every mode."""

    ALL = "all"
    """None."""
    KEYWORD = "keyword"
    """`keywords`."""
    ORGANIZER = "organizer"
    """`organizer_emails`."""
    CUSTOM = "custom"
    """All that are set: `keywords`, `organizer_emails` and `attendee_emails`. At least one is."""


class RuleAction(StrEnum):
    """What becomes of a meeting whose first match a rule is."""

    ALWAYS_JOIN = "always_join"
    NEVER_JOIN = "never_join"


class Audience(StrEnum):
    """Who attends a meeting, by the domain of the calendar's owner."""

    INTERNAL = "internal"
    """Nobody of another domain."""
    EXTERNAL = "external"
    """Somebody of another domain."""


@dataclass(frozen=True, slots=True)
class RuleConditions:
    """When a rule matches: all that is set must hold, and of a list at least one of its items.

    `keywords` are found as whole words in title or description, without regard to case. `organizer_emails` and
    `attendee_emails` are addresses or domains (`@example.com`). `exclude_patterns` keep a meeting from matching: with
    `*` or `?` they stand for the whole title, else they are keywords. The number of attendees leaves rooms out.

    The start, on the wall clock of `timezone`, is in `time_window_start` to `time_window_end` (exclusive) on one of
    `days_of_week` (0 is Monday). A window whose end is before its start goes on after midnight, and what starts then
    belongs to the day before. Without one of its ends it is open there; with two equal ones it is the whole day.

    Without `responses`, all are joined but what the calendar's owner declined.
    """

    calendar_provider: ProviderName | None = None
    calendar_ids: tuple[CalendarId, ...] | None = None
    match_mode: MatchMode = MatchMode.ALL
    keywords: tuple[str, ...] | None = None
    organizer_emails: tuple[str, ...] | None = None
    attendee_emails: tuple[str, ...] | None = None
    exclude_patterns: tuple[str, ...] | None = None
    min_attendees: int = 0
    max_attendees: int | None = None
    time_window_start: time | None = None
    time_window_end: time | None = None
    days_of_week: tuple[int, ...] | None = None
    timezone: str = "UTC"
    responses: tuple[ResponseStatus, ...] | None = None
    organized_by_me: bool | None = None
    audience: Audience | None = None
    is_recurring: bool | None = None
    include_all_day: bool = False


@dataclass(frozen=True, slots=True)
class BotOptions:
    """What a rule says to the bot. It is handed on; nothing here acts on it."""

    bot_name: str | None = None
    participation_mode: str | None = None
    voice_profile_id: str | None = None
    assistant_id: str | None = None
    destination_vector_store_id: str | None = None
    auto_add_to_vector_store: bool | None = None
    auto_share_mode: str | None = None
    auto_share_department_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as a user says it. `priority`: the highest is tried first; of equals, the oldest."""

    name: str
    action: RuleAction = RuleAction.ALWAYS_JOIN
    is_enabled: bool = True
    priority: int = 0
    conditions: RuleConditions = field(default_factory=RuleConditions)
    options: BotOptions = field(default_factory=BotOptions)


@dataclass(frozen=True, slots=True)
class AutoJoinRule:
    """A rule of a user. Times are aware, UTC."""

    id: AutoJoinRuleId
    user_id: UserId
    draft: RuleDraft
    created_at: datetime
    updated_at: datetime


def in_order(rules: Sequence[AutoJoinRule]) -> Sequence[AutoJoinRule]:
    """As they are tried."""
    return sorted(rules, key=lambda rule: (-rule.draft.priority, rule.created_at, rule.id))


def changed(draft: RuleDraft, said: Mapping[str, object]) -> RuleDraft:
    """The draft with what is said of its fields, its conditions and its options, by name. `None` is the default.

    Raises `Invalid` for a name that is cleared.
    """
    if "name" in said and said["name"] is None:
        raise Invalid("name cannot be cleared.", field="name")
    settled = {name: _DEFAULTS[name] if value is None else value for name, value in said.items()}
    return replace(
        draft,
        conditions=replace(draft.conditions, **_of(RuleConditions, settled)),
        options=replace(draft.options, **_of(BotOptions, settled)),
        **_of(RuleDraft, settled),
    )


_DEFAULTS = {field.name: field.default for model in (RuleConditions, BotOptions, RuleDraft) for field in fields(model)}


def _of(model: type, said: Mapping[str, object]) -> dict[str, Any]:
    names = {field.name for field in fields(model)}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items() if name in names}


def checked(draft: RuleDraft) -> RuleDraft:
    """The draft with its texts stripped, its lists without repetitions and an empty list as none.

    Raises `Invalid` for what could never be meant.
    """
    conditions = _tidied(draft.conditions)
    _expect(bool(draft.name.strip()) and len(draft.name) <= LONGEST_NAME, "name", "must have 1 to 255 characters")
    _expect(draft.priority in PRIORITIES, "priority", "must be from -1000000 to 1000000")
    _expect(conditions.min_attendees >= 0, "min_attendees", "must not be negative")
    most = conditions.max_attendees
    _expect(most is None or most >= conditions.min_attendees, "max_attendees", "must not be less than min_attendees")
    _expect(conditions.timezone in available_timezones(), "timezone", "must be the name of an IANA time zone")
    days = conditions.days_of_week or ()
    _expect(all(day in range(7) for day in days), "days_of_week", "must be from 0, Monday, to 6, Sunday")
    for name in ("organizer_emails", "attendee_emails"):
        texts = getattr(conditions, name) or ()
        _expect(all("@" in text for text in texts), name, "must be addresses, or domains as in @example.com")
    _expect_what_the_mode_needs(conditions)
    return replace(draft, name=draft.name.strip(), conditions=conditions)


_NEEDED = {
    MatchMode.ALL: (),
    MatchMode.KEYWORD: ("keywords",),
    MatchMode.ORGANIZER: ("organizer_emails",),
    MatchMode.CUSTOM: ("keywords", "organizer_emails", "attendee_emails"),
}


def texts_of(conditions: RuleConditions) -> Sequence[str]:
    """The names of the texts that the rule's mode looks at and that are set."""
    return [name for name in _NEEDED[conditions.match_mode] if getattr(conditions, name)]


def _expect_what_the_mode_needs(conditions: RuleConditions) -> None:
    needed = _NEEDED[conditions.match_mode]
    if needed and not texts_of(conditions):
        named = " or ".join(needed)
        raise Invalid(f"match_mode '{conditions.match_mode}' needs {named}.", field=needed[0])


def _expect(holds: bool, name: str, message: str) -> None:
    if not holds:
        raise Invalid(f"{name} {message}.", field=name)


def _tidied(conditions: RuleConditions) -> RuleConditions:
    return replace(
        conditions,
        keywords=_texts("keywords", conditions.keywords),
        organizer_emails=_texts("organizer_emails", conditions.organizer_emails),
        attendee_emails=_texts("attendee_emails", conditions.attendee_emails),
        exclude_patterns=_texts("exclude_patterns", conditions.exclude_patterns),
        calendar_ids=_unique(conditions.calendar_ids),
        days_of_week=_unique(conditions.days_of_week),
        responses=_unique(conditions.responses),
    )


def _texts(name: str, texts: Sequence[str] | None) -> tuple[str, ...] | None:
    kept = _unique([text for text in (" ".join(text.split()) for text in texts or ()) if text])
    _expect(len(kept or ()) <= MOST_TEXTS, name, f"must not be more than {MOST_TEXTS}")
    _expect(all(len(text) <= LONGEST_TEXT for text in kept or ()), name, f"must have at most {LONGEST_TEXT} characters")
    return kept


def _unique(items: Sequence[_T] | None) -> tuple[_T, ...] | None:
    return tuple(dict.fromkeys(items or ())) or None
