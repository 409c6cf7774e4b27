"""The ledger of judgements: what stewards and rules decided, kept for ever, and what follows from it."""
