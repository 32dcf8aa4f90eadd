"""Emoji: templates and the tasks that make stickers from them."""
