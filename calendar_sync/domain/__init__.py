"""What the program is about: calendars, events, changes and what can go wrong. The standard library only."""
