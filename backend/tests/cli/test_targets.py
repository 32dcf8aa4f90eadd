from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.failure import Failure
from app.cli.targets import choose_sheet, choose_targets, spare_photo, written_path

PHOTO = Path("photos/Me and you.jpg")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def code(output: str | None, format_name: str | None = None, ids: tuple[str, ...] = ("wink",)) -> str:
    with pytest.raises(Failure) as caught:
        choose_targets(PHOTO, ids, output, format_name)
    return caught.value.code


def test_by_default_a_folder_named_like_the_photo() -> None:
    targets = choose_targets(PHOTO, ["wink", "kiss"], None, None)
    assert targets.stickers == (Path("stickers/Me and you/wink.webp"), Path("stickers/Me and you/kiss.webp"))
    assert targets.sheet == Path("stickers/Me and you/sheet.png")
    assert targets.sheet.parent.is_dir()


def test_one_sticker_needs_no_sheet() -> None:
    assert choose_targets(PHOTO, ["wink"], None, None).sheet is None


@pytest.mark.parametrize(
    ("output", "format_name"),
    [
        ("a.gif", "gif"),
        ("a.WEBP", "webp"),
        ("a.png", "apng"),
        ("a.apng", "apng"),
        ("b/c/a.mp4", "mp4"),
        ("a.webm", "webm"),
    ],
)
def test_the_suffix_picks_the_format(output: str, format_name: str) -> None:
    targets = choose_targets(PHOTO, ["wink"], output, None)
    assert (targets.format, targets.stickers) == (format_name, (Path(output),))
    assert Path(output).parent.is_dir()


@pytest.mark.parametrize(
    ("format_name", "suffix"), [("gif", ".gif"), ("APNG", ".png"), (".mp4", ".mp4"), ("webm", ".webm")]
)
def test_format_picks_the_suffix_in_a_folder(format_name: str, suffix: str) -> None:
    assert choose_targets(PHOTO, ["wink"], "out", format_name).stickers == (Path("out") / f"wink{suffix}",)


def test_what_is_a_folder() -> None:
    Path("v1.gif").mkdir()
    assert choose_targets(PHOTO, ["wink"], "v1.gif", None).stickers == (Path("v1.gif/wink.webp"),)
    assert choose_targets(PHOTO, ["wink"], "v2.gif/", None).stickers == (Path("v2.gif/wink.webp"),)
    assert choose_targets(PHOTO, ["wink"], "deep/er", None).stickers == (Path("deep/er/wink.webp"),)


def test_agreeing_twice_is_fine() -> None:
    assert choose_targets(PHOTO, ["wink"], "a.png", "apng").format == "apng"


def test_contradictions() -> None:
    assert code("a.gif", "webp") == "output_mismatch"
    assert code("a.jpg") == "output_suffix"
    assert code("a.gif", ids=("wink", "kiss")) == "output_needs_folder"
    assert code("a.gif", "tiff") == "format_unknown"
    assert code(None, "jpeg") == "format_unknown"


def test_a_file_where_a_folder_should_be() -> None:
    Path("taken").touch()
    assert code("taken") == "output_not_folder"
    assert code("taken/a.gif") == "output_not_folder"


def test_a_folder_that_cannot_be_made() -> None:
    assert code("n" * 300 + "/") == "output_unwritable"


def test_where_the_sheet_goes() -> None:
    assert choose_sheet(None) == Path("templates.png")
    assert choose_sheet("x/all.jpg") == Path("x/all.jpg")
    with pytest.raises(Failure, match="sheet_suffix"):
        choose_sheet("all.gif")


def test_a_tilde_is_a_home_only_where_somebody_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert written_path("~/me.jpg") == tmp_path / "me.jpg"
    assert written_path("~no such person/me.jpg") == Path("~no such person/me.jpg")


def test_the_photo_is_never_overwritten() -> None:
    photo = Path("me.png")
    photo.write_bytes(b"x")
    spare_photo(photo, Path("other.png"), None)
    with pytest.raises(Failure, match="output_is_photo"):
        spare_photo(photo, Path("./me.png"))
