"""Where stickers are written: which file each template gets, and in which format."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIXES: Final = {"gif": ".gif", "webp": ".webp", "apng": ".png", "mp4": ".mp4", "webm": ".webm"}
"""Format by its name on the command line, with the suffix that its files get."""
FORMATS: Final = {".gif": "gif", ".webp": "webp", ".png": "apng", ".apng": "apng", ".mp4": "mp4", ".webm": "webm"}
SHEET_SUFFIXES: Final = {".png", ".jpg", ".jpeg", ".webp"}
DEFAULT_FORMAT: Final = "webp"


@dataclass(frozen=True, slots=True)
class Targets:
    """Files to write, one a template, and the contact sheet where there are several."""

    format: str
    stickers: tuple[Path, ...]
    sheet: Path | None


def choose_targets(
    photo: Path, ids: Sequence[str], output: str | None, format_name: str | None, *, make: bool = True
) -> Targets:
    """Decide on files and make their folder before a frame is drawn; raises Failure when wishes contradict.

    Without ``make`` no folder is made yet.
    """
    wanted = _known_format(format_name)
    if output is None:
        return _in_folder(Path("stickers") / (photo.stem or "photo"), ids, wanted or DEFAULT_FORMAT, make)
    path = written_path(output)
    if _is_folder(path) or output.endswith(("/", os.sep)) or not path.suffix:
        return _in_folder(path, ids, wanted or DEFAULT_FORMAT, make)
    by_suffix = FORMATS.get(path.suffix.lower())
    if by_suffix is None:
        raise Failure("output_suffix", path=output)
    if wanted is not None and wanted != by_suffix:
        raise Failure("output_mismatch", path=output, format=wanted)
    if len(ids) > 1:
        raise Failure("output_needs_folder", path=output, count=len(ids))
    if make:
        make_folder(path.parent)
    return Targets(by_suffix, (path,), None)


def spare_photo(photo: Path, *targets: Path | None) -> None:
    """Nobody wants the photo replaced by its own sticker; raises Failure when one of the targets is the photo."""
    for target in targets:
        if target is not None and target.exists() and photo.exists() and target.samefile(photo):
            raise Failure("output_is_photo", path=target)


def choose_sheet(output: str | None) -> Path:
    """Where a picture of all templates goes."""
    path = written_path(output or "templates.png")
    if path.suffix.lower() not in SHEET_SUFFIXES:
        raise Failure("sheet_suffix")
    make_folder(path.parent)
    return path


def written_path(given: str) -> Path:
    """A path as the caller wrote it: ``~`` is a home, but a ``~name`` that nobody has is a name like any other."""
    return Path(os.path.expanduser(given))  # noqa: PTH111 - Path's own raises for such a name


def make_folder(folder: Path) -> None:
    """Create a folder and what it stands in; raises Failure when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Failure("output_not_folder", path=folder) from None
    except OSError as error:
        raise Failure("output_unwritable", path=folder, detail=error.strerror or error) from None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long: told when it is written
        return False


def _known_format(name: str | None) -> str | None:
    if name is None:
        return None
    cleaned = name.strip().lower().removeprefix(".")
    if cleaned not in SUFFIXES:
        raise Failure("format_unknown", got=name)
    return cleaned


def _in_folder(folder: Path, ids: Sequence[str], format_name: str, make: bool) -> Targets:
    if make:
        make_folder(folder)
    stickers = tuple(folder / f"{name}{SUFFIXES[format_name]}" for name in ids)
    return Targets(format_name, stickers, folder / "sheet.png" if len(ids) > 1 else None)
