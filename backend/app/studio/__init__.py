"""The web page, and the public catalogue that it and other clients begin with."""
