"""``./aipic services``: PostgreSQL and Redis in the background, for containers on a machine that has neither."""
