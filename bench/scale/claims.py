"""What is claimed of a run with workers that die, and whether what was seen bears it out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bench.scale.verdict import TAKE_OVER, Gap, Kill, Run, gaps, overlapping, runs_of, take_overs
from simulators.journal import Entry

JITTER = 1.25
"""By how much an interval may be longer than it was set to."""
_KINDS = ("new", "updated", "removed")


@dataclass(frozen=True, slots=True)
class Answer:
    """To a sync that a user asked for: after how many seconds, and whether every account of theirs was read."""

    seconds: float
    is_whole: bool
    text: str


@dataclass(frozen=True)
class Evidence:
    """Of the time from `since` to `until`, in seconds since the epoch, and of the state after it came to rest.

    By account: the titles that are `simulated` and those `stored`, and when runs that succeeded `finished`. `counted`
    is what all runs counted, `changes` what was changed; `runs` is how long those took that began in that time, `cpu`
    what it cost. `slack` is how much longer than claimed all may take, for a machine that has other things to do.
    """

    interval: float
    since: float
    until: float
    journal: Sequence[Entry]
    kills: Sequence[Kill]
    answers: Sequence[Answer]
    changes: Mapping[str, int]
    simulated: Mapping[str, Sequence[str]]
    stored: Mapping[str, Sequence[str]]
    finished: Mapping[str, Sequence[datetime]]
    counted: Mapping[str, int]
    runs: Sequence[float]
    cpu: Mapping[str, float]
    slack: float = 0.0

    @cached_property
    def by_account(self) -> Mapping[str, Sequence[Run]]:
        return runs_of(self.journal)

    @cached_property
    def read(self) -> Sequence[Gap]:
        """Between completed readings, as the vendors saw them."""
        complete = {
            account: sorted(run.ended for run in self.by_account.get(account, ()) if run.is_complete)
            for account in self.simulated
        }
        return gaps(complete, self.kills, self.since, self.until)

    @cached_property
    def kept(self) -> Sequence[Gap]:
        """Between runs of which all is stored."""
        ends = {account: [each.timestamp() for each in times] for account, times in self.finished.items()}
        return gaps(ends, self.kills, self.since, self.until)

    @cached_property
    def taken_over(self) -> Sequence[float]:
        return sorted(take_overs(self.kills, self.by_account))

    @property
    def expected(self) -> Mapping[str, int]:
        """What has to be counted: each event that is there was new once, and so was each that was removed."""
        there = sum(len(titles) for titles in self.simulated.values())
        return {**{kind: self.changes[kind] for kind in _KINDS}, "new": there + self.changes["removed"]}

    @property
    def limit(self) -> float:
        """Between two readings, where no worker died that held the account: the interval, and its turn to be taken."""
        return self.interval * JITTER + TAKE_OVER + self.slack


@dataclass(frozen=True, slots=True)
class Claim:
    text: str
    holds: bool
    figures: str


def claims_of(seen: Evidence) -> Sequence[Claim]:
    return [
        _read_each_interval(seen),
        _never_twice(seen),
        _nothing_lost(seen),
        _counts(seen),
        _take_overs(seen),
        _asked(seen),
    ]


def _read_each_interval(seen: Evidence) -> Claim:
    late = [gap for gap in (*seen.read, *seen.kept) if gap.exceeds(seen.limit)]
    figures = (
        f"longest between two readings {_longest(seen.read)}, between two stored runs {_longest(seen.kept)}; "
        f"at most {seen.limit:.1f} s and {TAKE_OVER:.0f} s a kill: {len(late)} longer"
    )
    return Claim("Every connection was synced each interval", not late, figures)


def _longest(found: Sequence[Gap]) -> str:
    longest = max(found, key=lambda gap: gap.seconds)
    return f"{longest.seconds:.1f} s ({longest.kills} kills)"


def _never_twice(seen: Evidence) -> Claim:
    runs = sum(len(each) for each in seen.by_account.values())
    both = overlapping(seen.by_account)
    text = f"{len(seen.journal)} requests in {runs} runs over {len(seen.by_account)} accounts: {len(both)} overlap"
    return Claim("None was synced twice at once", not both, text)


def _nothing_lost(seen: Evidence) -> Claim:
    other = [name for name, titles in seen.simulated.items() if sorted(titles) != sorted(seen.stored[name])]
    there, changed = sum(len(titles) for titles in seen.simulated.values()), sum(seen.changes.values())
    text = f"{there} events in {len(seen.simulated)} accounts, {changed} changes: {len(other)} accounts differ"
    return Claim("Nothing was lost", not other, text)


def _counts(seen: Evidence) -> Claim:
    figures = ", ".join(f"{seen.counted[kind]} {kind} of {seen.expected[kind]}" for kind in _KINDS)
    return Claim("The counts are exact", all(seen.counted[kind] == seen.expected[kind] for kind in _KINDS), figures)


def _take_overs(seen: Evidence) -> Claim:
    found = seen.taken_over
    figures = f"{len(seen.kills)} kills hit {len(found)} runs"
    if found:
        figures += f"; taken over after p50 {found[len(found) // 2]:.2f} s, at most {found[-1]:.2f} s"
    return Claim(
        "What a killed worker held was taken over within ten seconds",
        max(found, default=0) <= TAKE_OVER + seen.slack,
        figures,
    )


def _asked(seen: Evidence) -> Claim:
    times = sorted(answer.seconds for answer in seen.answers)
    late = times[int(len(times) * 0.95)] if times else 0.0
    bad = [answer.text for answer in seen.answers if not answer.is_whole]
    figures = f"{len(times)} asked, {len(bad)} not answered in full"
    if times:
        figures += f"; p50 {times[len(times) // 2]:.2f} s, p95 {late:.2f} s, at most {times[-1]:.2f} s"
    return Claim("Whoever asked was answered", not bad, f"{figures}{f': {bad[0]}' if bad else ''}")


def report(seen: Evidence, claims: Sequence[Claim]) -> str:
    """What is to be read in a terminal."""
    seconds, runs, times = seen.until - seen.since, len(seen.runs), sorted(seen.runs)
    lines = [f"{'holds' if each.holds else 'FAILS':5}  {each.text}\n       {each.figures}" for each in claims]
    spent = [
        f"       {name:18} {cpu:7.1f} s {cpu / seconds:7.1%} of a core {1000 * cpu / max(1, runs):7.1f} ms a run"
        for name, cpu in seen.cpu.items()
    ]
    head = f"{len(seen.simulated)} connections for {seconds:.0f} s: {runs} runs, {runs / seconds:.1f} a second"
    if times:
        head += f", of p50 {times[runs // 2]:.2f} s and p95 {times[int(runs * 0.95)]:.2f} s"
    return "\n".join([head, "", *lines, "", "CPU   ", *spent])
