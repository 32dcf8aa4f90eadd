"""What an engine is: requests in, files out, one tree of failures.

    EngineFailure
    ├── InputRefused     the photo cannot be used; nothing but another photo helps
    ├── EngineFailed     the engine could not do it, though the photo may be good
    ├── EngineCrashed    the process that worked on it died
    ├── OutOfMemory      it needed more memory than it may have
    ├── TimedOut         it took longer than it may
    └── Cancelled        the engine was closed meanwhile

This module is light on purpose: whoever serves or schedules imports it, and never loads pixel code with it. Values
are frozen and plain. The sentences that a person reads come along with a failure in both languages, since only the
engine's own process has the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - types of fields, asked for when messages of child processes are read
from typing import ClassVar, Literal, Protocol

Lang = Literal["zh", "en"]
OutputFormat = Literal["mp4", "gif", "webp", "apng", "webm"]
Box = tuple[int, int, int, int]
"""[x0, y0, x1, y1] in whole pixels of the stored photo, the second corner exclusive."""
Param = str | int | float | bool | None
Progress = Callable[[float], None]
"""Told the share of the work that is done, 0 to 1; never falls, at most some ten calls a second."""

CONTENT_TYPES: Mapping[OutputFormat, str] = {
    "mp4": "video/mp4",
    "gif": "image/gif",
    "webp": "image/webp",
    "apng": "image/apng",
    "webm": "video/webm",
}


@dataclass(frozen=True, slots=True)
class Bilingual:
    """The same words in Chinese and in English."""

    zh: str
    en: str

    def said(self, lang: Lang) -> str:
        """The words in one language."""
        return self.zh if lang == "zh" else self.en

    def as_dict(self) -> dict[Lang, str]:
        """For JSON: ``{"zh": …, "en": …}``."""
        return {"zh": self.zh, "en": self.en}


class EngineFailure(Exception):
    """Base of all that an engine raises on purpose.

    ``code`` is stable snake_case for machines, ``params`` are the figures behind it, ``message`` is for people.
    ``max_attempts`` says how often in all an attempt at the same request makes sense: 1 for what is settled, None for
    what is left to the caller's own cap. Notes (``__notes__``) may hold a child's traceback: for logs, not for people.
    """

    code: str = "engine_failed"
    max_attempts: int | None = 1
    default_message: ClassVar[Bilingual] = Bilingual(
        "制作失败了。请再试一次；如果一直这样，请联系管理员。",
        "It could not be made. Try again; if it keeps failing, tell the operator.",
    )

    def __init__(
        self,
        code: str | None = None,
        message: Bilingual | None = None,
        *,
        params: Mapping[str, Param] | None = None,
        max_attempts: int | None = -1,
    ) -> None:
        """What is not given is the class's own; ``max_attempts`` -1 counts as not given, since None has a meaning."""
        self.code = self.code if code is None else code
        self.message = self.default_message if message is None else message
        self.params: dict[str, Param] = dict(params or {})
        self.max_attempts = self.max_attempts if max_attempts == -1 else max_attempts
        details = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        super().__init__(f"{self.code} ({details})" if details else self.code)

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed when it is tried again."""
        return self.max_attempts != 1


class InputRefused(EngineFailure):
    """The photo cannot be used, whatever is tried: broken, of a wrong kind, too large or small, without a face."""

    code = "input_refused"
    default_message = Bilingual("这张照片用不了，请换一张。", "This photo cannot be used. Choose another one.")


class EngineFailed(EngineFailure):
    """The engine could not do it: an unknown template, a full disk (retryable), a mistake of ours."""


class EngineCrashed(EngineFailure):
    """The process that worked on it died; ``params`` has ``signal`` or ``exit_code`` where known."""

    code = "engine_crashed"
    max_attempts = None
    default_message = Bilingual(
        "制作时意外中断了。请再试一次；如果一直这样，请换一张照片。",
        "The work on it was interrupted. Try again; if it keeps happening, use another photo.",
    )


class OutOfMemory(EngineFailure):
    """More memory was needed than allowed. Mostly the photo's doing, so a second attempt is the last."""

    code = "out_of_memory"
    max_attempts = 2
    default_message = Bilingual(
        "这张照片处理起来太占内存。请把照片缩小一些再试。",
        "This photo needs too much memory. Scale it down and try again.",
    )


class TimedOut(EngineFailure):
    """It took longer than allowed; ``params`` has ``seconds``. A busy machine may be why, so once more is worth it."""

    code = "timed_out"
    max_attempts = 2
    default_message = Bilingual(
        "制作花的时间太长，已经停下。请过一会儿再试，或者换一张照片。",
        "It took too long and was stopped. Try again later, or use another photo.",
    )


class Cancelled(EngineFailure):
    """The engine was closed before this was done: no fault of the request, which another process can take up."""

    code = "engine_closed"
    max_attempts = None
    default_message = Bilingual("服务正在重启，请再试一次。", "The service is restarting. Try again.")


@dataclass(frozen=True, slots=True)
class PrepareRequest:
    """An upload to be made into a stored photo.

    ``source`` is any file at all; ``target_dir`` an existing folder for the result. ``max_side`` caps the longest side
    of what is stored, px. What has more than ``max_pixels`` or ``max_bytes`` is refused unread.
    """

    source: Path
    target_dir: Path
    max_side: int = 2048
    max_pixels: int = 40_000_000
    max_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a photo was not passed, or what to expect of one that was; ``refuses`` tells the two apart."""

    code: str
    message: Bilingual
    refuses: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A photo as it is stored: upright, sRGB, 8 bits, without any metadata.

    ``file`` is a JPEG, or a PNG when it has alpha; ``width`` and ``height`` are its pixels, and the boxes are in them:
    ``face_box`` from the brows to the chin, ``ext_box`` the square that is animated. Both are None without a face.
    """

    file: Path
    content_type: str
    bytes: int
    width: int
    height: int
    passed: bool
    face_box: Box | None
    ext_box: Box | None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A sticker to be made.

    ``photo`` is a stored photo; ``driven_id`` one of ``templates()``; ``target_dir`` an existing folder. ``caption``
    None is the template's own in ``lang``, "" is none. ``size`` is the side in px, 64 to 1024. All ``formats`` come
    from one rendering; MP4, which knows no transparency, lies on white.
    """

    photo: Path
    driven_id: str
    target_dir: Path
    caption: str | None = None
    lang: Lang = "zh"
    formats: tuple[OutputFormat, ...] = ("mp4", "gif", "webp")
    size: int = 512


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """One written file and its length in bytes."""

    path: Path
    content_type: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Generated:
    """A sticker in every format that was asked for, and its poster: the template's key frame as a still WebP."""

    files: Mapping[OutputFormat, GeneratedFile]
    poster: GeneratedFile
    width: int
    height: int
    duration_ms: int
    frames: int


@dataclass(frozen=True, slots=True)
class TemplateCategory:
    """A shelf of the template list."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """What the list of templates shows of one; ``position`` counts from 0 in display order."""

    driven_id: str
    name: Bilingual
    category: TemplateCategory
    duration_ms: int
    fps: int
    caption: Bilingual
    position: int


class Engine(Protocol):
    """Makes stickers in this machine. Every method raises :class:`EngineFailure` and nothing else on purpose.

    Cancelling the task that awaits ``prepare`` or ``generate`` stops the work within a second. However a call ends
    early, it leaves nothing behind in ``target_dir``.
    """

    @property
    def name(self) -> str:
        """The registry's name of it."""
        ...

    async def start(self) -> None:
        """Make ready; before any other call."""
        ...

    async def close(self) -> None:
        """Stop; calls under way and waiting raise :class:`Cancelled`. Leaves no process behind."""
        ...

    async def prepare(self, request: PrepareRequest) -> Prepared:
        """Make an upload a stored photo and look for the face. Never waits behind a rendering.

        A photo that is a picture but not a good portrait is no failure: it is ``passed=False`` with reasons.
        """
        ...

    async def generate(self, request: GenerateRequest, on_progress: Progress) -> Generated:
        """Make a sticker, all formats of it."""
        ...

    def templates(self) -> Sequence[TemplateInfo]:
        """All templates in display order; after ``start``."""
        ...


__all__ = [
    "CONTENT_TYPES",
    "Bilingual",
    "Box",
    "Cancelled",
    "Engine",
    "EngineCrashed",
    "EngineFailed",
    "EngineFailure",
    "GenerateRequest",
    "Generated",
    "GeneratedFile",
    "InputRefused",
    "Lang",
    "OutOfMemory",
    "OutputFormat",
    "Param",
    "PrepareRequest",
    "Prepared",
    "Progress",
    "Reason",
    "TemplateCategory",
    "TemplateInfo",
    "TimedOut",
]
