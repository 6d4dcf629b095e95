"""Connecting accounts, choosing calendars, disconnecting."""
