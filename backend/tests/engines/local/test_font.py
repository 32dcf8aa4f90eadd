from __future__ import annotations

from pathlib import Path

import pytest

from app.engines.local import font
from app.engines.local.errors import FontMissing


def test_installed_font_is_simplified_chinese_and_heavy() -> None:
    file = font.find_font(environ={})
    face = font.load_font(file, 40)
    assert face.getname()[0] == "Noto Sans CJK SC"
    assert Path(file.path).is_file()
    # The axis is set: a thin face of that font inks far less.
    ink = sum(bytes(face.getmask("开")))
    assert ink > 255 * 40 * 40 * 0.25


def test_given_path_comes_before_the_environment() -> None:
    bundled = font.find_font(environ={}).path
    assert font.find_font(bundled, {"AIPIC_FONT": "/nowhere.otf"}).path == bundled
    assert font.find_font(environ={"AIPIC_FONT": bundled}).path == bundled


@pytest.mark.parametrize("environ", [{"AIPIC_FONT": "/nowhere/font.otf"}])
def test_missing_font_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(FontMissing) as caught:
        font.find_font(environ=environ)
    assert caught.value.code == "font_missing"
    assert caught.value.params["path"] == "/nowhere/font.otf"


def test_file_that_is_no_font_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "letter.ttf"
    file.write_bytes(b"Dear font,")
    with pytest.raises(FontMissing):
        font.find_font(file)


def test_absent_package_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font, "find_spec", lambda _name: None)
    with pytest.raises(FontMissing):
        font.find_font(environ={})


def test_knows_what_it_can_draw() -> None:
    file = font.find_font(environ={})
    assert all(font.can_draw(file, c) for c in "开心OK！~♥★ ")
    assert not font.can_draw(file, "😀")
    assert not font.can_draw(file, "❤")
