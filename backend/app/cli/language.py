"""Which of the two languages the caller reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Lang = Literal["zh", "en"]

_VARIABLES = ("AIPIC_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_SILENT = {"", "C", "POSIX"}


def from_environment(environment: Mapping[str, str]) -> Lang:
    """The first variable that is set decides; where none names a language it is Chinese."""
    for variable in _VARIABLES:
        value = environment.get(variable, "")
        if value:
            name = value.partition(".")[0]
            return "zh" if name in _SILENT or name.lower().startswith("zh") else "en"
    return "zh"


def from_arguments(arguments: Sequence[str]) -> Lang | None:
    """What ``--lang`` says, read before anything is parsed: errors and help need it too."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            given = value if equals else next(iter(arguments[index + 1 : index + 2]), "")
            if given in ("zh", "en"):
                return "zh" if given == "zh" else "en"
    return None
