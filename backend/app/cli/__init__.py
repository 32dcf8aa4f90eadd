"""The shell command: thin typer commands over the engine, in the caller's language."""
