"""Commands put together, in the caller's language, with one place where every error ends."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import typer

from app.cli import check, language, make, templates
from app.cli.failure import BROKEN, USAGE, Failure, tell, tell_engine_error, tell_failure, tell_usage
from app.cli.help_page import HelpCommand, HelpGroup
from app.cli.operators.commands import add_operator_commands
from app.cli.texts import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cli.language import Lang

INTERRUPTED = 130
_HELP_NAMES: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code: 0, 1 our mistake, 2 the caller's, 130 interrupted."""
    lang = language.from_arguments(arguments) or language.from_environment(os.environ)
    try:
        code = _group().main(args=list(arguments), prog_name="./aipic", standalone_mode=False, obj=lang)
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _told(error, lang)


def _told(error: Exception, lang: Lang) -> int:
    """Say what is wrong and whose it is."""
    if isinstance(error, typer.TyperException):
        tell_usage(error, lang)
        return USAGE
    if isinstance(error, Failure):
        tell_failure(error, lang)
        return error.exit_code
    # Loaded already if this is an error of the engine's; a command that has no use for the engine does not wait for it.
    engine = sys.modules.get("app.engines.local.errors")
    if engine is not None and isinstance(error, engine.EngineError):
        tell_engine_error(error, lang)
        return USAGE
    if os.environ.get("AIPIC_DEBUG"):
        traceback.print_exception(error)
    tell(text(lang, "unexpected", detail=f"{type(error).__name__}: {error}"), text(lang, "unexpected.hint"))
    return BROKEN


def _group() -> Any:
    app = _program(help="help.program")
    for name, function in (("make", make.command), ("templates", templates.command), ("check", check.command)):
        app.command(name, cls=HelpCommand, help=f"help.{name}", context_settings=_HELP_NAMES)(function)
    add_operator_commands(app, _program, _HELP_NAMES)
    return typer.main.get_command(app)


def _program(**options: Any) -> typer.Typer:
    return typer.Typer(
        cls=HelpGroup,
        context_settings=_HELP_NAMES,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        **options,
    )
