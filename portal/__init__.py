"""The web: server-rendered pages for auditors, stewards and departments.

Owns requests, sessions and what a page shows; refuses to decide anything: rules, cases, links and versions are decided
by the rooms below. Invariant: a page shows only what its reader's role and district allow, and every look at a person's
record is logged.
"""
