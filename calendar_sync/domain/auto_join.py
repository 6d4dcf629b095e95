"""Whether a bot joins a meeting, which rule decided so, and what was tried on the way there."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from zoneinfo import ZoneInfo

from calendar_sync.domain.auto_join_rules import (
    Audience,
    AutoJoinRule,
    RuleAction,
    RuleConditions,
    in_order,
    texts_of,
)
from calendar_sync.domain.events import EventStatus, ResponseStatus
from calendar_sync.domain.folding import folded
from calendar_sync.domain.identifiers import AutoJoinRuleId, CalendarId
from calendar_sync.domain.providers import ProviderName

_MOST_PATTERNS = 1024
"""Kept compiled, of all users together."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An occurrence as rules see it. `starts_at` is aware; `emails` are those who attend, rooms left out.

    `owner_email` is the address of the account that it was read from, `response` what its owner answered, where they
    are among the attendees.
    """

    provider: ProviderName
    calendar_id: CalendarId
    title: str | None
    description: str | None
    starts_at: datetime
    all_day: bool
    status: EventStatus
    is_recurring: bool
    has_link: bool
    organizer_email: str | None
    emails: tuple[str, ...]
    attendee_count: int
    owner_email: str | None
    response: ResponseStatus | None


class UserChoice(StrEnum):
    """What a user decided about one meeting; it goes before every rule."""

    RULES = "rules"
    JOIN = "join"
    NEVER = "never"


class Reason(StrEnum):
    """What decided."""

    NO_LINK = "no_link"
    """There is nowhere to join."""
    CANCELLED = "cancelled"
    USER = "user"
    """Its user, for this meeting."""
    RULE = "rule"
    NO_RULE = "no_rule"
    """No rule matches."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that was tried. `failed` names the condition that did not hold, `None`: all did."""

    rule_id: AutoJoinRuleId
    name: str
    failed: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """`rule_id` is the rule that decided, if one did; `tried` are the rules up to it, in order."""

    joins: bool
    reason: Reason
    rule_id: AutoJoinRuleId | None = None
    tried: tuple[Tried, ...] = ()


def decide(invitation: Invitation, rules: Sequence[AutoJoinRule], choice: UserChoice = UserChoice.RULES) -> Decision:
    """Rules that are not enabled are passed over. A meeting that nobody can join is not joined, whoever wants it."""
    if invitation.status is EventStatus.CANCELLED:
        return Decision(joins=False, reason=Reason.CANCELLED)
    if not invitation.has_link:
        return Decision(joins=False, reason=Reason.NO_LINK)
    if choice is not UserChoice.RULES:
        return Decision(joins=choice is UserChoice.JOIN, reason=Reason.USER)
    tried: list[Tried] = []
    for rule in in_order([rule for rule in rules if rule.draft.is_enabled]):
        failed = failing(invitation, rule.draft.conditions)
        tried.append(Tried(rule.id, rule.draft.name, failed))
        if failed is None:
            joins = rule.draft.action is RuleAction.ALWAYS_JOIN
            return Decision(joins, Reason.RULE, rule.id, tuple(tried))
    return Decision(joins=False, reason=Reason.NO_RULE, tried=tuple(tried))


def failing(invitation: Invitation, conditions: RuleConditions) -> str | None:
    """The name of the first condition that does not hold, as the field of the rule is called; `None`: all do."""
    return next((name for name, holds in _looked_at(invitation, conditions) if not holds()), None)


def _looked_at(invitation: Invitation, rule: RuleConditions) -> Iterator[tuple[str, Callable[[], bool]]]:
    """The cheap ones first."""
    yield "calendar_provider", lambda: rule.calendar_provider in {None, invitation.provider}
    yield "calendar_ids", lambda: rule.calendar_ids is None or invitation.calendar_id in rule.calendar_ids
    yield "include_all_day", lambda: rule.include_all_day or not invitation.all_day
    yield "is_recurring", lambda: rule.is_recurring in {None, invitation.is_recurring}
    yield "responses", lambda: _is_answered(invitation.response, rule.responses)
    yield "organized_by_me", lambda: rule.organized_by_me in {None, _is_organizer(invitation)}
    yield "min_attendees", lambda: invitation.attendee_count >= rule.min_attendees
    yield "max_attendees", lambda: rule.max_attendees is None or invitation.attendee_count <= rule.max_attendees
    yield "audience", lambda: rule.audience in {None, _audience(invitation)}
    yield from _when(invitation, rule)
    yield from _texts(invitation, rule)


def _is_answered(response: ResponseStatus | None, wanted: Sequence[ResponseStatus] | None) -> bool:
    return response is not ResponseStatus.DECLINED if wanted is None else response in wanted


def _is_organizer(invitation: Invitation) -> bool:
    mine = invitation.owner_email
    return mine is not None and folded(mine) == folded(invitation.organizer_email or "")


def _audience(invitation: Invitation) -> Audience | None:
    """`None` where the calendar's owner is not known by an address."""
    if invitation.owner_email is None:
        return None
    mine = _domain(invitation.owner_email)
    others = {_domain(email) for email in (*invitation.emails, invitation.organizer_email or "") if email}
    return Audience.INTERNAL if others <= {mine} else Audience.EXTERNAL


def _domain(email: str) -> str:
    return folded(email).rpartition("@")[2]


def _when(invitation: Invitation, rule: RuleConditions) -> Iterator[tuple[str, Callable[[], bool]]]:
    start = invitation.starts_at.astimezone(ZoneInfo(rule.timezone))
    is_in, belongs_to = _placed(start, rule.time_window_start, rule.time_window_end)
    yield "time_window_start", lambda: is_in
    yield "days_of_week", lambda: rule.days_of_week is None or belongs_to.weekday() in rule.days_of_week


def _placed(start: datetime, begins: time | None, ends: time | None) -> tuple[bool, datetime]:
    """Whether a start is in the window, and the day that it belongs to."""
    clock = start.time()
    if begins is None or ends is None or begins <= ends:
        is_whole = begins is not None and begins == ends
        return is_whole or ((begins or time.min) <= clock and (ends is None or clock < ends)), start
    return clock >= begins or clock < ends, start - timedelta(days=1) if clock < ends else start


def _texts(invitation: Invitation, rule: RuleConditions) -> Iterator[tuple[str, Callable[[], bool]]]:
    looked_at = texts_of(rule)
    organizer = (invitation.organizer_email or "",)
    if "organizer_emails" in looked_at:
        yield "organizer_emails", lambda: _is_among(organizer, rule.organizer_emails or ())
    if "attendee_emails" in looked_at:
        yield "attendee_emails", lambda: _is_among(invitation.emails, rule.attendee_emails or ())
    if "keywords" in looked_at:
        yield "keywords", lambda: any(_says(invitation, keyword) for keyword in rule.keywords or ())
    yield "exclude_patterns", lambda: not any(_is_like(invitation, text) for text in rule.exclude_patterns or ())


def _is_among(emails: Sequence[str], wanted: Sequence[str]) -> bool:
    """`wanted` are addresses, or domains: `@example.com`, also written `*@example.com`."""
    patterns = {folded(one).removeprefix("*") for one in wanted}
    return any(folded(email) in patterns or f"@{_domain(email)}" in patterns for email in emails if email)


def _is_like(invitation: Invitation, pattern: str) -> bool:
    if "*" in pattern or "?" in pattern:
        return _glob(folded(pattern)).match(folded(" ".join((invitation.title or "").split()))) is not None
    return _says(invitation, pattern)


def _says(invitation: Invitation, keyword: str) -> bool:
    words = _words(folded(keyword))
    return any(words.search(folded(text)) for text in (invitation.title, invitation.description) if text)


@lru_cache(_MOST_PATTERNS)
def _words(keyword: str) -> re.Pattern[str]:
    """The keyword as it stands between other words. What begins or ends in a sign needs no space there: `[ext]`."""
    before = r"(?<!\w)" if keyword[:1].isalnum() else ""
    after = r"(?!\w)" if keyword[-1:].isalnum() else ""
    return re.compile(before + r"\s+".join(map(re.escape, keyword.split())) + after)


@lru_cache(_MOST_PATTERNS)
def _glob(pattern: str) -> re.Pattern[str]:
    """Brackets are no sets here: people put them into titles."""
    return re.compile(translate(pattern.replace("[", "[[]")))
