"""What is decided about a meeting, and what was tried on the way there."""

import strawberry

from calendar_sync.domain.auto_join import Decision, Reason
from schema.types.described import describe

describe(
    Reason,
    "What decided whether a meeting is joined.",
    {
        Reason.NO_LINK: "There is nowhere to join.",
        Reason.CANCELLED: "It does not take place.",
        Reason.USER: "Its user did, for this meeting. That goes before every rule.",
        Reason.RULE: "A rule did: the first that matches.",
        Reason.NO_RULE: "No rule matches, so it is not joined.",
    },
)


@strawberry.type(description="A rule that was tried for a meeting.")
class TriedRule:
    rule_id: strawberry.ID = strawberry.field(description="The rule: `majr_…`")
    name: str = strawberry.field(description="What it is called.")
    failed: str | None = strawberry.field(
        description="The first of its conditions that does not hold, by the name of the field; `null`: all hold."
    )


@strawberry.type(description="Whether a meeting is joined, and why.")
class AutoJoinDecision:
    joins: bool = strawberry.field(description="Whether the bot joins it.")
    reason: Reason = strawberry.field(description="What decided.")
    rule_id: strawberry.ID | None = strawberry.field(description="The rule that decided, if one did: `majr_…`")
    tried: list[TriedRule] = strawberry.field(
        description="The rules that were tried, in their order, up to the one that decided."
    )

    @classmethod
    def of(cls, decision: Decision) -> "AutoJoinDecision":
        return cls(
            joins=decision.joins,
            reason=decision.reason,
            rule_id=strawberry.ID(decision.rule_id) if decision.rule_id else None,
            tried=[
                TriedRule(rule_id=strawberry.ID(each.rule_id), name=each.name, failed=each.failed)
                for each in decision.tried
            ],
        )
