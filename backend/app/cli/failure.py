"""Errors as the caller sees them: one line on stderr, a hint where there is one, never a traceback."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from app.cli.texts import has_text, text

if TYPE_CHECKING:
    from typer import TyperException

    from app.cli.language import Lang
    from app.engines.local.errors import EngineError

USAGE = 2
"""Exit code for everything that the caller can put right."""
BROKEN = 1
"""Exit code for our own mistakes."""


class Failure(Exception):
    """The command cannot go on; ``code`` names a sentence (and ``code.hint`` a hint) in :mod:`texts`."""

    exit_code: int = USAGE

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def tell(sentence: str, hint: str = "") -> None:
    """Print an error on stderr, plainly: it may be piped, and names of files may hold markup."""
    print(sentence, file=sys.stderr)
    if hint:
        print("  " + hint, file=sys.stderr)


def tell_failure(failure: Failure, lang: Lang) -> None:
    """Print a failure of the command itself."""
    hint = f"{failure.code}.hint"
    tell(text(lang, failure.code, **failure.params), text(lang, hint, **failure.params) if has_text(hint) else "")


def tell_engine_error(error: EngineError, lang: Lang) -> None:
    """Print what the engine refused."""
    for line, hint in engine_error_lines(error, lang):
        tell(line, hint)


def engine_error_lines(error: EngineError, lang: Lang) -> list[tuple[str, str]]:
    """Sentence and hint of each thing that is wrong; a template file can have several, each with its line."""
    if "problems" in error.params:
        from app.engines.local.template_messages import Problem, problem_line

        problems = error.params["problems"]
        if isinstance(problems, tuple):
            file = error.params.get("file")
            return [(problem_line(problem, file, lang), "") for problem in problems if isinstance(problem, Problem)]
    from app.engines.local.messages import text as engine_text

    message = engine_text(error.code, lang, **error.params)
    return [(message.sentence, message.hint)]


def tell_usage(error: TyperException, lang: Lang) -> None:
    """Print what is wrong with the command line. Typer speaks English only, so the usual cases are said anew."""
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        tell(error.format_message().rstrip())
        return
    option = getattr(error, "option_name", None)
    param = getattr(error, "param", None)
    if kind == "NoSuchOption" and option:
        sentence = text(lang, "usage.no_such_option", option=option)
    elif kind == "MissingParameter" and param is not None and param.metavar:
        sentence = text(lang, "usage.missing", name=text(lang, param.metavar))
    elif kind == "BadOptionUsage" and option:
        sentence = text(lang, "usage.no_value", option=option)
    elif error.format_message().startswith("No such command"):
        sentence = text(lang, "usage.no_such_command", name=error.format_message().split("'")[1])
    elif "extra argument" in error.format_message():
        extra = error.format_message().rpartition(" (")[2].rstrip(").")
        sentence = text(lang, "usage.too_many", extra=extra)
    else:
        sentence = text(lang, "usage.other", detail=error.format_message().rstrip("."))
    tell(sentence, text(lang, "usage.hint"))
