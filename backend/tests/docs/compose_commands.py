"""What of Docker's commands the guides use; a test compares it with the Compose that is installed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

GLOBAL_FLAGS: Final = {"-f", "-p", "--env-file"}
FLAGS: Final[dict[str, set[str]]] = {
    "build": {"--no-cache"},
    "config": {"--services", "--volumes", "--images", "--quiet", "--format"},
    "cp": set(),
    "down": {"-v"},
    "exec": {"-T", "-e"},
    "logs": {"-f", "--since", "--tail", "--no-log-prefix"},
    "ls": set(),
    "port": set(),
    "ps": {"-a"},
    "restart": set(),
    "run": {"--rm", "--no-deps", "-T", "-e"},
    "start": set(),
    "stop": set(),
    "up": {"-d", "--build", "--scale", "--no-recreate"},
    "version": set(),
    "watch": set(),
}
VALUED: Final = {"-e", "--since", "--tail", "--scale", "--format"}
TAKES_SERVICES: Final = set(FLAGS) - {"version", "ls", "watch", "down"}
OTHER_DOCKER: Final = {
    "builder", "history", "image", "images", "login", "network", "run", "stats", "system", "volume",
}  # fmt: skip


class NotUnderstood(ValueError):
    """Compose has no such command or option."""


@dataclass(slots=True)
class Call:
    """One command line: the files and services that it names."""

    files: list[str] = field(default_factory=list)
    services: set[str] = field(default_factory=set)


def read_call(words: list[str]) -> Call:
    """Take ``docker compose …`` apart. Raises NotUnderstood."""
    call, rest = Call(), words[2:]
    while rest and rest[0].startswith("-"):
        if rest[0] not in GLOBAL_FLAGS:
            raise NotUnderstood(f"no such option of compose: {rest[0]}")
        if rest[0] == "-f":
            call.files.append(rest[1])
        rest = rest[2:]
    if not rest:
        return call  # the name of the program only
    command, *rest = rest
    if command not in FLAGS:
        raise NotUnderstood(f"no such command: {command}")
    names = _names(command, rest)
    if command in ("exec", "run", "port"):
        names = names[:1]  # what follows is for the container
    elif command == "cp":
        names = [name.split(":")[0] for name in names if ":" in name]
    if command in TAKES_SERVICES:
        call.services = set(names)
    return call


def _names(command: str, rest: list[str]) -> list[str]:
    names: list[str] = []
    words = iter(rest)
    for word in words:
        if not word.startswith("-"):
            names.append(word)
            if command in ("exec", "run"):
                break
            continue
        flag, _, value = word.partition("=")
        if flag not in FLAGS[command]:
            raise NotUnderstood(f"no such option of {command}: {flag}")
        if flag in VALUED and not value:
            value = next(words, "")
        if flag == "--scale":
            names.append(value.split("=")[0])
    return names
