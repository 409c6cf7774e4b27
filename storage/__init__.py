"""Where things lie: the zones of a home folder, manifests, atomic commit, locks, and the PostgreSQL server."""
