"""What a journal of requests bears out, and what it does not: small journals written by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bench.scale.claims import Answer, Evidence, claims_of, report
from bench.scale.verdict import Gap, Kill, gaps, overlapping, runs_of, take_overs
from simulators.journal import Entry


def asked(account: str, client: str, began: float, ended: float | None = None, status: int | None = 200) -> Entry:
    return Entry(account, client, "GET", began, ended, status)


def test_the_requests_that_came_by_one_connection_are_one_run() -> None:
    journal = [asked("a", "1", 10, 11), asked("b", "2", 10, 11), asked("a", "1", 12, 13), asked("a", "3", 20, 21)]

    runs = runs_of(journal)

    assert [(run.client, run.began, run.ended) for run in runs["a"]] == [("1", 10, 13), ("3", 20, 21)]
    assert [(run.client, run.began, run.ended) for run in runs["b"]] == [("2", 10, 11)]


def test_requests_without_an_account_are_nobodys_run() -> None:
    assert not runs_of([asked("", "1", 10, 11)])


@pytest.mark.parametrize("status", [None, 401, 503])
def test_a_run_with_an_answer_that_is_none_is_not_complete(status: int | None) -> None:
    (run,) = runs_of([asked("a", "1", 10, 11), asked("a", "1", 12, 13, status)])["a"]

    assert not run.is_complete


def test_runs_one_after_the_other_do_not_overlap() -> None:
    journal = [asked("a", "1", 10, 11), asked("a", "2", 11, 12), asked("b", "3", 10.5, 11.5)]

    assert not overlapping(runs_of(journal))


@pytest.mark.parametrize(
    "second",
    [
        [asked("a", "2", 10.5, 12)],  # both ask at once
        [asked("a", "2", 13, 14)],  # between two requests of the first
        [asked("a", "2", 10.1, 10.2), asked("a", "4", 15.5, 17)],  # the long first one is still there
    ],
)
def test_a_run_that_begins_before_another_has_ended_overlaps_it(second: Sequence[Entry]) -> None:
    first = [asked("a", "1", 10, 11), asked("a", "1", 15, 16)]

    assert len(overlapping(runs_of([*first, *second]))) == len(second)


def test_a_request_that_never_ended_overlaps_all_that_follow() -> None:
    journal = [asked("a", "1", 10, None, None), asked("a", "2", 50, 51)]

    assert len(overlapping(runs_of(journal))) == 1


def test_gaps_are_those_between_readings_from_the_last_before_to_the_first_after() -> None:
    found = gaps({"a": [5, 8, 20, 26, 40]}, [], since=10, until=30)

    assert [gap.seconds for gap in found] == [12, 6, 14]


def test_an_account_that_was_never_read_is_a_gap_of_all_the_time() -> None:
    assert gaps({"a": []}, [], since=10, until=30) == [Gap("a", 20, 0)]


def test_a_gap_may_be_longer_by_a_take_over_for_each_kill_that_hit_it() -> None:
    kills = [Kill(12, ["a"]), Kill(14, ["b"])]

    (gap,) = gaps({"a": [10, 30]}, kills, since=10, until=30)

    assert gap.kills == 1
    assert gap.exceeds(9)
    assert not gap.exceeds(10)


def test_a_take_over_is_from_the_kill_to_the_next_run() -> None:
    runs = runs_of([asked("a", "1", 10, 12), asked("a", "2", 19, 20), asked("b", "3", 11, 12)])

    assert take_overs([Kill(11.5, ["a", "b"])], runs) == [7.5, float("inf")]


CALM = Evidence(
    interval=10,
    since=0,
    until=30,
    journal=[asked("a", str(at), at, at + 1) for at in (-5, 5, 15, 25, 35)],
    kills=[Kill(5.5, ["a"])],
    answers=[Answer(0.5, True, "")],
    changes={"new": 1, "updated": 2, "removed": 1},
    simulated={"a": ("x", "y", "z")},
    stored={"a": ("z", "y", "x")},
    finished={"a": [datetime.fromtimestamp(at, UTC) for at in (0, 6, 16, 26, 36)]},
    counted={"new": 4, "updated": 2, "removed": 1},
    runs=[1, 1, 1],
    cpu={"workers": 1.0},
)


def failed(seen: Evidence) -> list[str]:
    return [claim.text for claim in claims_of(seen) if not claim.holds]


def test_all_claims_hold_of_a_calm_run() -> None:
    assert not failed(CALM)
    assert "FAILS" not in report(CALM, claims_of(CALM))


def test_a_busy_machine_may_be_given_more_time() -> None:
    late = replace(CALM, kills=[Kill(14, ["a"]), Kill(24, ["a"])], journal=[*CALM.journal[:3], CALM.journal[4]])

    assert failed(late) == ["What a killed worker held was taken over within ten seconds"]
    assert not failed(replace(late, slack=20))


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (replace(CALM, finished={"a": []}, kills=[]), "Every connection was synced each interval"),
        (replace(CALM, journal=[*CALM.journal, asked("a", "x", 5.5, 5.6)]), "None was synced twice at once"),
        (replace(CALM, stored={"a": ("x", "y")}), "Nothing was lost"),
        (replace(CALM, counted={"new": 5, "updated": 2, "removed": 1}), "The counts are exact"),
        (
            replace(CALM, kills=[Kill(14, ["a"]), Kill(36, ["a"])]),
            "What a killed worker held was taken over within ten seconds",
        ),
        (replace(CALM, answers=[Answer(0.5, False, "no")]), "Whoever asked was answered"),
    ],
)
def test_each_claim_fails_by_what_speaks_against_it(seen: Evidence, text: str) -> None:
    assert failed(seen) == [text]
    assert "FAILS" in report(seen, claims_of(seen))
