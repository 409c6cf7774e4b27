"""Matching what changed: a finished match and some changes to the match that a full rebuild would give."""
