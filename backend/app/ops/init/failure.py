"""How ``init`` ends when it cannot go on."""

from __future__ import annotations

from app.ops.init.texts import text


class InitFailure(Exception):
    """Something that the caller can put right, told in one sentence."""

    def __init__(self, key: str, /, **params: object) -> None:
        self.sentence = text(key, **params)
        super().__init__(self.sentence)
