"""``--fix``: edits of the `.env` that change how it is written, never what it says."""

from __future__ import annotations

import os
import re
import tempfile
import time
from typing import TYPE_CHECKING, Final

from app.ops.doctor.env_file import BOM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PRIVATE: Final = 0o600
_ASSIGNMENT: Final = re.compile(rb"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)$", re.DOTALL)
_SMART_PAIR: Final = re.compile(r"^[“”„＂](.*)[“”＂]$|^[‘’＇](.*)[‘’＇]$", re.DOTALL)


def mended(data: bytes) -> bytes:
    """The same settings, written as every program reads them."""
    lines = data.removeprefix(BOM).replace(b"\r\n", b"\n").split(b"\n")
    return b"\n".join(_mended_line(line) for line in lines).rstrip(b"\n") + b"\n"


def _mended_line(line: bytes) -> bytes:
    if line.lstrip().startswith(b"#"):
        return line.rstrip()
    line = line.rstrip()
    match = _ASSIGNMENT.match(line)
    if match is None:
        return line
    return match[1] + b"=" + _plain_quotes(match[2])


def _plain_quotes(value: bytes) -> bytes:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return value
    pair = _SMART_PAIR.match(text)
    if pair is None:
        return value
    content = pair[1] if pair[1] is not None else pair[2]
    # Single quotes keep every character; a value that has one itself needs the others.
    quote = '"' if "'" in content else "'"
    return f"{quote}{content}{quote}".encode() if re.search(r"[\s#$'\"]", content) else content.encode()


def changed_lines(before: bytes, after: bytes) -> list[int]:
    """The numbers of the lines that would change; 1 also when only the mark at the beginning goes."""
    old, new = before.split(b"\n"), after.split(b"\n")
    numbers = [
        number
        for number in range(1, max(len(old), len(new)) + 1)
        if old[number - 1 : number] != new[number - 1 : number] and number <= max(len(old), len(new) - 1)
    ]
    return numbers or ([len(old)] if before != after else [])


def write_mended(path: Path, data: bytes, clock: Callable[[], float] = time.time) -> Path:
    """Replace the file, for its owner's eyes only; returns where the old one is kept."""
    real = path.resolve()
    backup = real.with_name(f"{path.name}.{time.strftime('%Y%m%d-%H%M%S', time.localtime(clock()))}.bak")
    for target, content in ((backup, real.read_bytes()), (real, data)):
        handle, name = tempfile.mkstemp(dir=real.parent, prefix=".env-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, _PRIVATE)  # noqa: PTH101
        os.replace(name, target)  # noqa: PTH105
    return backup
