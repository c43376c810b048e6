"""The ledger: the sources' claims, and the verdicts that our own tables pass on them."""
