"""The base databases: golden records with provenance, master ids that stay, and their publication."""
