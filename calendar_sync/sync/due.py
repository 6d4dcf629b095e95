"""When the next sync of a connection is due, decided and stored in the transaction that ends a run."""

from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.identifiers import ConnectionId
from calendar_sync.domain.schedule import DueReason, NextSync
from calendar_sync.store.channels import Push
from calendar_sync.store.database import Transaction
from calendar_sync.store.schedules import Terms
from calendar_sync.sync.pace import Pace, Rhythm
from calendar_sync.sync.runner import Outcome


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended `at` then. `has_failed` says that it came to nothing.

    `asked_until` is given where one to follow it was put into the queue: when the schedule is to look after that.
    """

    outcome: Outcome
    has_failed: bool
    at: datetime
    asked_until: datetime | None = None


async def schedule_next(
    tx: Transaction, connection: ConnectionId, ended: Ended, pace: Pace, push_address: str | None
) -> NextSync:
    """After the lease was released and the connection marked. Push counts only where it comes to `push_address`."""
    terms = await tx.schedules.terms(connection)
    push = None
    if push_address is not None:
        push = (await tx.channels.pushes([connection], [push_address], ended.at)).get(connection)
    found = _next(terms, rhythm_of(terms, push, ended.at), ended, pace)
    await tx.connections.schedule(connection, found.at, found.reason, failed_in_a_row=found.failed_in_a_row)
    return found


def rhythm_of(terms: Terms, push: Push | None, now: datetime) -> Rhythm:
    if push is None:
        return Rhythm(terms.wanted, terms.published)
    return Rhythm(terms.wanted, terms.published, push.is_complete, push.renew_at - now)


def _next(terms: Terms, rhythm: Rhythm, ended: Ended, pace: Pace) -> NextSync:
    failed = terms.failed_in_a_row + 1 if ended.has_failed else 0
    if terms.status is ConnectionStatus.RECONNECT_REQUIRED:
        return NextSync(None, DueReason.RECONNECT_REQUIRED, failed)
    if ended.asked_until is not None:
        return NextSync(ended.asked_until, DueReason.REQUESTED, failed)
    if ended.outcome.reconnect:  # what was refused are credentials that others have taken the place of meanwhile
        return NextSync(ended.at, DueReason.CONNECTED)
    wait = pace.wait(rhythm, failed=failed, retry_after=ended.outcome.retry_after)
    return NextSync(ended.at + wait.length, wait.reason, failed)
