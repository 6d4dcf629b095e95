"""Zoom's own typings, and TypeScript's compiler to hold the simulated Zoom to them."""
