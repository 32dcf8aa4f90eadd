"""Which of a service's templates the caller means."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from app.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cli.language import Lang
    from app.cli.remote.answers import Catalogue, Style
    from app.cli.remote.service import Service


async def choose_styles(
    service: Service, catalogue: Catalogue, names: Sequence[str], first: int, lang: Lang
) -> list[Style]:
    """The named templates in that order, each once; ``all``, or the ``first`` on offer when none is named.

    A name may be the id or the name in either language, of which the catalogue has one.
    """
    if not catalogue.styles:
        raise Failure("nothing_on_offer")
    if not names:
        return list(catalogue.styles[:first])
    if "all" in (name.lower() for name in names):
        return list(catalogue.styles)
    known = _by_name(catalogue.styles)
    if any(_plain(name) not in known for name in names):
        other = await service.catalogue("en" if lang == "zh" else "zh")
        by_id = {style.id: style for style in catalogue.styles}
        known = {name: by_id[style.id] for name, style in _by_name(other.styles).items() if style.id in by_id} | known
    return list(dict.fromkeys(_find(name, known) for name in names))


def _by_name(styles: Sequence[Style]) -> dict[str, Style]:
    """Ids come first: a name that is another template's id does not hide that one. Of equal names the first counts."""
    by_name = {_plain(style.name): style for style in reversed(styles)}
    return by_name | {_plain(style.id): style for style in styles}


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _find(name: str, known: dict[str, Style]) -> Style:
    found = known.get(_plain(name))
    if found is not None:
        return found
    if name.lower().endswith((".yaml", ".yml")):
        raise Failure("template_file_local", got=name)
    near = get_close_matches(_plain(name), known, n=1, cutoff=0.55)
    if near:
        raise Failure("template_near", got=name, near=known[near[0]].id)
    raise Failure("template_unknown", got=name)
