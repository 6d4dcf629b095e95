"""Which meetings a bot joins: the first rule that matches decides, what the user said of the meeting goes before it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.auto_join import Decision, Invitation, Reason, UserChoice, decide, failing
from calendar_sync.domain.auto_join_rules import (
    Audience,
    AutoJoinRule,
    MatchMode,
    RuleAction,
    RuleConditions,
    RuleDraft,
    checked,
    in_order,
)
from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.events import EventStatus, ResponseStatus
from calendar_sync.domain.identifiers import AutoJoinRuleId, CalendarId, UserId
from calendar_sync.domain.providers import ProviderName

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAIN = Invitation(
    provider=ProviderName.GOOGLE_CALENDAR,
    calendar_id=CalendarId("cal_1"),
    title="Quarterly review",
    description="Numbers and plans",
    starts_at=MONDAY,
    all_day=False,
    status=EventStatus.CONFIRMED,
    is_recurring=False,
    has_link=True,
    organizer_email="ada@example.com",
    emails=("ada@example.com", "bob@example.com"),
    attendee_count=2,
    owner_email="bob@example.com",
    response=ResponseStatus.ACCEPTED,
)


def an_invitation(**said: Any) -> Invitation:  # noqa: ANN401 - any of its fields
    return replace(PLAIN, **said)


def a_rule(number: int = 1, **said: Any) -> AutoJoinRule:  # noqa: ANN401 - any field of a draft
    draft = RuleDraft(name=f"Rule {number}", **said)
    at = MONDAY + timedelta(seconds=number)
    return AutoJoinRule(AutoJoinRuleId(f"majr_{number}"), UserId("usr_1"), draft, at, at)


def holds(invitation: Invitation, **conditions: Any) -> bool:  # noqa: ANN401 - any of them
    return failing(invitation, checked(RuleDraft("Rule", conditions=RuleConditions(**conditions))).conditions) is None


def keyword(*keywords: str) -> dict[str, Any]:
    return {"match_mode": MatchMode.KEYWORD, "keywords": keywords}


# Which rule decides


def test_no_rule_joins_nothing() -> None:
    assert decide(PLAIN, []) == Decision(joins=False, reason=Reason.NO_RULE)


def test_the_rule_with_the_highest_priority_decides_and_what_was_tried_before_is_told() -> None:
    rules = [
        a_rule(1, priority=1),
        a_rule(2, priority=9, conditions=RuleConditions(**keyword("budget"))),
        a_rule(3, priority=5, action=RuleAction.NEVER_JOIN),
    ]

    found = decide(PLAIN, rules)

    assert (found.joins, found.reason, found.rule_id) == (False, Reason.RULE, "majr_3")
    assert [(each.rule_id, each.failed) for each in found.tried] == [("majr_2", "keywords"), ("majr_3", None)]


def test_of_equal_rules_the_oldest_decides() -> None:
    assert decide(PLAIN, [a_rule(2, action=RuleAction.NEVER_JOIN), a_rule(1)]).rule_id == "majr_1"


def test_a_rule_that_is_not_enabled_is_passed_over() -> None:
    found = decide(PLAIN, [a_rule(1, is_enabled=False), a_rule(2)])

    assert (found.rule_id, len(found.tried)) == ("majr_2", 1)


@pytest.mark.parametrize("choice", list(UserChoice), ids=str)
def test_what_the_user_chose_goes_before_the_rules(choice: UserChoice) -> None:
    found = decide(PLAIN, [a_rule(1, action=RuleAction.NEVER_JOIN)], choice)

    assert found.joins == (choice is UserChoice.JOIN)
    assert found.reason is (Reason.RULE if choice is UserChoice.RULES else Reason.USER)


@pytest.mark.parametrize(
    ("invitation", "reason"),
    [
        (an_invitation(has_link=False), Reason.NO_LINK),
        (an_invitation(status=EventStatus.CANCELLED), Reason.CANCELLED),
    ],
    ids=["no link", "cancelled"],
)
@pytest.mark.parametrize("choice", list(UserChoice), ids=str)
def test_a_meeting_that_cannot_be_joined_is_not(invitation: Invitation, reason: Reason, choice: UserChoice) -> None:
    assert decide(invitation, [a_rule()], choice) == Decision(joins=False, reason=reason)


# Texts


@pytest.mark.parametrize(
    ("keywords", "title", "description", "found"),
    [
        (["review"], "Quarterly REVIEW", None, True),
        (["review"], "Code-review, part 2", None, True),
        (["view"], "Quarterly review", None, False),
        (["art"], "Start of the party", None, False),
        (["straße"], "Treffen STRASSE 5", None, True),
        (["cafe\u0301"], "Caf\u00e9", None, True),
        (["team  sync"], "Weekly team\n sync", None, True),
        (["[ext]"], "[EXT]Acme", None, True),
        (["c++"], "About C++!", None, True),
        (["1:1"], "1:1 Ada/Bob", None, True),
        (["1:1"], "11:15 Ada/Bob", None, False),
        (["plans"], "Review", "Numbers and plans", True),
        (["budget", "review"], "Review", None, True),
        (["review"], None, None, False),
    ],
)
def test_keywords_are_whole_words_of_title_or_description_in_whatever_case(
    keywords: Sequence[str], title: str | None, description: str | None, found: bool
) -> None:
    assert holds(an_invitation(title=title, description=description), **keyword(*keywords)) == found


@pytest.mark.parametrize(
    ("wanted", "organizer", "found"),
    [
        ("ada@example.com", "Ada@Example.com", True),
        ("@example.com", "ada@example.com", True),
        ("*@example.com", "ada@example.com", True),
        ("@example.com", "ada@sub.example.com", False),
        ("@ample.com", "ada@example.com", False),
        ("ada@example.com", None, False),
    ],
)
def test_organisers_are_addresses_or_domains(wanted: str, organizer: str | None, found: bool) -> None:
    invitation = an_invitation(organizer_email=organizer)

    assert holds(invitation, match_mode=MatchMode.ORGANIZER, organizer_emails=(wanted,)) == found


@pytest.mark.parametrize(
    ("pattern", "title", "excluded"),
    [
        ("private", "Private talk", True),
        ("private", "Privateer", False),
        ("private*", "Privateer", True),
        ("*lunch*", "Team lunch at noon", True),
        ("lunch*", "Team lunch", False),
        ("[int] *", "[INT] planning", True),
        ("[int] *", "n planning", False),
        ("????", "Lunc", True),
        ("????", "Lunch", False),
    ],
)
def test_a_pattern_with_a_wildcard_stands_for_the_whole_title_any_other_is_a_keyword(
    pattern: str, title: str, excluded: bool
) -> None:
    assert holds(an_invitation(title=title, description=None), exclude_patterns=(pattern,)) != excluded


def test_a_pattern_of_many_wildcards_takes_no_time() -> None:
    assert holds(an_invitation(title="a" * 5000), exclude_patterns=("*a" * 50 + "b",))


def test_in_custom_mode_all_that_is_set_must_hold() -> None:
    def joins(**conditions: Any) -> bool:  # noqa: ANN401 - any of them
        return holds(PLAIN, match_mode=MatchMode.CUSTOM, **conditions)

    assert joins(keywords=("review",), organizer_emails=("@example.com",), attendee_emails=("bob@example.com",))
    assert not joins(keywords=("review",), organizer_emails=("@other.org",))
    assert not joins(keywords=("budget",), organizer_emails=("@example.com",))
    assert not joins(attendee_emails=("eve@example.com",))


def test_a_mode_looks_at_its_own_texts_only() -> None:
    assert holds(PLAIN, match_mode=MatchMode.ALL, keywords=("budget",), organizer_emails=("@other.org",))
    assert holds(PLAIN, **keyword("review"), organizer_emails=("@other.org",))


# Other conditions


@pytest.mark.parametrize(
    ("invitation", "conditions", "found"),
    [
        (PLAIN, {"calendar_provider": ProviderName.GOOGLE_CALENDAR}, True),
        (PLAIN, {"calendar_provider": ProviderName.ZOOM}, False),
        (PLAIN, {"calendar_ids": ("cal_1", "cal_2")}, True),
        (PLAIN, {"calendar_ids": ("cal_2",)}, False),
        (PLAIN, {"min_attendees": 2, "max_attendees": 2}, True),
        (PLAIN, {"min_attendees": 3}, False),
        (PLAIN, {"max_attendees": 1}, False),
        (an_invitation(all_day=True), {}, False),
        (an_invitation(all_day=True), {"include_all_day": True}, True),
        (PLAIN, {"is_recurring": True}, False),
        (PLAIN, {"is_recurring": False}, True),
        (an_invitation(response=ResponseStatus.DECLINED), {}, False),
        (an_invitation(response=ResponseStatus.NEEDS_ACTION), {}, True),
        (an_invitation(response=None), {}, True),
        (an_invitation(response=ResponseStatus.NEEDS_ACTION), {"responses": (ResponseStatus.ACCEPTED,)}, False),
        (PLAIN, {"responses": (ResponseStatus.ACCEPTED,)}, True),
        (an_invitation(response=None), {"responses": (ResponseStatus.ACCEPTED,)}, False),
        (PLAIN, {"organized_by_me": True}, False),
        (an_invitation(owner_email="Ada@example.com"), {"organized_by_me": True}, True),
        (PLAIN, {"audience": Audience.INTERNAL}, True),
        (an_invitation(emails=("eve@other.org",)), {"audience": Audience.EXTERNAL}, True),
        (an_invitation(emails=("eve@other.org",)), {"audience": Audience.INTERNAL}, False),
        (an_invitation(organizer_email="eve@other.org"), {"audience": Audience.EXTERNAL}, True),
        (an_invitation(owner_email=None), {"audience": Audience.INTERNAL}, False),
        (an_invitation(owner_email=None), {"audience": Audience.EXTERNAL}, False),
    ],
)
def test_each_condition_that_is_set_must_hold(invitation: Invitation, conditions: dict[str, Any], found: bool) -> None:
    assert holds(invitation, **conditions) == found


@pytest.mark.parametrize(
    ("begins", "ends", "days", "at", "found"),
    [
        (9, 17, None, "2026-03-02T09:00", True),
        (9, 17, None, "2026-03-02T17:00", False),
        (9, None, None, "2026-03-02T23:59", True),
        (None, 9, None, "2026-03-02T08:59", True),
        (9, 9, None, "2026-03-02T03:00", True),
        (22, 6, None, "2026-03-02T23:00", True),
        (22, 6, None, "2026-03-03T05:59", True),
        (22, 6, None, "2026-03-03T06:00", False),
        (22, 6, (4,), "2026-03-07T03:00", True),
        (22, 6, (5,), "2026-03-07T03:00", False),
        (22, 6, (4,), "2026-03-06T03:00", False),
        (None, None, (0, 1), "2026-03-02T12:00", True),
        (None, None, (2,), "2026-03-02T12:00", False),
    ],
)
def test_the_start_is_in_the_window_on_one_of_the_days(
    begins: int | None, ends: int | None, days: tuple[int, ...] | None, at: str, found: bool
) -> None:
    start = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Europe/Berlin"))

    joins = holds(
        an_invitation(starts_at=start.astimezone(UTC)),
        time_window_start=None if begins is None else time(begins),
        time_window_end=None if ends is None else time(ends),
        days_of_week=days,
        timezone="Europe/Berlin",
    )

    assert joins == found


@given(
    begins=st.integers(0, 23),
    ends=st.integers(0, 23),
    minute=st.integers(0, 7 * 24 * 60 - 1),
    days=st.sets(st.integers(0, 6)),
)
def test_a_window_covers_the_minutes_that_follow_its_beginning_on_each_of_its_days(
    begins: int, ends: int, minute: int, days: set[int]
) -> None:
    length = (ends - begins) * 60 if ends > begins else (ends - begins + 24) * 60
    first = 0 if begins == ends else begins * 60
    covered = {(day * 24 * 60 + first + each) % (7 * 24 * 60) for day in days or range(7) for each in range(length)}
    start = MONDAY.replace(hour=0) + timedelta(minutes=minute)

    joins = holds(
        an_invitation(starts_at=start),
        time_window_start=time(begins),
        time_window_end=time(ends),
        days_of_week=tuple(days),
    )

    assert joins == (minute in covered)


RULES = st.lists(
    st.builds(
        lambda number, priority, action, enabled, words: a_rule(
            number,
            priority=priority,
            action=action,
            is_enabled=enabled,
            conditions=RuleConditions(**keyword(*words)) if words else RuleConditions(),
        ),
        st.integers(1, 99),
        st.integers(-2, 2),
        st.sampled_from(RuleAction),
        st.booleans(),
        st.lists(st.sampled_from(["review", "budget", "plans"]), max_size=2),
    ),
    unique_by=lambda rule: rule.id,
    max_size=6,
)


@given(RULES, st.randoms())
def test_the_order_in_which_rules_are_given_makes_no_difference(rules: list[AutoJoinRule], chance: Any) -> None:  # noqa: ANN401 - Hypothesis's random
    expected = decide(PLAIN, rules)
    chance.shuffle(rules)

    assert decide(PLAIN, rules) == expected


@given(RULES)
def test_the_rule_that_decides_is_the_first_that_matches_and_none_before_it_does(rules: list[AutoJoinRule]) -> None:
    found = decide(PLAIN, rules)

    enabled = [rule for rule in in_order(rules) if rule.draft.is_enabled]
    matching = [rule for rule in enabled if failing(PLAIN, rule.draft.conditions) is None]
    assert found.rule_id == (matching[0].id if matching else None)
    assert found.joins == bool(matching and matching[0].draft.action is RuleAction.ALWAYS_JOIN)
    assert [each.rule_id for each in found.tried] == [rule.id for rule in enabled][: len(found.tried)]


# What can be said


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (RuleDraft(" "), "name"),
        (RuleDraft("x" * 256), "name"),
        (RuleDraft("Rule", priority=2_000_000), "priority"),
        (RuleDraft("Rule", conditions=RuleConditions(match_mode=MatchMode.KEYWORD)), "keywords"),
        (RuleDraft("Rule", conditions=RuleConditions(match_mode=MatchMode.KEYWORD, keywords=(" ",))), "keywords"),
        (RuleDraft("Rule", conditions=RuleConditions(match_mode=MatchMode.ORGANIZER)), "organizer_emails"),
        (RuleDraft("Rule", conditions=RuleConditions(match_mode=MatchMode.CUSTOM)), "keywords"),
        (RuleDraft("Rule", conditions=RuleConditions(organizer_emails=("example.com",))), "organizer_emails"),
        (RuleDraft("Rule", conditions=RuleConditions(keywords=("x" * 201,))), "keywords"),
        (RuleDraft("Rule", conditions=RuleConditions(keywords=tuple(map(str, range(101))))), "keywords"),
        (RuleDraft("Rule", conditions=RuleConditions(min_attendees=-1)), "min_attendees"),
        (RuleDraft("Rule", conditions=RuleConditions(min_attendees=3, max_attendees=2)), "max_attendees"),
        (RuleDraft("Rule", conditions=RuleConditions(days_of_week=(7,))), "days_of_week"),
        (RuleDraft("Rule", conditions=RuleConditions(timezone="Mars/Olympus")), "timezone"),
    ],
)
def test_what_could_never_be_meant_is_refused_by_name(draft: RuleDraft, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(draft)

    assert refused.value.field == field


def test_texts_are_tidied_and_an_empty_list_is_none() -> None:
    conditions = RuleConditions(keywords=(" team  sync ", "team sync"), exclude_patterns=(), days_of_week=(1, 1))

    tidied = checked(RuleDraft(" Rule ", conditions=conditions))

    assert tidied.name == "Rule"
    assert tidied.conditions.keywords == ("team sync",)
    assert tidied.conditions.exclude_patterns is None
    assert tidied.conditions.days_of_week == (1,)
