"""Which language the reader wants; the same rule as the launcher's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLES: Final = ("AIPIC_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def chosen_language(environment: Mapping[str, str]) -> str:
    """The first variable that is set decides; where none names a language it is Chinese, as everywhere in AI-PIC."""
    for variable in _VARIABLES:
        if environment.get(variable):
            value = environment[variable].partition(".")[0].lower()
            return "zh" if value in {"", "c", "posix"} or value.startswith("zh") else "en"
    return "zh"
