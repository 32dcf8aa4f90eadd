from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

    Shell = Callable[..., Said]


@pytest.fixture
def large_cat(cat: Path, tmp_path: Path) -> Path:
    with Image.open(cat) as small:
        small.resize((902, 600)).save(tmp_path / "cat.png")
    return tmp_path / "cat.png"


@pytest.fixture
def pair(astronaut: Path, tmp_path: Path) -> Path:
    with Image.open(astronaut) as one:
        both = Image.new("RGB", (one.width * 2, one.height))
        both.paste(one, (0, 0))
        both.paste(one, (one.width, 0))
    both.save(tmp_path / "two.png")
    return tmp_path / "two.png"


def test_a_good_photo(shell: Shell, astronaut: Path) -> None:
    said = shell("check", astronaut)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("这张照片可以用。\n")
    assert "脸高，像素" in said.out
    assert "至少 90" in said.out


def test_no_face(shell: Shell, large_cat: Path) -> None:
    said = shell("check", large_cat, "--lang", "en")
    assert said.code == 2
    assert said.out.startswith("This photo cannot be used:\n✗ No face was found in the photo.\n  Use a photo")


def test_for_programs(shell: Shell, astronaut: Path) -> None:
    said = shell("check", astronaut, "--json")
    data = json.loads(said.out)
    assert data["passed"] is True
    assert (data["width"], data["height"]) == (512, 512)
    x1, y1, x2, y2 = data["face_bbox"]
    assert 0 <= x1 < x2 <= 512
    assert 0 <= y1 < y2 <= 512
    assert data["faces"] == [data["face_bbox"]]
    assert data["measures"]["faces"] == 1


def test_refusals_for_programs(shell: Shell, large_cat: Path) -> None:
    Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for photo, code in ((large_cat, "no_face"), ("broken.png", "broken_file"), ("none.png", "missing_file")):
        said = shell("check", photo, "--json", "--lang", "en")
        data = json.loads(said.out)
        assert (said.code, said.err, data["passed"]) == (2, "", False)
        assert data["reasons"][0]["code"] == code
        assert data["reasons"][0]["sentence"].isascii()


def test_several_faces_are_listed_and_one_can_be_chosen(shell: Shell, pair: Path) -> None:
    said = shell("check", pair)
    assert said.code == 2
    assert "找到的脸" in said.out
    assert "\n  2  [" in said.out
    assert shell("check", pair, "--face", "2").code == 0
    assert shell("check", pair, "--face", "3").code == 2


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_measure_is_told_in_words(shell: Shell, astronaut: Path, lang: str) -> None:
    measures = json.loads(shell("check", astronaut, "--json").out)["measures"]
    told = shell("check", astronaut, "--lang", lang).out.splitlines()[2:]
    assert len(told) == len(measures)
    assert not any("_" in line for line in told)
    assert sum("25" in line for line in told) >= 1


def test_two_people_are_offered_a_choice(shell: Shell, pair: Path) -> None:
    said = shell("make", pair, "-t", "wink", "--lang", "en")
    assert said.code == 2
    assert "--face 1 to --face 2" in said.err
