"""The catalogue of templates as the API shows it."""
