"""The checks inside a container, where the program and all that it needs are installed: everything is really used."""
