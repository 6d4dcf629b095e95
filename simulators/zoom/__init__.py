"""Zoom in memory: OAuth, meetings and the two lists of them, with what can go wrong on demand."""
