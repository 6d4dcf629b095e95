"""Auto-join over GraphQL: rules, what they decide and why, and what one would change before it is saved."""

import re
from typing import Any

import pytest
from dirty_equals import IsStr

from tests.schema.asking import Asking, hour

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULE = """
    id name isEnabled action priority calendarProvider calendarIds matchMode keywords organizerEmails attendeeEmails
    excludePatterns minAttendees maxAttendees timeWindowStart timeWindowEnd daysOfWeek timezone responses organizedByMe
    audience isRecurring includeAllDay botName createdAt updatedAt
"""
SAVED = f"""
    __typename
    ... on AutoJoinRuleSaved {{ rule {{ {RULE} }} }}
    ... on Failure {{ code message field }}
"""
CREATE = f"mutation ($input: AutoJoinRuleInput!) {{ createAutoJoinRule(input: $input) {{ {SAVED} }} }}"
UPDATE = f"""
mutation ($id: ID!, $input: AutoJoinRuleInput!) {{ updateAutoJoinRule(id: $id, input: $input) {{ {SAVED} }} }}
"""
DELETE = """
mutation ($id: ID!) {
  deleteAutoJoinRule(id: $id) { __typename ... on AutoJoinRuleDeleted { ruleId } ... on Failure { code message } }
}
"""
RULES = f"{{ autoJoinRules {{ {RULE} }} }}"
DECISION = "joins reason ruleId tried { ruleId name failed }"
DECISIONS = f"{{ events {{ nodes {{ title autoJoinDecision {{ {DECISION} }} }} }} }}"
PREVIEW = f"""
query ($input: AutoJoinRuleInput!, $replacing: ID) {{
  previewAutoJoinRule(input: $input, replacing: $replacing) {{
    __typename
    ... on AutoJoinPreview {{
      joined {{ event {{ title }} now {{ {DECISION} }} then {{ {DECISION} }} }}
      left {{ event {{ title }} now {{ joins ruleId }} then {{ joins reason }} }}
      lookedAt hasMore
    }}
    ... on Failure {{ code message field }}
  }}
}}
"""
UNKNOWN = f"majr_{'a' * 24}"


async def created(asking: Asking, **said: object) -> Any:  # noqa: ANN401 - JSON
    answer = (await asking.data(CREATE, input={"name": "Calls", **said}))["createAutoJoinRule"]
    assert answer["__typename"] == "AutoJoinRuleSaved", answer
    return answer["rule"]


async def meetings(asking: Asking, *titles: str) -> None:
    """Events with a link to join by, and one without."""
    feed = asking.door.feed()
    for number, title in enumerate(titles):
        link = f"LOCATION:https://zoom.us/j/9876543210{number}"
        feed.put(f"{number}@{feed.name}", summary=title, start=hour(number), more=[link])
    feed.put(f"lunch@{feed.name}", summary="Lunch", start=hour(len(titles)))
    await asking.connect(feed)
    await asking.sync()


async def decisions(asking: Asking) -> dict[str, Any]:
    nodes = (await asking.data(DECISIONS))["events"]["nodes"]
    return {node["title"]: node["autoJoinDecision"] for node in nodes}


async def test_a_rule_is_made_with_defaults_for_whatever_is_left_out(ada: Asking) -> None:
    rule = await created(ada)

    nothing = "calendarProvider calendarIds keywords organizerEmails attendeeEmails excludePatterns maxAttendees"
    nothing += " timeWindowStart timeWindowEnd daysOfWeek responses organizedByMe audience isRecurring botName"
    assert rule == {
        **dict.fromkeys(nothing.split()),
        "id": IsStr(regex="majr_[a-z2-7]{24}"),
        "name": "Calls",
        "isEnabled": True,
        "action": "ALWAYS_JOIN",
        "priority": 0,
        "matchMode": "ALL",
        "minAttendees": 0,
        "timezone": "UTC",
        "includeAllDay": False,
        "createdAt": rule["createdAt"],
        "updatedAt": rule["createdAt"],
    }
    assert await ada.data(RULES) == {"autoJoinRules": [rule]}


async def test_what_is_left_out_of_a_change_stays_and_null_is_the_default(ada: Asking) -> None:
    said = {"keywords": ["review"], "matchMode": "KEYWORD", "timeWindowStart": "09:30", "daysOfWeek": [0, 4]}
    rule = await created(ada, **said, minAttendees=2, responses=["ACCEPTED"], timezone="Europe/Berlin")

    change = {"isEnabled": False, "minAttendees": None, "responses": None, "timeWindowStart": "10:00"}
    answer = (await ada.data(UPDATE, id=rule["id"], input=change))["updateAutoJoinRule"]

    changed = {"isEnabled": False, "minAttendees": 0, "responses": None, "timeWindowStart": "10:00"}
    assert answer["rule"] == {**rule, **changed, "updatedAt": answer["rule"]["updatedAt"]}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": ""}, "input.name"),
        ({"name": None}, "input.name"),
        ({"matchMode": "KEYWORD"}, "input.keywords"),
        ({"organizerEmails": ["example.com"]}, "input.organizerEmails"),
        ({"timeWindowEnd": "25:00"}, "input.timeWindowEnd"),
        ({"daysOfWeek": [7]}, "input.daysOfWeek"),
        ({"timezone": "Mars"}, "input.timezone"),
    ],
)
async def test_what_could_never_be_meant_is_told_by_name(ada: Asking, said: dict[str, object], field: str) -> None:
    answers = [
        (await ada.data(CREATE, input={"name": "Calls", **said}))["createAutoJoinRule"],
        (await ada.data(PREVIEW, input={"name": "Calls", **said}))["previewAutoJoinRule"],
    ]

    assert [(each["__typename"], each["code"], each["field"]) for each in answers] == [
        ("AutoJoinRuleFailed", "VALIDATION_ERROR", field)
    ] * 2
    assert await ada.data(RULES) == {"autoJoinRules": []}


async def test_a_new_rule_needs_a_name(ada: Asking) -> None:
    answer = (await ada.data(CREATE, input={}))["createAutoJoinRule"]

    assert answer["field"] == "input.name"


async def test_a_rule_is_deleted_once(ada: Asking) -> None:
    rule = await created(ada)

    deleted = [(await ada.data(DELETE, id=rule["id"]))["deleteAutoJoinRule"] for _ in range(2)]

    assert deleted[0] == {"__typename": "AutoJoinRuleDeleted", "ruleId": rule["id"]}
    assert deleted[1]["code"] == "AUTO_JOIN_RULE_NOT_FOUND"


async def test_rules_are_of_one_user(ada: Asking, bob: Asking) -> None:
    rule = await created(ada)

    changed = (await bob.data(UPDATE, id=rule["id"], input={"name": "Mine"}))["updateAutoJoinRule"]
    previewed = (await bob.data(PREVIEW, input={}, replacing=rule["id"]))["previewAutoJoinRule"]

    assert [changed["code"], previewed["code"]] == ["AUTO_JOIN_RULE_NOT_FOUND"] * 2
    assert await bob.data(RULES) == {"autoJoinRules": []}


# Decisions


async def test_every_event_says_whether_it_is_joined_and_why(ada: Asking) -> None:
    await meetings(ada, "Weekly review", "Interview")
    keep_out = await created(ada, priority=5, action="NEVER_JOIN", matchMode="KEYWORD", keywords=["interview"])
    all_calls = await created(ada)

    found = await decisions(ada)

    tried = {"ruleId": keep_out["id"], "name": "Calls", "failed": "keywords"}
    matched = {"ruleId": all_calls["id"], "name": "Calls", "failed": None}
    assert found == {
        "Weekly review": {"joins": True, "reason": "RULE", "ruleId": all_calls["id"], "tried": [tried, matched]},
        "Interview": {"joins": False, "reason": "RULE", "ruleId": keep_out["id"], "tried": [{**tried, "failed": None}]},
        "Lunch": {"joins": False, "reason": "NO_LINK", "ruleId": None, "tried": []},
    }


async def test_what_the_user_said_of_an_event_goes_before_the_rules(ada: Asking) -> None:
    await meetings(ada, "Review")
    await created(ada)
    (event,) = (await ada.data("{ events(filter: {hasMeetingLink: true}) { nodes { id } } }"))["events"]["nodes"]
    set_auto_join = "mutation ($id: ID!) { setAutoJoin(eventId: $id, status: DISABLED) { __typename } }"

    await ada.data(set_auto_join, id=event["id"])

    assert (await decisions(ada))["Review"] == {"joins": False, "reason": "USER", "ruleId": None, "tried": []}


# What a rule would change


async def test_a_preview_says_which_meetings_would_be_joined_and_which_no_more_and_saves_nothing(ada: Asking) -> None:
    await meetings(ada, "Weekly review", "Interview", "Planning")
    rule = await created(ada, matchMode="KEYWORD", keywords=["review", "planning"])

    added = (await ada.data(PREVIEW, input={"matchMode": "KEYWORD", "keywords": ["interview"]}))["previewAutoJoinRule"]
    changed = (await ada.data(PREVIEW, input={"keywords": ["interview", "review"]}, replacing=rule["id"]))[
        "previewAutoJoinRule"
    ]

    assert [each["event"]["title"] for each in added["joined"]] == ["Interview"]
    assert (added["left"], added["lookedAt"], added["hasMore"]) == ([], 3, False)
    assert [each["event"]["title"] for each in changed["joined"]] == ["Interview"]
    assert changed["left"] == [
        {
            "event": {"title": "Planning"},
            "now": {"joins": True, "ruleId": rule["id"]},
            "then": {"joins": False, "reason": "NO_RULE"},
        }
    ]
    assert await ada.data(RULES) == {"autoJoinRules": [rule]}


async def test_what_is_previewed_is_what_comes_when_the_rule_is_saved(ada: Asking) -> None:
    await meetings(ada, "Weekly review", "Interview", "Planning")
    await created(ada, matchMode="KEYWORD", keywords=["review", "planning"])
    draft = {"name": "Not those", "action": "NEVER_JOIN", "priority": 3, "excludePatterns": ["*view"]}
    before = {title for title, decision in (await decisions(ada)).items() if decision["joins"]}

    preview = (await ada.data(PREVIEW, input=draft))["previewAutoJoinRule"]
    await created(ada, **draft)

    after = {title for title, decision in (await decisions(ada)).items() if decision["joins"]}
    assert {each["event"]["title"] for each in preview["joined"]} == after - before
    assert {each["event"]["title"] for each in preview["left"]} == before - after == {"Planning"}


# Rules made for the user


async def test_a_rule_is_made_from_an_event(ada: Asking) -> None:
    await meetings(ada, "Weekly review", "Interview")
    nodes = (await ada.data('{ events(filter: {text: "weekly"}) { nodes { id } } }'))["events"]["nodes"]
    query = re.sub(r"\$input: AutoJoinRuleInput!", "$id: ID!", CREATE)
    query = query.replace(
        "createAutoJoinRule(input: $input)", "createAutoJoinRuleFromEvent(eventId: $id, action: ALWAYS_JOIN)"
    )

    answer = (await ada.data(query, id=nodes[0]["id"]))["createAutoJoinRuleFromEvent"]

    assert (answer["rule"]["matchMode"], answer["rule"]["keywords"]) == ("KEYWORD", ["Weekly review"])
    assert {title for title, found in (await decisions(ada)).items() if found["joins"]} == {"Weekly review"}


async def test_all_meetings_are_joined_on_demand(ada: Asking) -> None:
    await meetings(ada, "Weekly review", "Interview")
    switch = "mutation ($on: Boolean!) { setJoinAll(enabled: $on) { enabled ruleId } }"

    on = (await ada.data(switch, on=True))["setJoinAll"]
    joined = {title for title, found in (await decisions(ada)).items() if found["joins"]}
    off = (await ada.data(switch, on=False))["setJoinAll"]
    status = (await ada.data("{ joinAll { enabled ruleId } }"))["joinAll"]

    assert joined == {"Weekly review", "Interview"}
    assert (on["enabled"], off) == (True, {"enabled": False, "ruleId": on["ruleId"]})
    assert status == off
