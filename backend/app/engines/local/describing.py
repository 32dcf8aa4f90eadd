"""The list of templates as the contract has it. Runs in a child."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.engines.base import Bilingual, EngineFailed, TemplateCategory, TemplateInfo
from app.engines.local.catalog import load_templates
from app.engines.local.failures import failures_told
from app.engines.local.template import CATEGORY_NAMES, Template
from app.engines.records import to_record

if TYPE_CHECKING:
    from collections.abc import Callable


def describe(_argument: Any, _report: Callable[[float], None]) -> Any:
    """Records of TemplateInfo, in display order.

    Raises:
        EngineFailed: a template file is wrong.
    """
    with failures_told():
        return to_record([_info(template, place) for place, template in enumerate(load_templates().values())])


def public_id(template: Template) -> str:
    """The name by which a service knows a template: the cloud's, where the cloud has it too."""
    return template.driven_id or template.id


def find_template(driven_id: str) -> Template:
    """The template with exactly that public name: here a name comes from outside, and must not become a path.

    Raises:
        EngineFailed: ``unknown_template``.
    """
    for template in load_templates().values():
        if public_id(template) == driven_id:
            return template
    words = Bilingual("没有这个模板，请从列表里选一个。", "There is no such template. Choose one of the list.")
    raise EngineFailed("unknown_template", words, params={"driven_id": driven_id[:64]})


def _info(template: Template, position: int) -> TemplateInfo:
    zh, en = CATEGORY_NAMES[template.category]
    return TemplateInfo(
        driven_id=public_id(template),
        name=Bilingual(template.name.zh, template.name.en),
        category=TemplateCategory(template.category.value, zh, en),
        duration_ms=round(template.frame_count / template.fps * 1000),
        fps=template.fps,
        caption=Bilingual(template.caption.text.zh, template.caption.text.en),
        position=position,
    )
