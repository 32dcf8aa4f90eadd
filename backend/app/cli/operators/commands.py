"""The operators' commands, in groups: ``user``, ``task``, ``ledger``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.cli.help_page import HelpCommand, HelpGroup
from app.cli.operators import ledger, task, user

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

# `user grant ID -20`: what looks like an option may be a number.
_NUMBERS: Final = {"ignore_unknown_options": True}
_GROUPS: Final[tuple[tuple[str, str, tuple[tuple[str, str, Callable[..., int], dict[str, Any]], ...]], ...]] = (
    (
        "user",
        "help.user",
        (("show", "help.user_show", user.show, {}), ("grant", "help.user_grant", user.grant, _NUMBERS)),
    ),
    ("task", "help.tasks", (("show", "help.task_show", task.show, {}),)),
    ("ledger", "help.ledger", (("check", "help.ledger_check", ledger.check, {}),)),
)


def add_operator_commands(app: typer.Typer, make: Callable[..., typer.Typer], settings: dict[str, Any]) -> None:
    """Add the groups to ``app``; ``make`` makes an empty program like it, ``settings`` are its context's."""
    for name, told, commands in _GROUPS:
        group = make(help=told)
        for command, page, function, more in commands:
            group.command(command, cls=HelpCommand, help=page, context_settings={**settings, **more})(function)
        app.add_typer(group, name=name, cls=HelpGroup, help=told)
