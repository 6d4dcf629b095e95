"""Zoom: scheduled and upcoming meetings, read whole each time and compared with what was known."""
