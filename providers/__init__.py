"""One package per outside service: the only code that speaks its wire format."""
