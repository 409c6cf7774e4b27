"""How good a match is: against the truth, or by a clerk's decisions on a sample."""
