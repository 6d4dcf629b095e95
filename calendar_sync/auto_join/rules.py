"""The use case of saying by rules which meetings a bot joins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.auto_join_rules import (
    AutoJoinRule,
    BotOptions,
    MatchMode,
    RuleAction,
    RuleConditions,
    RuleDraft,
    checked,
)
from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.identifiers import AutoJoinRuleId, OccurrenceId
from calendar_sync.domain.occurrences import Occurrence
from calendar_sync.store.database import Database, Transaction

MOST_RULES = 100
"""Of one user: each of their meetings is held against all of them."""
LAST = -1_000
"""The priority of the rule that joins all: whatever other rule decides goes before it."""
_JOIN_ALL = "Join all meetings"


class MatchBy(StrEnum):
    """What a rule that is made from an event has in common with it."""

    ORGANIZER = "organizer"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class RuleService:
    """Every answer is limited to the actor's own rules."""

    database: Database
    clock: Callable[[], datetime]

    async def list(self, actor: Actor) -> Sequence[AutoJoinRule]:
        """In the order in which they are tried, those that are not enabled among them."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.auto_join_rules.list(actor)

    async def create(self, actor: Actor, draft: RuleDraft) -> AutoJoinRule:
        """Raises `Invalid`, also for one rule too many."""
        draft = checked(draft)
        async with self.database.begin(actor=actor) as tx:
            return await self._add(tx, actor, draft)

    async def change(
        self, actor: Actor, rule: AutoJoinRuleId, changed: Callable[[RuleDraft], RuleDraft]
    ) -> AutoJoinRule:
        """Make of the rule what `changed` makes of it. Raises `NotFound` or `Invalid`."""
        async with self.database.begin(actor=actor) as tx:
            await tx.auto_join_rules.hold(actor)
            current = await tx.auto_join_rules.get(actor, rule)
            return await tx.auto_join_rules.replace(actor, rule, checked(changed(current.draft)), self.clock())

    async def delete(self, actor: Actor, rule: AutoJoinRuleId) -> None:
        """Raises `NotFound`."""
        async with self.database.begin(actor=actor) as tx:
            await tx.auto_join_rules.delete(actor, rule)

    async def create_from_event(
        self,
        actor: Actor,
        event: OccurrenceId,
        action: RuleAction,
        match_by: MatchBy | None,
        bot_name: str | None,
    ) -> AutoJoinRule:
        """A rule for meetings like this one: with the same organiser, or else the same title.

        It goes before all rules there are. Raises `NotFound`, or `Invalid` where the event has neither.
        """
        async with self.database.begin(actor=actor) as tx:
            found = await tx.events.get(actor, event)
            rules = await tx.auto_join_rules.list(actor)
            first = max((rule.draft.priority for rule in rules), default=-1) + 1
            draft = _like(found, match_by or (MatchBy.ORGANIZER if found.organizer_email else MatchBy.TITLE))
            options = BotOptions(bot_name=bot_name)
            return await self._add(tx, actor, checked(replace(draft, action=action, priority=first, options=options)))

    async def join_all(self, actor: Actor) -> AutoJoinRule | None:
        """The rule that joins whatever no other rule decides; `None` where it was never wanted."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.auto_join_rules.join_all(actor)

    async def set_join_all(self, actor: Actor, *, enabled: bool, bot_name: str | None) -> AutoJoinRule | None:
        """Have all meetings joined that no other rule decides, or no longer: the rule is kept then.

        Without `bot_name` the rule keeps the one it has.
        """
        async with self.database.begin(actor=actor) as tx:
            await tx.auto_join_rules.hold(actor)
            rule = await tx.auto_join_rules.join_all(actor)
            if rule is None:
                draft = RuleDraft(_JOIN_ALL, priority=LAST, options=BotOptions(bot_name=bot_name))
                return await self._add(tx, actor, draft, is_join_all=True) if enabled else None
            options = rule.draft.options if bot_name is None else replace(rule.draft.options, bot_name=bot_name)
            draft = replace(rule.draft, is_enabled=enabled, options=options)
            return await tx.auto_join_rules.replace(actor, rule.id, draft, self.clock())

    async def _add(self, tx: Transaction, actor: Actor, draft: RuleDraft, *, is_join_all: bool = False) -> AutoJoinRule:
        await tx.auto_join_rules.hold(actor)
        if await tx.auto_join_rules.count(actor) >= MOST_RULES:
            raise Invalid(f"There are {MOST_RULES} rules already: delete one first.", field="name")
        return await tx.auto_join_rules.add(actor, draft, self.clock(), is_join_all=is_join_all)


def _like(event: Occurrence, match_by: MatchBy) -> RuleDraft:
    if match_by is MatchBy.ORGANIZER:
        if event.organizer_email is None:
            raise Invalid("This event has no organiser to go by.", field="match_by")
        conditions = RuleConditions(match_mode=MatchMode.ORGANIZER, organizer_emails=(event.organizer_email,))
        return RuleDraft(f"Meetings of {event.organizer_email}"[:255], conditions=conditions)
    if event.title is None:
        raise Invalid("This event has no title to go by.", field="match_by")
    conditions = RuleConditions(match_mode=MatchMode.KEYWORD, keywords=(event.title[:200],))
    return RuleDraft(f"Meetings called {event.title}"[:255], conditions=conditions)
