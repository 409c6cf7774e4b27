"""Search before create: whom the base databases know already, ranked by match weight."""
