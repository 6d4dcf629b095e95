"""A small CalDAV server in memory, honest by default and odd on demand."""
