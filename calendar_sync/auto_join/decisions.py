"""The use case of asking which meetings are joined, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.auto_join import Decision, Invitation, UserChoice, decide
from calendar_sync.domain.auto_join_rules import AutoJoinRule, RuleDraft, checked
from calendar_sync.domain.events import AutoJoinStatus
from calendar_sync.domain.identifiers import AutoJoinRuleId, ConnectionId, OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceContent, OccurrenceFilter
from calendar_sync.store.database import Database, Transaction

MOST_PREVIEWED = 500
"""Meetings that a preview looks at, the next ones."""
_UNNAMED = "New rule"
"""What one is called that is only looked at, unless it has a name."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is decided about a meeting as the rules are, and what would be."""

    occurrence: Occurrence
    now: Decision
    then: Decision


@dataclass(frozen=True, slots=True)
class Preview:
    """`joined` would be, `left` would be no more; of `looked_at` upcoming meetings with a link."""

    joined: Sequence[Outcome]
    left: Sequence[Outcome]
    looked_at: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class DecisionService:
    """Every answer is limited to the actor's own meetings and rules."""

    database: Database
    clock: Callable[[], datetime]

    async def decisions(self, actor: Actor, occurrences: Sequence[OccurrenceId]) -> Mapping[OccurrenceId, Decision]:
        """What is decided about these meetings; those that are not there are left out."""
        async with self.database.begin(write=False, actor=actor) as tx:
            rules = await tx.auto_join_rules.list(actor)
            found = list((await tx.events.by_ids(actor, occurrences)).values())
            invitations = await _invitations(tx, actor, found)
        return {each.id: decide(invitations[each.id], rules, choice_of(each)) for each in found}

    async def preview(
        self, actor: Actor, said: Callable[[RuleDraft], RuleDraft], replacing: AutoJoinRuleId | None = None
    ) -> Preview:
        """What would be joined, and what no more, with a new rule, or with one changed: what `said` makes of it.

        Nothing is saved. Raises `Invalid`, or `NotFound` where there is no such rule.
        """
        now = self.clock()
        wanted = OccurrenceFilter(starts_after=now, has_meeting_link=True)
        async with self.database.begin(write=False, actor=actor) as tx:
            rules = await tx.auto_join_rules.list(actor)
            current = None if replacing is None else await tx.auto_join_rules.get(actor, replacing)
            draft = checked(said(RuleDraft(_UNNAMED) if current is None else current.draft))
            page = await tx.events.page(actor, wanted, limit=MOST_PREVIEWED)
            invitations = await _invitations(tx, actor, page.items)
        changed = [rule for rule in rules if rule != current] + [_tried(actor, draft, current, now)]
        outcomes = [
            Outcome(each, decide(invitations[each.id], rules, choice), decide(invitations[each.id], changed, choice))
            for each, choice in ((each, choice_of(each)) for each in page.items)
        ]
        return Preview(
            joined=[each for each in outcomes if each.then.joins and not each.now.joins],
            left=[each for each in outcomes if each.now.joins and not each.then.joins],
            looked_at=len(outcomes),
            has_more=page.has_more,
        )


def choice_of(occurrence: Occurrence) -> UserChoice:
    is_kept_out = occurrence.auto_join_status is AutoJoinStatus.DISABLED
    return UserChoice.NEVER if is_kept_out else UserChoice.RULES


def _tried(actor: Actor, draft: RuleDraft, current: AutoJoinRule | None, now: datetime) -> AutoJoinRule:
    if current is not None:
        return AutoJoinRule(current.id, actor.user_id, draft, current.created_at, now)
    return AutoJoinRule(AutoJoinRuleId("majr_"), actor.user_id, draft, now, now)


async def _invitations(
    tx: Transaction, actor: Actor, occurrences: Sequence[Occurrence]
) -> Mapping[OccurrenceId, Invitation]:
    contents = await tx.events.contents(actor, [each.id for each in occurrences])
    owners = {each.id: each.account_email for each in await tx.connections.list(actor)}
    return {each.id: invitation_of(each, contents[each.id], owners) for each in occurrences}


def invitation_of(
    occurrence: Occurrence, content: OccurrenceContent, owners: Mapping[ConnectionId, str | None]
) -> Invitation:
    """`owners` are the addresses of the accounts."""
    details = content.details
    people = [each for each in details.attendees if not each.is_resource]
    return Invitation(
        provider=occurrence.provider,
        calendar_id=occurrence.calendar_id,
        title=details.title,
        description=details.description,
        starts_at=occurrence.starts_at,
        all_day=occurrence.all_day,
        status=occurrence.status,
        is_recurring=occurrence.is_recurring,
        has_link=occurrence.meeting_link is not None,
        organizer_email=details.organizer.email if details.organizer else None,
        emails=tuple(each.email for each in people if each.email),
        attendee_count=len(people),
        owner_email=owners.get(occurrence.connection_id),
        response=next((each.response for each in people if each.is_self), None),
    )
