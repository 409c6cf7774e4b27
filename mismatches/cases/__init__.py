"""Cases: what auditors make of findings, step by step, and what came of it."""
