"""docket, without a type checker that it brings along and we never use.

Its key-value store is decorated by beartype: 400 modules, which cost each process 6 MB and 150 ms at its start. What we
keep lies in PostgreSQL, so nothing of that store ever runs. While docket is imported, a stand-in whose decorators do
nothing takes beartype's place; afterwards whoever wants the real one gets it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Cron", "Docket", "Worker"]


class _Stub(ModuleType):
    """As much of beartype as is imported."""

    BeartypeConf = SimpleNamespace
    BeartypeStrategy = SimpleNamespace(O0=0, O1=1)

    @staticmethod
    def beartype(**_options: Any) -> Callable[[Any], Any]:
        """A decorator that leaves everything as it is."""
        return lambda decorated: decorated

    @staticmethod
    def beartype_this_package(**_options: Any) -> None:
        """Nothing."""


@contextmanager
def _without_beartype() -> Iterator[None]:
    if "beartype" in sys.modules:
        yield
        return
    names = ("beartype", "beartype.claw")
    sys.modules.update({name: _Stub(name) for name in names})
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


with _without_beartype():
    from docket import Cron, Docket, Worker
