"""From an event object to its instances, within a window and a bound.

An RFC 5545 expander of our own, because what it reads comes from strangers: every loop is paid for from one budget,
and the window is reached by arithmetic. `expand` documents the reading of time; `Rule` that of rules.
"""

from calendar_sync.recurrence.expansion import Expansion, ends_at, expand
from calendar_sync.recurrence.limits import Limits
from calendar_sync.recurrence.listed import in_common
from calendar_sync.recurrence.rule import InvalidRule, Rule

__all__ = ["Expansion", "InvalidRule", "Limits", "Rule", "ends_at", "expand", "in_common"]
