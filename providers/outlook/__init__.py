"""Outlook: Microsoft Graph v1.0 by `calendarView/delta`, series as Graph expands them."""
