"""Standardisers: received text to comparable values, each distinct value worked on once."""
