"""Rules for auto-join, each of one user."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.auto_join_rules import (
    AutoJoinRule,
    BotOptions,
    RuleAction,
    RuleConditions,
    RuleDraft,
    in_order,
)
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import AutoJoinRuleId, UserId, new_auto_join_rule_id
from calendar_sync.store.scope import within
from calendar_sync.store.tables import auto_join_rules, users

_CONDITIONS = TypeAdapter(RuleConditions)
_OPTIONS = TypeAdapter(BotOptions)


class AutoJoinRules:
    """`tx.auto_join_rules`. Drafts are expected to be `checked`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self, actor: Actor) -> None:
        """Until the transaction ends, nobody else who holds them changes the actor's rules."""
        await self._connection.execute(
            select(users.c.id).where(users.c.id == actor.user_id).with_for_update(key_share=True)
        )

    async def count(self, actor: Actor) -> int:
        statement = within(actor, select(func.count()).select_from(auto_join_rules), auto_join_rules)
        return int((await self._connection.execute(statement)).scalar_one())

    async def add(self, actor: Actor, draft: RuleDraft, now: datetime, *, is_join_all: bool = False) -> AutoJoinRule:
        rule = AutoJoinRule(new_auto_join_rule_id(), actor.user_id, draft, now, now)
        place = {"id": rule.id, "user_id": actor.user_id, "organization_id": actor.organization_id}
        values = {**place, **_values(draft), "is_join_all": is_join_all, "created_at": now, "updated_at": now}
        await self._connection.execute(insert(auto_join_rules).values(values))
        return rule

    async def replace(self, actor: Actor, rule: AutoJoinRuleId, draft: RuleDraft, now: datetime) -> AutoJoinRule:
        """Raises `NotFound`."""
        statement = update(auto_join_rules).where(auto_join_rules.c.id == rule)
        await self._connection.execute(
            within(actor, statement.values(**_values(draft), updated_at=now), auto_join_rules)
        )
        return await self.get(actor, rule)

    async def get(self, actor: Actor, rule: AutoJoinRuleId) -> AutoJoinRule:
        """Raises `NotFound`."""
        statement = select(auto_join_rules).where(auto_join_rules.c.id == rule)
        row = (await self._connection.execute(within(actor, statement, auto_join_rules))).first()
        if row is None:
            raise NotFound("auto_join_rule")
        return _rule(row)

    async def join_all(self, actor: Actor) -> AutoJoinRule | None:
        """The rule that joins whatever no other rule decides, if it was ever made."""
        statement = select(auto_join_rules).where(auto_join_rules.c.is_join_all)
        row = (await self._connection.execute(within(actor, statement, auto_join_rules))).first()
        return None if row is None else _rule(row)

    async def list(self, actor: Actor) -> Sequence[AutoJoinRule]:
        """In the order in which they are tried, those that are not enabled among them."""
        rows = await self._connection.execute(within(actor, select(auto_join_rules), auto_join_rules))
        return in_order([_rule(row) for row in rows])

    async def delete(self, actor: Actor, rule: AutoJoinRuleId) -> None:
        """Raises `NotFound`."""
        statement = delete(auto_join_rules).where(auto_join_rules.c.id == rule)
        deleted = await self._connection.execute(within(actor, statement, auto_join_rules))
        if deleted.rowcount == 0:
            raise NotFound("auto_join_rule")


def _values(draft: RuleDraft) -> dict[str, object]:
    return {
        "name": draft.name,
        "action": draft.action.value,
        "is_enabled": draft.is_enabled,
        "priority": draft.priority,
        "conditions": orjson.dumps(asdict(draft.conditions)).decode(),
        "options": orjson.dumps(asdict(draft.options)).decode(),
    }


def _rule(row: Row[Any]) -> AutoJoinRule:
    draft = RuleDraft(
        name=row.name,
        action=RuleAction(row.action),
        is_enabled=row.is_enabled,
        priority=row.priority,
        conditions=_CONDITIONS.validate_json(row.conditions),
        options=_OPTIONS.validate_json(row.options),
    )
    return AutoJoinRule(AutoJoinRuleId(row.id), UserId(row.user_id), draft, row.created_at, row.updated_at)
