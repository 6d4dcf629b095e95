"""Documents that are remembered: the latest, and no others."""

from graphql import parse

from schema.guard import KnownDocuments

DOCUMENT = parse("{ me { id } }")


def test_the_document_that_was_not_used_for_longest_is_forgotten_first() -> None:
    known = KnownDocuments(capacity=2)
    known.add("a", DOCUMENT)
    known.add("b", DOCUMENT)
    known.get("a")

    known.add("c", DOCUMENT)

    assert [query for query in "abc" if known.get(query) is DOCUMENT] == ["a", "c"]


def test_a_long_document_is_not_remembered() -> None:
    known = KnownDocuments(longest=3)

    known.add("long", DOCUMENT)

    assert known.get("long") is None
