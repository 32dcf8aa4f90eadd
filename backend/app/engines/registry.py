"""Engines by their names: the only list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.engines.local_engine import LocalEngine, LocalOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.engines.base import Engine

ENGINES: Final[Mapping[str, Callable[[LocalOptions], Engine]]] = {
    "local": LocalEngine,
}
"""What a name stands for. Importing this loads no pixel code: engines load it in processes of their own."""


class UnknownEngine(LookupError):
    """No engine has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"没有叫 {name!r} 的引擎 / there is no engine {name!r}: {', '.join(ENGINES)}")


def create_engine(name: str, options: LocalOptions | None = None) -> Engine:
    """An engine, not yet started.

    Raises:
        UnknownEngine: no engine has that name.
    """
    if name not in ENGINES:
        raise UnknownEngine(name)
    return ENGINES[name](options or LocalOptions())
