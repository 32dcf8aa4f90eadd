"""Help in the caller's language: declarations name texts by key, and the page is laid out for wide characters too."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from app.cli.texts import text

if TYPE_CHECKING:
    from app.cli.language import Lang

_WIDEST = 110
_NARROWEST = 60


class HelpCommand(TyperCommand):
    """A command whose ``--help`` is the page below."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Called by ``--help``."""
        formatter.write(page(self, ctx))


class HelpGroup(TyperGroup):
    """The same for the program itself."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Called by ``--help`` and without arguments."""
        formatter.write(page(self, ctx))


def page(command: Any, ctx: Any) -> str:
    """The help of one command; the language is the context's object."""
    lang: Lang = ctx.find_root().obj or "zh"
    params = command.get_params(ctx)
    arguments = [_argument(param, lang) for param in params if param.param_type_name == "argument"]
    options = [_option(param, lang) for param in params if param.param_type_name == "option"]
    commands = [(name, text(lang, inner.help)) for name, inner in getattr(command, "commands", {}).items()]
    places = " ".join(name for name, _ in arguments)
    if commands:
        places = text(lang, "metavar.command")
    usage = text(lang, "help.usage", command=ctx.command_path, places=places)
    sections = (("panel.commands", commands), ("panel.arguments", arguments), ("panel.options", options))
    shown = [(title, rows) for title, rows in sections if rows]
    column = max(cell_len(name) for _, rows in shown for name, _ in rows) + 2
    width = min(_WIDEST, max(_NARROWEST, shutil.get_terminal_size().columns))
    lines = [" ".join(usage.split()), "", *_wrapped(text(lang, command.help), width), ""]
    for title, rows in shown:
        lines.append(text(lang, title))
        for name, told in rows:
            first, *rest = _wrapped(told, width - column - 2)
            lines.append("  " + name + " " * (column - cell_len(name)) + first)
            lines.extend(" " * (column + 2) + line for line in rest)
        lines.append("")
    return "\n".join(lines)


def _argument(param: Any, lang: Lang) -> tuple[str, str]:
    name = text(lang, param.metavar)
    return (name if param.required else f"[{name}]", text(lang, param.help))


def _option(param: Any, lang: Lang) -> tuple[str, str]:
    names = ", ".join(sorted(param.opts, key=len))
    if param.name == "help":
        return names, text(lang, "help.help")
    return (f"{names} {text(lang, param.metavar)}" if param.metavar else names, text(lang, param.help))


def _wrapped(told: str, width: int) -> list[str]:
    lines = Text(told).wrap(Console(width=width), width, overflow="fold")
    return [line.plain.rstrip() for line in lines]
