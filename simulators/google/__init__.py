"""Google in memory: OAuth 2.0 and Calendar API v3, well-mannered by default, odd and broken on demand."""
