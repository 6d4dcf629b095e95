"""What is too much to ask is refused at once, and named; what people really ask is not."""

import time

import pytest
from graphql import get_introspection_query

from schema import limits
from tests.schema.asking import Asking, error_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYTHING = """
  totalCount
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  edges { cursor node {
    id seriesId icalUid title isAllDay timeZone status isRecurring provider organizerEmail attendeeCount meetingLink
    meetingPlatform autoJoinStatus sessionId syncedAt createdAt isJoinable description location url visibility isBusy
    start { dateTime date timeZone } end { dateTime date timeZone } organizer { email name }
    attendees { email name response isOptional isResource isSelf } links { url platform }
    calendar { name } connection { accountEmail }
  } }
"""


def doubling(levels: int, inside: str) -> str:
    """Fragments that each spread the next one twice: `2 ** levels` times what is inside."""
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return " ".join(["{ ...F0 }", *fragments, f"fragment F{levels} on Query {{ {inside} }}"])


def nested_doubling(levels: int) -> str:
    fragments = [
        f"fragment F{n} on ConnectedAccount {{ calendars {{ connection {{ ...F{n + 1} }} }} ...F{n + 1} }}"
        for n in range(levels)
    ]
    return " ".join(["{ connections { ...F0 } }", *fragments, f"fragment F{levels} on ConnectedAccount {{ id }}"])


IDENTIFIERS = "[" + '"cal_x" ' * 101 + "]"

TOO_MUCH = {
    "1,000 aliases": ("{" + " ".join(f"a{n}: me {{ id }}" for n in range(1000)) + "}", "QUERY_TOO_LONG"),
    "100 aliases": ("{" + " ".join(f"a{n}: me {{ id }}" for n in range(100)) + "}", "TOO_MANY_ALIASES"),
    "aliases in a fragment": (
        "{ ...A ...B } fragment B on Query { ...A } fragment A on Query {"
        + " ".join(f"a{n}: me {{ id }}" for n in range(20))
        + "}",
        "TOO_MANY_ALIASES",
    ),
    "depth 500": ("{ connections" + "{ calendars { connection " * 250 + "{ id }" + "} }" * 250 + "}", "QUERY_TOO_DEEP"),
    "depth 20": ("{ connections" + "{ calendars { connection " * 10 + "{ id }" + "} }" * 10 + "}", "QUERY_TOO_DEEP"),
    "20,000 braces": ("{" * 20_000, "GRAPHQL_PARSE_FAILED"),
    "900 braces": ("{a" * 900, "QUERY_TOO_DEEP"),
    "nested values": ("{ events(filter: " + "[" * 1900 + " }", "QUERY_TOO_DEEP"),
    "nested inline fragments": ("{ me " + "{ ... " * 300 + "{ id }" + "}" * 300 + "}", "QUERY_TOO_DEEP"),
    "doubled fragments": (doubling(18, "events { totalCount }"), "QUERY_TOO_COSTLY"),
    "many doubled fragments": (doubling(60, "me { id }"), "QUERY_TOO_COSTLY"),
    "doubled and nested fragments": (nested_doubling(18), "QUERY_TOO_DEEP"),
    "a long chain of fragments": (
        "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(200)),
        "QUERY_TOO_DEEP",
    ),
    "a cycle of fragments": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "10,000 same fields": ("{" + "me { id } " * 10_000 + "}", "QUERY_TOO_LONG"),
    "400 same fields": ("{" + "me { id } " * 400 + "}", "QUERY_TOO_COSTLY"),
    "400 same fields in fragments": ("{" + "... { me { id } } " * 250 + "}", "QUERY_TOO_COSTLY"),
    "3,000 inline fragments": ("{" + "... { me { id } } " * 3000 + "}", "QUERY_TOO_LONG"),
    "1,000 directives": ("{ me " + "@include(if: true) " * 1000 + "{ id } }", "QUERY_TOO_LONG"),
    "200 directives": ("{ me " + "@include(if: true) " * 200 + "{ id } }", "TOO_MANY_DIRECTIVES"),
    "200 KB of comments": ("{ me { id } }\n" + "# nothing\n" * 20_000, "QUERY_TOO_LONG"),
    "a text of 200 KB": ('{ event(id: "' + "x" * 200_000 + '") { id } }', "QUERY_TOO_LONG"),
    "a name of 200 KB": ("{ " + "x" * 200_000 + " }", "QUERY_TOO_LONG"),
    "a name of 30 KB": ("{ " + "x" * 30_000 + " }", "GRAPHQL_VALIDATION_FAILED"),
    "20 full lists": (
        "{" + " ".join(f"a{n}: events(first: 1000) {{ edges {{ node {{ id title }} }} }}" for n in range(20)) + "}",
        "QUERY_TOO_COSTLY",
    ),
    "lists in lists in lists": (
        "{ connections"
        + "{ calendars { connection" * 4
        + "{ id provider status accountEmail eventCount lastSyncAt lastError createdAt }"
        + "} }" * 4
        + "}",
        "QUERY_TOO_COSTLY",
    ),
    "everything of 1,000 events": (f"{{ events(first: 1000) {{ {EVERYTHING} }} }}", "QUERY_TOO_COSTLY"),
    "eleven accounts at once": (
        "mutation {"
        + " ".join(f'a{n}: connectCalendar(input: {{ics: {{url: "x"}}}}) {{ __typename }}' for n in range(11))
        + "}",
        "QUERY_TOO_COSTLY",
    ),
    "101 identifiers": (f"{{ events(filter: {{calendarIds: {IDENTIFIERS}}}) {{ totalCount }} }}", "BAD_USER_INPUT"),
    "101 identifiers in a default": (
        f"query ($ids: [ID!] = {IDENTIFIERS}) {{ events(filter: {{calendarIds: $ids}}) {{ totalCount }} }}",
        "BAD_USER_INPUT",
    ),
    "the schema ten times": (
        "{" + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(11)) + "}",
        "QUERY_TOO_COSTLY",
    ),
    "types of types of types": (
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
}


@pytest.mark.parametrize("name", TOO_MUCH)
async def test_what_is_too_much_is_refused_within_a_second_of_computing(ada: Asking, name: str) -> None:
    query, expected = TOO_MUCH[name]

    began = time.process_time()
    answer = await ada.answer(query)
    took = time.process_time() - began

    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {expected}
    assert answer.json().get("data") is None
    assert took < 1
    assert len(answer.content) < 4096


@pytest.mark.parametrize("first", [0, -1, 1001, 1_000_000, 2**31, -(2**31), 2**63, 10**30])
@pytest.mark.parametrize("field", ["events(first: $n) { totalCount }", "syncRuns(first: $n) { id }"])
async def test_a_page_outside_the_bounds_is_refused(ada: Asking, field: str, first: int) -> None:
    literal = await ada.code(f"{{ {field.replace('$n', str(first))} }}")
    default = await ada.code(f"query ($n: Int! = {first}) {{ {field} }}")
    in_a_fragment = await ada.code(f"{{ ...F }} fragment F on Query {{ {field.replace('$n', str(first))} }}")

    assert {literal, default, in_a_fragment} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("first", [0, -1, 1001, 1_000_000, 2**31, 1e6, 1.5, "20", None, [], {}])
async def test_a_page_outside_the_bounds_is_refused_as_a_variable(ada: Asking, first: object) -> None:
    assert await ada.code("query ($n: Int!) { events(first: $n) { totalCount } }", n=first) == "BAD_USER_INPUT"


NESTED: object = "x"
for _ in range(11):
    NESTED = {"a": NESTED}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (["x"] * 101, "BAD_USER_INPUT"),
        ({"calendarIds": ["x"] * 101}, "BAD_USER_INPUT"),
        (["x"] * 50_000, "BAD_USER_INPUT"),
        (NESTED, "QUERY_TOO_DEEP"),
        ([[[[[[[[[[["x"]]]]]]]]]]], "QUERY_TOO_DEEP"),
    ],
)
async def test_variables_are_bounded_whether_they_are_used_or_not(ada: Asking, value: object, code: str) -> None:
    assert await ada.code("{ me { id } }", given=value) == code


async def test_a_hundred_identifiers_may_be_given(ada: Asking) -> None:
    query = "query ($ids: [ID!]) { events(filter: {calendarIds: $ids}) { totalCount } }"

    assert await ada.data(query, ids=["cal_x"] * 100) == {"events": {"totalCount": 0}}


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("1,000 aliases", limits.MOST_TOKENS),
        ("200 KB of comments", limits.MOST_CHARACTERS),
        ("depth 20", limits.DEEPEST),
        ("100 aliases", limits.MOST_ALIASES),
        ("200 directives", limits.MOST_DIRECTIVES),
        ("20 full lists", limits.MOST_COST),
        ("400 same fields", limits.MOST_REPEATED),
        ("101 identifiers", limits.MOST_ITEMS),
    ],
)
async def test_a_refusal_names_the_limit(ada: Asking, name: str, limit: int) -> None:
    assert f" {limit} " in error_of(await ada.answer(TOO_MUCH[name][0]))["message"]


async def test_everything_of_a_hundred_events_may_be_asked(ada: Asking) -> None:
    await ada.data(f"{{ events(first: 100) {{ {EVERYTHING} }} }}")


async def test_what_graphiql_asks_of_the_schema_may_be_asked(ada: Asking) -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )

    found = await ada.data(query)

    assert found["__schema"]["queryType"]["name"] == "Query"


async def test_fields_that_are_not_there_come_with_suggestions(ada: Asking) -> None:
    """The schema is public: a hint gives nothing away."""
    answer = await ada.answer("{ conections { id } }")

    assert "Did you mean 'connections'" in answer.json()["errors"][0]["message"]
