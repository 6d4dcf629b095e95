"""How much a document asks for, told from its text alone."""

from graphql import OperationDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from resolvers.sync import DEFAULT_RUNS
from schema.limits import Measure, measure, sizes_of
from schema.root import schema
from schema.types.paging import DEFAULT_FIRST

SIZES = sizes_of(schema._schema)


def test_every_list_of_the_schema_counts_as_one() -> None:
    assert {"connections", "calendars", "attendees", "links", "runs", "providers"} <= set(SIZES.items)
    assert (SIZES.items["events"], SIZES.items["syncRuns"]) == (DEFAULT_FIRST, DEFAULT_RUNS)
    assert "edges" not in SIZES.items


def measured(query: str, **variables: object) -> Measure:
    document = parse(query)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return measure(document, operation, variables, SIZES)


def test_the_cost_is_how_many_fields_the_answer_may_hold() -> None:
    events = "events(first: 20) { edges { cursor node { id attendees { email } } } }"

    assert measured("{ me { id } }").cost == 2
    assert measured(f"{{ {events} }}").cost == 1 + 20 * (1 + 1 + 1 + 1 + 1 + 5)


def test_a_page_without_bounds_given_is_as_long_as_it_will_be() -> None:
    assert (
        measured("{ events { totalCount } }").cost
        == measured(f"{{ events(first: {DEFAULT_FIRST}) {{ totalCount }} }}").cost
    )


SELECTIONS = st.recursive(
    st.sampled_from(["id", "name", "alias: title", "__typename", "id @skip(if: false)"]),
    lambda inner: st.builds(
        lambda field, within: f"{field} {{ {' '.join(within)} }}",
        st.sampled_from(["me", "calendars", "events(first: 3)", "runs", "... @include(if: true)", "..."]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=20,
)


@given(st.lists(SELECTIONS, min_size=1, max_size=4))
def test_what_is_moved_to_a_fragment_measures_the_same(selections: list[str]) -> None:
    within = [f"fragment F{n} on Query {{ {selection} }}" for n, selection in enumerate(selections)]
    spread = " ".join(f"...F{n}" for n in range(len(selections)))

    assert measured(f"{{ {spread} }} {' '.join(within)}") == measured(f"{{ {' '.join(selections)} }}")


@given(st.lists(SELECTIONS, min_size=1, max_size=3), st.integers(2, 5))
def test_what_is_spread_often_counts_as_often(selections: list[str], times: int) -> None:
    inside = " ".join(selections)
    once = measured(f"{{ {inside} }}")

    often = measured(f"{{ {'...F ' * times} }} fragment F on Query {{ {inside} }}")

    assert often == Measure(once.depth, once.aliases * times, once.directives * times, once.cost * times)
