"""Findings in PostgreSQL: what the rules said, when, and on which values."""
