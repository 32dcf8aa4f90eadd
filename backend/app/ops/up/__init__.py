"""``./aipic up``: the whole service in one terminal, on a machine that has nothing but Python."""
