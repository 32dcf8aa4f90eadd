"""Commands put together, in the caller's language, with one place where every error ends."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any

import typer

from app.cli import check, language, make, templates
from app.cli.failure import BROKEN, USAGE, Failure, tell, tell_engine_error, tell_failure, tell_usage
from app.cli.help_page import HelpCommand, HelpGroup
from app.cli.texts import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cli.language import Lang

INTERRUPTED = 130
_HELP_NAMES = {"help_option_names": ["-h", "--help"]}


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
    from app.engines.local.errors import EngineError  # loads the engine, which `--help` must not wait for

    if isinstance(error, typer.TyperException):
        tell_usage(error, lang)
    elif isinstance(error, Failure):
        tell_failure(error, lang)
    elif isinstance(error, EngineError):
        tell_engine_error(error, lang)
    else:
        if os.environ.get("AIPIC_DEBUG"):
            traceback.print_exception(error)
        tell(text(lang, "unexpected", detail=f"{type(error).__name__}: {error}"), text(lang, "unexpected.hint"))
        return BROKEN
    return USAGE


def _group() -> Any:
    app = typer.Typer(
        cls=HelpGroup,
        help="help.program",
        context_settings=_HELP_NAMES,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for name, function in (("make", make.command), ("templates", templates.command), ("check", check.command)):
        app.command(name, cls=HelpCommand, help=f"help.{name}", context_settings=_HELP_NAMES)(function)
    return typer.main.get_command(app)
