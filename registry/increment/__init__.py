"""A version of few changes: only the masters that they touch are made anew, all others are taken over as they are."""
