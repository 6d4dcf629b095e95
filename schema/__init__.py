"""The GraphQL contract: shapes and the table of contents, no logic (an import here would make a circle)."""
