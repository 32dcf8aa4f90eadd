"""What the engine raises.

    EngineError
    ├── PhotoRefused      a picture cannot be used: broken, too large, of a wrong kind
    ├── TemplateInvalid   a template file breaks the format; names file, line and field
    ├── FontMissing       captions cannot be drawn without a font
    └── EncodeFailed      a target cannot be written or encoded

An error carries a stable snake_case ``code`` and ``params``; the sentence a person reads comes from
``messages.text(code, lang, **params)``, so the engine itself speaks no language.
"""

from __future__ import annotations


class EngineError(Exception):
    """Base of all errors of the engine.

    ``code`` is stable and meant for machines; ``params`` fill the sentence that ``messages`` holds for it.
    """

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = params
        details = ", ".join(f"{name}={value!r}" for name, value in params.items())
        super().__init__(f"{code} ({details})" if details else code)


class PhotoRefused(EngineError):
    """The picture cannot be used at all; nothing about the face has been looked at yet."""


class TemplateInvalid(EngineError):
    """A template breaks the format; ``params`` has ``file``, ``line`` (1-based or None), ``field``, ``problem``."""


class FontMissing(EngineError):
    """No font that can draw captions was found; never drawn as an empty caption."""


class EncodeFailed(EngineError):
    """The sticker could not be encoded or written."""
