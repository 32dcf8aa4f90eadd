"""Accounts and who is calling."""
