"""Commands of operators, over the database of this installation: accounts, tasks, the ledger."""
