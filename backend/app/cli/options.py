"""What the caller may write after options, read into the engine's terms."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from app.cli import language
from app.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cli.language import Lang
    from app.engines.local.render import Background
    from app.engines.local.template import Template

FIRST = 6
"""How many templates are made when none is named."""
MAX_FACES = 99
MAX_CAPTION = 40
"""Characters of a caption; more cannot be read on a sticker."""
MAX_WIDTH = 24
"""The same in full-width ones, which is where the engine cuts."""


def chosen_lang(given: str | None, environment_lang: Lang) -> Lang:
    """``--lang`` or what the environment says."""
    if given is None:
        return environment_lang
    lang = language.from_arguments(["--lang", given])
    if lang is None:
        raise Failure("lang_unknown", got=given)
    return lang


def chosen_number(option: str, given: str | None, low: int, high: int) -> float | None:
    """A number from ``low`` to ``high``, None when the option was not given."""
    if given is None:
        return None
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise Failure("not_a_number", option=option, low=low, high=high, got=given)
    return int(value) if value == int(value) else value


def chosen_whole(option: str, given: str | None, low: int, high: int) -> int | None:
    """The same for whole numbers."""
    value = chosen_number(option, given, low, high)
    if value is not None and value != int(value):
        raise Failure("not_a_number", option=option, low=low, high=high, got=given)
    return None if value is None else int(value)


def chosen_caption(caption: str | None, no_caption: bool) -> str | None:
    """The engine's caption: None is the template's own, an empty one is none."""
    if no_caption and caption is not None:
        raise Failure("caption_twice")
    if caption is None:
        return "" if no_caption else None
    words = " ".join(caption.split())
    width = sum(1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.5 for sign in words)
    if len(words) > MAX_CAPTION or width > MAX_WIDTH:
        raise Failure("caption_long", limit=MAX_CAPTION, wide=MAX_WIDTH, length=len(words))
    return words


def chosen_background(given: str) -> Background:
    """``keep``, ``remove``, or a colour."""
    from app.engines.local.render import parse_background

    try:
        return parse_background(given)
    except ValueError:
        raise Failure("background_unknown", got=given) from None


def split_names(names: Sequence[str]) -> list[str]:
    """The names of templates, each of which may be a comma list."""
    wanted = [name.strip() for given in names for name in given.replace("，", ",").split(",") if name.strip()]
    if names and not wanted:
        raise Failure("template_empty")
    return wanted


def chosen_templates(names: Sequence[str]) -> list[Template]:
    """The named templates in that order, each once; ``all``, or the first of the catalogue when none is named."""
    from app.engines.local.catalog import get_template, load_templates

    wanted = split_names(names)
    if not wanted:
        return list(load_templates().values())[:FIRST]
    if "all" in (name.lower() for name in wanted):
        return list(load_templates().values())
    found = [get_template(name) for name in wanted]
    return list({template.id: template for template in found}.values())
