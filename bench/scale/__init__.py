"""How far it scales: `python -m bench.scale simulate | workers | proof`; docs/scale.md says what the numbers mean."""
