"""Cities drawn for benchmarks alone: it shares neither code nor tables with `simulation/`, so that it is a hold-out."""
