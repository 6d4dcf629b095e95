"""Rows and transactions: the one place that knows the database."""
