"""One file per noun of the GraphQL contract."""
