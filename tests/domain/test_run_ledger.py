"""The counts of a run are those of comparing the store before it with the store after it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.identifiers import CalendarId
from calendar_sync.domain.sync import RunLedger, Tally, Transition

WORK, HOME = CalendarId("cal_work"), CalendarId("cal_home")


def test_an_object_counts_once_however_often_it_changes() -> None:
    ledger = RunLedger()

    ledger.record(WORK, {"a": Transition(None, "1")})
    ledger.record(WORK, {"a": Transition("1", "2")})
    ledger.record(WORK, {"a": Transition("2", "3")})

    assert ledger.tally == Tally(new=1)


def test_an_object_that_ends_as_it_began_does_not_count() -> None:
    ledger = RunLedger()

    ledger.record(WORK, {"a": Transition("1", None), "b": Transition(None, "1"), "c": Transition("1", "2")})
    ledger.record(WORK, {"a": Transition(None, "1"), "b": Transition("1", None), "c": Transition("2", "1")})

    assert ledger.tally == Tally()


def test_the_same_name_in_another_calendar_is_another_object() -> None:
    ledger = RunLedger()

    ledger.record(WORK, {"a": Transition(None, "1")})
    ledger.record(HOME, {"a": Transition(None, "1")})

    assert ledger.tally == Tally(new=2)


contents = st.none() | st.sampled_from("xyz")
objects = st.tuples(st.sampled_from([WORK, HOME]), st.sampled_from("abc"))


@settings(deadline=None)
@given(st.dictionaries(objects, st.sampled_from("xyz")), st.lists(st.tuples(objects, contents)))
def test_the_tally_compares_the_end_with_the_beginning(
    before: dict[tuple[CalendarId, str], str], steps: list[tuple[tuple[CalendarId, str], str | None]]
) -> None:
    ledger, store = RunLedger(), dict(before)

    for key, content in steps:
        calendar, name = key
        ledger.record(calendar, {name: Transition(store.get(key), content)})
        store.pop(key, None)
        store |= {key: content} if content is not None else {}

    assert ledger.tally == Tally(
        new=len(store.keys() - before.keys()),
        updated=sum(store[key] != before[key] for key in store.keys() & before.keys()),
        removed=len(before.keys() - store.keys()),
    )
