"""The templates that the program brings along, and how to find one by its name."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.engines.local.channels import nearest
from app.engines.local.errors import TemplateInvalid
from app.engines.local.template_file import load_template_file
from app.engines.local.template_messages import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.engines.local.template import Template

__all__ = ["DISPLAY_ORDER", "TEMPLATE_FOLDER", "get_template", "load_template_file", "load_templates"]

TEMPLATE_FOLDER = Path(__file__).parent / "templates"

DISPLAY_ORDER = (
    "laugh_tears", "love", "shocked", "crying", "wink", "angry",
    "tongue", "kiss", "cool", "party", "shy", "thumbs_up", "yes", "no", "doubt", "smug", "speechless", "dizzy",
    "sleepy", "panic", "kissed", "heartbroken", "rich", "idea", "melon", "devil", "angel", "disgusted", "applause",
    "freezing",
    "mengwa_kaixin", "mengwa_dengyan", "mengwa_gandong", "mengwa_renzhen_1", "mengwa_jidong", "mengwa_kun_1",
    "mengwa_jiaoxie", "dagong_kaixin", "dagong_yangwang", "dagong_kunhuo", "dagong_zhuakuang", "dagong_wunai",
    "dagong_weixiao", "dagong_ganji", "jingdian_tiaopi", "jingdian_deyi_1", "jingdian_qidai",
    "jingdian_landuo_1", "jingdian_xianqi", "jingdian_lei",
)  # fmt: skip
"""Ids in the order in which people see them: the six most different first, the cloud's own last and in its order.

A file in the folder that is not named here comes after all that are, by its id.
"""


@cache
def _shipped(path: Path) -> Template:
    template = load_template_file(path)
    if template.id != path.stem:
        problem = Problem("id_not_file_name", field="id", params={"got": template.id, "name": path.stem})
        raise TemplateInvalid(
            "template_invalid", file=str(path), line=None, field="id", problem=problem, problems=(problem,)
        )
    return template


@cache
def load_templates() -> Mapping[str, Template]:
    """All templates of the program by id, in display order; read once, read-only.

    Raises :class:`TemplateInvalid` when a file in the folder breaks the format or is not named like its id.
    """
    found = {path.stem: _shipped(path) for path in sorted(TEMPLATE_FOLDER.glob("*.yaml"))}
    place = {name: index for index, name in enumerate(DISPLAY_ORDER)}
    ordered = sorted(found, key=lambda name: (place.get(name, len(place)), name))
    return MappingProxyType({name: found[name] for name in ordered})


def get_template(name_or_id: str) -> Template:
    """The template with that id, ``driven_id`` or (in either language) name, or in the file of that path.

    Raises :class:`TemplateInvalid` with the code ``unknown_template`` and the params ``got`` and ``suggestion``
    (the nearest id, or ``None``), or as :func:`load_template_file` does for a path that ends in .yaml or .yml.
    """
    wanted = name_or_id.strip()
    if wanted.lower().endswith((".yaml", ".yml")):
        return load_template_file(Path(os.path.expanduser(wanted)))  # noqa: PTH111 - leaves a `~name` that nobody has
    name = wanted.lower().replace("-", "_").replace(" ", "_")
    if name in DISPLAY_ORDER:
        # reading one file instead of all saves a fifth of a second of a sticker that takes one
        return _shipped(TEMPLATE_FOLDER / f"{name}.yaml")
    templates = load_templates()
    if name in templates:
        return templates[name]
    for template in templates.values():
        if wanted.lower() in (template.driven_id, template.name.zh, template.name.en.lower()):
            return template
    raise TemplateInvalid("unknown_template", got=name_or_id, suggestion=nearest(wanted, templates))
