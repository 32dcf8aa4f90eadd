from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.engines.local import errors
from app.engines.local.encode import Encoded, Format, encode
from app.engines.local.encode import spool as spool_module
from tests.moving_shapes import walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SUFFIXES = [".gif", ".webp", ".png", ".apng", ".mp4", ".webm"]
FORMATS = [".gif", ".webp", ".png", ".mp4", ".webm"]
OLD = b"what was there before"


@pytest.fixture
def target(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An older file in the target's place, one per format."""
    path: Path = tmp_path / f"sticker{request.param}"
    path.write_bytes(OLD)
    return path


every_format = pytest.mark.parametrize("target", FORMATS, indirect=True)


def assert_untouched(target: Path) -> None:
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]


def code_of(frames: object, target: Path, **options: object) -> str:
    with pytest.raises(errors.EncodeFailed) as caught:
        encode(frames, target, **{"fps": 25, **options})  # type: ignore[arg-type]
    return caught.value.code


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_record_says_what_was_written(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix.upper()}"
    done = encode(walk(5), path, fps=12.5)
    kind = Format.APNG if "png" in suffix else Format(suffix[1:])
    assert done == Encoded(path, kind, 96, 80, 5, 0.4, path.stat().st_size)
    assert list(tmp_path.iterdir()) == [path]


def test_a_named_format_wins_over_the_suffix(tmp_path: Path) -> None:
    encode(walk(2), tmp_path / "sticker.tmp", fps=25, format=Format.GIF)
    assert (tmp_path / "sticker.tmp").read_bytes().startswith(b"GIF89a")


@every_format
def test_same_frames_same_bytes(target: Path) -> None:
    encode(walk(), target, fps=25)
    first = target.read_bytes()
    encode([frame.copy() for frame in walk()], target, fps=25)
    assert target.read_bytes() == first


@every_format
def test_same_bytes_however_memory_lies(target: Path) -> None:
    """Encoders that look at memory nobody wrote, or at addresses, differ once in a while only."""
    shuffle = np.random.default_rng(2)
    frames, seen = list(walk()), set()
    for _ in range(30):
        junk = [np.full(shuffle.integers(1000, 200_000), np.nan, np.float32) for _ in range(3)]
        encode(frames, target, fps=25)
        seen.add(target.read_bytes())
        del junk
    assert len(seen) == 1


@every_format
def test_frames_may_share_one_buffer(target: Path) -> None:
    def painted_over() -> Iterator[NDArray[np.uint8]]:
        buffer = np.empty((80, 96, 4), np.uint8)
        for frame in walk():
            buffer[:] = frame
            yield buffer

    encode(walk(), target, fps=25)
    first = target.read_bytes()
    encode(painted_over(), target, fps=25)
    assert target.read_bytes() == first


@every_format
def test_progress_counts_the_frames_taken(target: Path) -> None:
    seen: list[int] = []
    encode(walk(4), target, fps=25, progress=seen.append)
    assert seen == [1, 2, 3, 4]


@every_format
@pytest.mark.parametrize("stop", [RuntimeError("ill"), KeyboardInterrupt(), OSError(errno.ENOSPC, "x")])
def test_what_the_maker_of_frames_raises_passes_through(stop: BaseException, target: Path) -> None:
    def breaking() -> Iterator[NDArray[np.uint8]]:
        yield from walk(3)
        raise stop

    with pytest.raises(type(stop)) as caught:
        encode(breaking(), target, fps=25)
    assert caught.value is stop
    assert_untouched(target)


@every_format
def test_refuses_no_frames_and_frames_that_differ(target: Path) -> None:
    assert code_of(iter(()), target) == "encode_no_frames"
    assert code_of([*walk(2), *walk(1, 90, 80)], target) == "encode_frame_size"
    assert code_of([np.zeros((8, 8, 3), np.uint8)], target) == "encode_frame_kind"
    assert code_of([np.zeros((8, 8, 4), np.float32)], target) == "encode_frame_kind"
    assert code_of([*walk(2), np.zeros((80, 96), np.uint8)], target) == "encode_frame_kind"
    assert code_of(["frame"], target) == "encode_frame_kind"
    assert_untouched(target)


@pytest.mark.parametrize(
    ("options", "code"),
    [({"fps": 0}, "encode_frame_rate"), ({"fps": 500}, "encode_frame_rate"), ({"quality": 0}, "encode_quality")],
)
def test_refuses_senseless_options(options: dict[str, object], code: str, tmp_path: Path) -> None:
    assert code_of(walk(), tmp_path / "a.mp4", **options) == code
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.tar.gz"])
def test_refuses_unknown_suffixes(name: str, tmp_path: Path) -> None:
    assert code_of(walk(), tmp_path / name) == "encode_unknown_suffix"


def test_refuses_a_missing_folder_and_a_folder_in_the_way(tmp_path: Path) -> None:
    assert code_of(walk(), tmp_path / "nowhere" / "a.gif") == "encode_folder_missing"
    (tmp_path / "a.gif").mkdir()
    assert code_of(walk(), tmp_path / "a.gif") == "encode_not_writable"


def test_refuses_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", forbid)
    assert code_of(walk(), tmp_path / "a.gif") == "encode_not_writable"


@every_format
def test_a_disk_that_fills_up_at_the_end_leaves_the_old_file(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert code_of(walk(), target) == "encode_disk_full"
    assert_untouched(target)


@pytest.mark.parametrize("target", [".gif", ".png"], indirect=True)
def test_a_disk_that_fills_up_in_the_spool(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool_module.Spool, "append", full)
    assert code_of(walk(), target) == "encode_disk_full"
    assert_untouched(target)


def run_limited(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(body), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@every_format
def test_a_write_that_the_system_stops_is_told_apart(target: Path) -> None:
    limited = run_limited(
        """
        import resource, sys
        from pathlib import Path
        import numpy as np
        from app.engines.local.encode import encode
        from app.engines.local.errors import EncodeFailed
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        noise = np.random.default_rng(1)
        frames = [noise.integers(0, 256, (96, 96, 4), np.uint8) | np.uint8(128) for _ in range(4)]
        try:
            encode(frames, Path(sys.argv[1]), fps=25)
        except EncodeFailed as error:
            print(error.code)
        """,
        str(target),
    )
    assert limited.stdout.strip() == "encode_disk_full", limited.stderr
    assert_untouched(target)


# The resource module will not do: a child's peak starts at that of the process that started it.
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("suffix", FORMATS)
def test_memory_does_not_grow_with_the_number_of_frames(suffix: str, tmp_path: Path) -> None:
    script = """
        import sys
        from pathlib import Path
        import cv2, numpy as np
        from app.engines.local.encode import encode
        cv2.setNumThreads(1)
        frame = np.full((384, 384, 4), 255, np.uint8)
        def frames(count):
            for number in range(count):
                frame[number : number + 40, 40:80] = (200, number, 90, 255)
                yield frame.copy()
        def peak():
            status = Path("/proc/self/status").read_text().splitlines()
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        target = Path(sys.argv[1])
        encode(frames(16), target, fps=25)
        before = peak()
        encode(frames(96), target, fps=25)
        print(peak() - before)
        """
    done = run_limited(script, str(tmp_path / f"a{suffix}"))
    assert done.returncode == 0, done.stderr
    kept = 80 * 384 * 384 * 4 / 1024
    assert int(done.stdout) < kept / 5


def test_the_new_file_gets_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    encode(walk(1), tmp_path / "a.gif", fps=25)
    assert (tmp_path / "a.gif").stat().st_mode == plain.stat().st_mode
