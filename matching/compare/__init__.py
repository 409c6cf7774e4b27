"""Comparators: two standard values to an ordered comparison level, in arrays over distinct pairs of values."""
