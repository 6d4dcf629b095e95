"""iCalendar feeds as publishers serve them: well-mannered, odd, broken and hostile."""
