"""The REST door, and what else is served over plain HTTP."""
