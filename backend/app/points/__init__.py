"""The points ledger: accounts, entries, balances."""
