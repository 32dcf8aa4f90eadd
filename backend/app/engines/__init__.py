"""Engines that turn a photo into stickers."""
