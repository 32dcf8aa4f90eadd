"""``python -m app.ops.up up|down|status|logs``, which is what the launcher runs."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from app.ops.up import control
from app.ops.up.configuration import ROOT, Places, load_configuration
from app.ops.up.failure import BROKEN, USAGE, UpFailure
from app.ops.up.supervisor import Supervisor
from app.ops.up.texts import text

_INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code: 0, 1 something failed, 2 the caller can put it right."""
    asked = _parser().parse_args(arguments)
    places = Places(asked.root)
    try:
        return _run(asked, places)
    except UpFailure as failure:
        print(failure.sentence, file=sys.stderr)
        return failure.exit_code
    except PermissionError as error:
        print(text("not_ours", path=error.filename or places.data), file=sys.stderr)
        return USAGE
    except OSError as error:
        print(text("disk", detail=error), file=sys.stderr)
        return BROKEN
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(asked: argparse.Namespace, places: Places) -> int:
    match asked.command:
        case "up":
            return Supervisor(load_configuration(places.root)).run()
        case "down":
            return control.down(places)
        case "status":
            return control.status(places)
        case _:
            return control.logs(places, asked.name, follow=asked.follow, lines=asked.lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./aipic", description=text("help.program"))
    parser.add_argument("--root", type=Path, default=ROOT, help=text("help.root"))
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "down", "status"):
        commands.add_parser(name, description=text(f"help.{name}"), help=text(f"help.{name}"))
    logs = commands.add_parser("logs", description=text("help.logs"), help=text("help.logs"))
    logs.add_argument("name", nargs="?", choices=control.LOGS, help=text("help.which", names=", ".join(control.LOGS)))
    logs.add_argument("-f", "--follow", action="store_true", help=text("help.follow"))
    logs.add_argument("-n", "--lines", type=int, default=100, metavar="N", help=text("help.lines"))
    return parser


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(sys.argv[1:]))
