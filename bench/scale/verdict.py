"""What the vendors' journal says of those who read them: who read when, whether two ever read one account at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter

from simulators.journal import Entry

TAKE_OVER = 10.0
"""Seconds that a worker that was killed may hold up a connection."""
_ONE_RUN = 20.0  # seconds between two requests of it, and much less than between two runs over one account


@dataclass(frozen=True, slots=True)
class Run:
    """The requests over one account that came by one connection: each run opens its own.

    `is_complete` where each of them was answered well. Times are seconds since the epoch.
    """

    account: str
    client: str
    began: float
    ended: float
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Kill:
    """When a worker was killed, and which accounts it had a lease on."""

    at: float
    held: Collection[str]


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two completed readings of an account; `kills` of workers that held it fell into it."""

    account: str
    seconds: float
    kills: int

    def exceeds(self, limit: float) -> bool:
        """Whether it is longer than it may be where each kill costs no more than a take-over."""
        return self.seconds > limit + self.kills * TAKE_OVER


def runs_of(journal: Iterable[Entry]) -> Mapping[str, Sequence[Run]]:
    """By account, in the order in which they began. What has no account (a token being renewed) is left out."""
    ordered = sorted((each for each in journal if each.account), key=attrgetter("account", "client", "began"))
    runs = [
        _run(entries)
        for _, together in groupby(ordered, attrgetter("account", "client"))
        for entries in _apart(list(together))
    ]
    runs.sort(key=attrgetter("account", "began"))
    return {account: list(each) for account, each in groupby(runs, attrgetter("account"))}


def _apart(entries: Sequence[Entry]) -> Iterable[Sequence[Entry]]:
    """Those that came close to one another. The system gives the port of a run that is long over to another one."""
    begins = [0, *(at for at, (a, b) in enumerate(pairwise(entries), 1) if b.began - a.began > _ONE_RUN), len(entries)]
    return [entries[a:b] for a, b in pairwise(begins)]


def _run(entries: Sequence[Entry]) -> Run:
    ends = [each.ended for each in entries]
    return Run(
        entries[0].account,
        entries[0].client,
        entries[0].began,
        max(end if end is not None else float("inf") for end in ends),
        all(each.status is not None and each.status < 400 for each in entries),
    )


def overlapping(runs: Mapping[str, Sequence[Run]]) -> Sequence[tuple[Run, Run]]:
    """Runs over one account of which the second began before the first had ended."""
    found: list[tuple[Run, Run]] = []
    for each in runs.values():
        last = each[0]
        for run in each[1:]:
            if run.began < last.ended:
                found.append((last, run))
            last = max(last, run, key=attrgetter("ended"))
    return found


def gaps(read: Mapping[str, Sequence[float]], kills: Sequence[Kill], since: float, until: float) -> Sequence[Gap]:
    """Between one reading of an account and the next, from the last before `since` on to the first after `until`.

    `read` says when each account was read, in order. One that was never read is a gap as long as all of it.
    """
    found: list[Gap] = []
    for account, times in read.items():
        before = max((each for each in times if each <= since), default=since)
        after = min((each for each in times if each >= until), default=until)
        inside = [each for each in times if since < each < until]
        found += [Gap(account, b - a, _hits(kills, account, a, b)) for a, b in pairwise([before, *inside, after])]
    return found


def _hits(kills: Sequence[Kill], account: str, since: float, until: float) -> int:
    return sum(1 for kill in kills if since <= kill.at < until and account in kill.held)


def take_overs(kills: Sequence[Kill], runs: Mapping[str, Sequence[Run]]) -> Sequence[float]:
    """Seconds from each kill to the next run over each account that was held; infinite where there was none."""
    return [
        min((run.began - kill.at for run in runs.get(account, ()) if run.began > kill.at), default=float("inf"))
        for kill in kills
        for account in kill.held
    ]
