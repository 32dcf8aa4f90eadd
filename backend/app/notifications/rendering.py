"""The words of our mails, from the templates beside this file. Both languages of a mail have the same parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.notifications.mail import Content

if TYPE_CHECKING:
    from app.core.i18n import Lang

_environment: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(name: str, lang: Lang, **values: Any) -> Content:
    """The mail ``name`` in ``lang``. The plain template carries the subject as a block of its own."""
    plain = _environment.get_template(f"{name}.{lang}.txt.j2")
    context = plain.new_context(values)
    subject = "".join(plain.blocks["subject"](context))
    text = "".join(plain.blocks["text"](context))
    html = _environment.get_template(f"{name}.{lang}.html.j2").render(values, lang=lang)
    # A subject is one line, whatever a value held.
    return Content(subject=" ".join(subject.split()), text=text.strip() + "\n", html=html, lang=lang)
