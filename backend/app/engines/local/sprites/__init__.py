"""Drawn sprites: premultiplied RGBA pictures, made by code once per size and colour, read-only and cached."""
