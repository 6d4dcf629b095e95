"""The inside of calendar-sync: everything that is neither a GraphQL shape nor a provider's wire format."""
