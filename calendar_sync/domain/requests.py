"""Requests for runs over connections, and the runs that come of them. Times are aware, UTC."""

from dataclasses import dataclass, field
from datetime import timedelta

from calendar_sync.domain.connections import Connection, Lease
from calendar_sync.domain.identifiers import ConnectionId, OrganizationId
from calendar_sync.domain.sync import Trigger


@dataclass(frozen=True, slots=True)
class Job:
    """A connection that waits for a run, as the queue of the workers knows it.

    Of those in the queue, the one with the highest `priority` is next, but none sooner than `delay` from now. Two
    with one `key` are one.
    """

    connection: ConnectionId
    organization: OrganizationId
    key: str
    priority: int = 0
    delay: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a run over `connection`: any run that serves the request number `seq` serves it.

    `job` is to be put into the queue; there is none where a run under way will see to it.
    """

    connection: Connection
    seq: int
    job: Job | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that holds the lease. It serves the requests up to `serves`."""

    lease: Lease
    connection: Connection
    serves: int
    trigger: Trigger
    ciphertext: str = field(repr=False)
