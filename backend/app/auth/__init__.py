"""Signing in: devices, e-mail codes, tokens."""
