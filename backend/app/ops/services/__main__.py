"""``python -m app.ops.services up|down|status``, which is what the launcher runs."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from app.ops.init.failure import InitFailure
from app.ops.services import control
from app.ops.services.places import ServicePlaces
from app.ops.services.texts import text
from app.ops.up.configuration import ROOT
from app.ops.up.failure import BROKEN, USAGE, UpFailure
from app.ops.up.texts import text as text_of_up

_INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code: 0, 1 something failed, 2 the caller can put it right."""
    asked = _parser().parse_args(arguments)
    places = ServicePlaces(asked.root)
    try:
        return _run(asked, places)
    except InitFailure as failure:
        print(failure.sentence, file=sys.stderr)
        return USAGE
    except UpFailure as failure:
        print("\n".join([failure.sentence, *(f"    {line}" for line in failure.lines)]), file=sys.stderr)
        return failure.exit_code
    except PermissionError as error:
        print(text_of_up("not_ours", path=error.filename or places.data), file=sys.stderr)
        return USAGE
    except OSError as error:
        print(text_of_up("disk", detail=error), file=sys.stderr)
        return BROKEN
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(asked: argparse.Namespace, places: ServicePlaces) -> int:
    match asked.command:
        case "up":
            return control.up(places, yes=asked.yes)
        case "down":
            return control.down(places)
        case _:
            return control.status(places, as_json=asked.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./aipic services", description=text("help.program"))
    parser.add_argument("--root", type=Path, default=ROOT, help=text("help.root"))
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", description=text("help.up"), help=text("help.up"))
    up.add_argument("-y", "--yes", action="store_true", help=text("help.yes"))
    commands.add_parser("down", description=text("help.down"), help=text("help.down"))
    status = commands.add_parser("status", description=text("help.status"), help=text("help.status"))
    status.add_argument("--json", action="store_true", help=text("help.json"))
    return parser


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(sys.argv[1:]))
