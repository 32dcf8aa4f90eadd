"""``./aipic init``: the first `.env`. Standard library only, because nothing is installed yet when it runs."""
