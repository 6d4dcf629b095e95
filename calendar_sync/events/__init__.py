"""Listing and reading occurrences."""
