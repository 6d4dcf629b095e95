"""From an event object to its instances, within a window and a bound."""
