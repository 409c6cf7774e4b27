"""Splink as an expert would set it up. These files run in an environment of their own, without the product."""
