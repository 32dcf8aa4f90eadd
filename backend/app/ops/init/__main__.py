"""``python -m app.ops.init``, which is what the launcher runs with whatever Python there is."""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.ops.init.creation import back_up, example, is_bundled, public_lines, secret_key
from app.ops.init.env_file import read_env, write_env
from app.ops.init.failure import InitFailure
from app.ops.init.questions import ask_postgres, ask_redis, wants_bundled
from app.ops.init.texts import text

if TYPE_CHECKING:
    from app.ops.init.env_file import EnvFile

_ROOT: Final = Path(__file__).parents[4]
_BROKEN, _USAGE, _INTERRUPTED = 1, 2, 130


def main(arguments: list[str]) -> int:
    """Make or complete `.env`; returns the exit code: 0, 1 something failed, 2 the caller can put it right."""
    asked = _parser().parse_args(arguments)
    try:
        return _run(asked)
    except InitFailure as failure:
        print(failure.sentence, file=sys.stderr)
        return _USAGE
    except OSError as error:
        print(text("disk", detail=error), file=sys.stderr)
        return _BROKEN
    except (KeyboardInterrupt, EOFError):
        print("\n" + text("left"), file=sys.stderr)
        return _INTERRUPTED


def _run(asked: argparse.Namespace) -> int:
    root: Path = asked.root
    path = root / ".env"
    interactive = sys.stdin.isatty() and not asked.yes
    there = path.exists()
    new = asked.force or not there
    public = public_lines(asked.domain.lower(), production=asked.production)
    file = example(root) if new else read_env(path)
    if not new:
        _require_said(file, public, path)
    changes = dict(public) if new else {}
    remark = ""
    if not file["SECRET_KEY"]:
        changes["SECRET_KEY"], known = secret_key(root, fresh=asked.force or asked.production)
        remark = text("key_kept") if known else text("key_new") if there else ""
    bundled, missing = _servers(root, file, interactive=interactive, changes=changes)
    if there and asked.force:
        print(text("backup", path=back_up(path)))
    if changes or new:
        write_env(path, file.with_values(changes))
    names = ", ".join(changes)
    print(text("made" if new else "filled" if changes else "kept", path=path, names=names))
    if remark:
        print(remark)
    if missing:
        raise InitFailure("half", name=missing)
    return _finish(asked, file.with_values(changes), bundled=bundled)


def _require_said(file: EnvFile, public: dict[str, str], path: Path) -> None:
    """A file that is there is not changed, so it has to say already what is asked for."""
    lines = [f"{name}={value}" for name, value in public.items() if file[name] != value]
    if lines:
        raise InitFailure("exists", path=path, lines=" ".join(lines))


def _servers(root: Path, file: EnvFile, *, interactive: bool, changes: dict[str, str]) -> tuple[bool, str]:
    """Whether the bundled servers are to be used, and the setting that nobody could be asked for."""
    lacking = [name for name in ("POSTGRES_SERVER", "REDIS_HOST") if not file[name]]
    if not lacking:
        return is_bundled(root, file), ""
    if len(lacking) == 2 and not (interactive and not wants_bundled()):
        return True, ""
    if not interactive:
        return False, lacking[0]
    if "POSTGRES_SERVER" in lacking:
        changes |= ask_postgres(file)
    if "REDIS_HOST" in lacking:
        changes |= ask_redis(file)
    return False, ""


def _finish(asked: argparse.Namespace, file: EnvFile, *, bundled: bool) -> int:
    sys.stdout.flush()
    if bundled and asked.no_services:
        print(text("bundled.later"))
    elif bundled:
        print(text("bundled"), flush=True)
        try:
            code = subprocess.run([asked.root / "aipic", "services", "up"], check=False).returncode
        except OSError as error:
            print(text("no_launcher", detail=error), file=sys.stderr)
            return _BROKEN
        if code != 0:
            return code
    else:
        print(text("own"))
    print()
    print(text("next"))
    if file["ENVIRONMENT"] in {"", "local"}:
        print("  docker compose up -d --build")
        print(text("next.check"))
        print(f"  curl http://localhost:{file['BACKEND_PORT'] or '8000'}/api/v1/utils/health-check/")
    else:
        print("  docker compose -f docker-compose.yml up -d --build")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./aipic init", description=text("help.program"))
    parser.add_argument("-y", "--yes", action="store_true", help=text("help.yes"))
    parser.add_argument("--force", action="store_true", help=text("help.force"))
    parser.add_argument("--no-services", action="store_true", help=text("help.no_services"))
    parser.add_argument("--domain", default="", metavar="example.com", help=text("help.domain"))
    parser.add_argument("--production", action="store_true", help=text("help.production"))
    parser.add_argument("--root", type=Path, default=_ROOT, help=text("help.root"))
    return parser


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(sys.argv[1:]))
