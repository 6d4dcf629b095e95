"""The npm project of the pages' assets, and what fetches them."""
