"""The local engine as a service uses it: no pixel code in this process, all of it in children.

Beside ``app.engines.local``, not in it: whoever imports a module of that package loads OpenCV with it.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from app.engines.base import EngineFailed, Generated, GeneratedFile, Prepared, TemplateInfo
from app.engines.processes import ForkServer, ProcessPool
from app.engines.records import from_record, to_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.engines.base import GenerateRequest, PrepareRequest, Progress

    T = TypeVar("T")

_WARMED: Final = "app.engines.local.warming:warm"
_PREPARE: Final = "app.engines.local.preparing:prepare"
_GENERATE: Final = "app.engines.local.generating:generate"
_DESCRIBE: Final = "app.engines.local.describing:describe"
_START_SECONDS: Final = 60.0
_RENDER_NICENESS: Final = 5
"""An upload has somebody waiting for it, a rendering shows its progress."""


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What the operator decides.

    ``memory_limit_bytes`` is for each child; a child that holds half of it after its work is replaced.
    """

    render_processes: int | None = None
    """As many as there are cores when None."""
    prepare_processes: int = 1
    memory_limit_bytes: int = 1024 * 1024 * 1024
    prepare_seconds: float = 8.0
    """Below what an upload waits for, so that its owner hears why."""
    generate_seconds: float = 120.0


class LocalEngine:
    """Two pools of children on one fork server, so that an upload never waits behind a rendering."""

    name = "local"

    def __init__(self, options: LocalOptions | None = None) -> None:
        self._options = options or LocalOptions()
        self._server = ForkServer([_WARMED])
        self._templates: tuple[TemplateInfo, ...] = ()
        self._preparing = self._pool("prepare", self._options.prepare_processes, 0)
        self._rendering = self._pool("render", self._options.render_processes or _cores(), _RENDER_NICENESS)

    @property
    def pids(self) -> list[int]:
        """Of the children there are."""
        return [*self._preparing.pids, *self._rendering.pids]

    async def start(self) -> None:
        """Load the engine in the fork server, and hear from a child which templates there are: about a second."""
        described = await self._preparing.run(_DESCRIBE, None, timeout=_START_SECONDS)
        self._templates = tuple(_read(TemplateInfo, each) for each in described)

    async def close(self) -> None:
        """See :class:`app.engines.base.Engine`."""
        await self._preparing.close()
        await self._rendering.close()
        await self._server.close()

    def templates(self) -> Sequence[TemplateInfo]:
        """See :class:`app.engines.base.Engine`."""
        return self._templates

    async def prepare(self, request: PrepareRequest) -> Prepared:
        """See :class:`app.engines.base.Engine`."""
        with _scratch(request.target_dir) as scratch:
            asked = to_record(replace(request, target_dir=scratch))
            answer = await self._preparing.run(_PREPARE, asked, timeout=self._options.prepare_seconds)
            prepared = _read(Prepared, answer)
            file, size = _taken(prepared.file, scratch, request.target_dir)
            return replace(prepared, file=file, bytes=size)

    async def generate(self, request: GenerateRequest, on_progress: Progress) -> Generated:
        """See :class:`app.engines.base.Engine`."""
        with _scratch(request.target_dir) as scratch:
            asked = to_record(replace(request, target_dir=scratch))
            answer = await self._rendering.run(
                _GENERATE, asked, timeout=self._options.generate_seconds, on_progress=on_progress
            )
            generated = _read(Generated, answer)
            files = {name: _file(file, scratch, request.target_dir) for name, file in generated.files.items()}
            poster = _file(generated.poster, scratch, request.target_dir)
            on_progress(1.0)
            return replace(generated, files=files, poster=poster)

    def _pool(self, name: str, size: int, niceness: int) -> ProcessPool:
        most = self._options.memory_limit_bytes
        return ProcessPool(
            name,
            size,
            self._server,
            memory_limit_bytes=most,
            recycle_over_bytes=most // 2,
            niceness=niceness,
        )


@contextmanager
def _scratch(target_dir: Path) -> Iterator[Path]:
    """A folder for a child to write to; it goes with whatever was left in it, however the work ended."""
    folder = Path(tempfile.mkdtemp(prefix=".", dir=target_dir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(kind: type[T], record: object) -> T:
    try:
        return from_record(kind, record)
    except ValueError as error:
        raise EngineFailed(params={"problem": "the child's answer cannot be read"}) from error


def _file(file: GeneratedFile, scratch: Path, target_dir: Path) -> GeneratedFile:
    path, size = _taken(file.path, scratch, target_dir)
    return replace(file, path=path, bytes=size)


def _taken(file: Path, scratch: Path, target_dir: Path) -> tuple[Path, int]:
    """A file moved to where it was asked for, and its size.

    Only its name is believed, and only a plain file is taken: the child has read a stranger's picture, and should it
    be under a stranger's command, then nothing else of this machine's must come out as a sticker.
    """
    source = scratch / file.name
    try:
        status = source.lstat()
    except OSError as error:
        raise EngineFailed(params={"problem": f"{file.name} is missing"}) from error
    if not stat.S_ISREG(status.st_mode):
        raise EngineFailed(params={"problem": f"{file.name} is no plain file"})
    return source.replace(target_dir / file.name), status.st_size
