"""iCalendar, in every form that producers write it."""
