"""The ledger: what cannot be quietly changed afterwards (S10, S13, C7)."""
