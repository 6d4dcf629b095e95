"""One short function per field: read the input, call a service, shape the answer."""
