"""What the checks inside share: the settings, or which of them are wrong."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.core.settings import Settings


class Inside:
    """Loads the settings once. The application is imported late: a broken image still gets its findings."""

    @cached_property
    def loaded(self) -> tuple[Settings | None, list[tuple[str, str]]]:
        """The settings, or the wrong ones with what is wrong with each: never a value."""
        from pydantic import ValidationError  # noqa: PLC0415

        from app.core.settings import load_settings  # noqa: PLC0415

        try:
            return load_settings(), []
        except ValidationError as error:
            return None, [
                _fault(one) for one in error.errors(include_input=False, include_context=False, include_url=False)
            ]

    @property
    def settings(self) -> Settings | None:
        """None where they are wrong."""
        return self.loaded[0]


def _fault(error: Any) -> tuple[str, str]:
    return ".".join(map(str, error["loc"])), str(error["msg"]).removeprefix("Value error, ")
