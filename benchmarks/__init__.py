"""Measures matching beside its peers. Nothing in the product imports it, and no test depends on its figures."""
