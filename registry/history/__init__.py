"""The past of the base databases: what changed with each version, since when it was so, and since when it was known."""
