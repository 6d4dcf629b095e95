"""Auto-join: which meetings a bot joins, by rules, and why."""
