"""Side-by-side measurements: `make bench` prints one table."""
