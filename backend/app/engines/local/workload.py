"""How much of a sticker is done, by what each step of it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.engines.base import OutputFormat

_RIG: Final = 20.0
_POSTER: Final = 3.5
_ENCODERS: Final[dict[OutputFormat, tuple[float, float]]] = {
    "mp4": (0.43, 0.04),
    "gif": (0.5, 0.43),
    "webp": (1.15, 0.01),
    "apng": (0.45, 0.95),
    "webm": (0.8, 0.01),
}
"""Measured, in the time that one frame takes to render: a rig; a poster; and of each frame in each encoder, as it is
taken, and its share of what follows the last one."""


class Workload:
    """The steps of one sticker; ``report`` is told the share of all that is done."""

    def __init__(
        self, frames: int, formats: tuple[OutputFormat, ...], report: Callable[[float], None], *, needs_rig: bool
    ) -> None:
        self._frames = frames
        self._report = report
        self._rig = _RIG if needs_rig else 0.0
        self._done = 0.0
        self._all = self._rig + _POSTER + frames * (1.0 + sum(sum(_ENCODERS[name]) for name in formats))

    def begun(self) -> None:
        """Nothing is done yet."""
        self._finish(0.0)

    def rig_built(self) -> None:
        """The first step is done, if there was any need for it."""
        self._finish(self._rig)

    def rendered(self, frames: int, _of: int) -> None:
        """So many frames of the rendering are there."""
        self._tell(frames)
        if frames == self._frames:
            self._done += frames

    def poster_written(self) -> None:
        """The poster is."""
        self._finish(_POSTER)

    def encoder(self, name: OutputFormat) -> Callable[[int], None]:
        """What to tell how many frames an encoder has taken."""
        taking, _ = _ENCODERS[name]
        return lambda frames: self._tell(frames * taking)

    def encoded(self, name: OutputFormat) -> None:
        """A file is written."""
        self._finish(self._frames * sum(_ENCODERS[name]))

    def _finish(self, cost: float) -> None:
        self._done += cost
        self._tell(0.0)

    def _tell(self, since: float) -> None:
        self._report(min((self._done + since) / self._all, 1.0))
