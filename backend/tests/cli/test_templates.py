from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from app.cli import rendering, templates
from app.engines.local.catalog import TEMPLATE_FOLDER, load_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from app.cli.rendering import Job, Outcome
    from tests.cli.conftest import Said

    Shell = Callable[..., Said]


class TestList:
    def test_both_names_id_category_and_length(self, shell: Shell) -> None:
        said = shell("templates")
        assert said.code == 0
        lines = said.out.splitlines()
        assert len(lines) == len(load_templates()) + 2
        [wink] = [line.split() for line in lines if " wink " in line]
        assert wink == ["眨眼", "Wink", "wink", "心动", "1.8", "秒"]
        assert "Love" in shell("templates", "--lang", "en").out

    def test_for_programs(self, shell: Shell) -> None:
        listed = json.loads(shell("templates", "--json").out)
        assert [entry["id"] for entry in listed] == list(load_templates())
        assert {"id", "driven_id", "name", "category", "emotion", "duration_seconds", "fps", "caption"} <= set(
            listed[0]
        )


class TestValidate:
    def test_a_good_file(self, shell: Shell) -> None:
        said = shell("templates", "--validate", TEMPLATE_FOLDER / "wink.yaml", "--lang", "en")
        assert said.code == 0
        assert said.out.endswith("wink.yaml: OK, Wink (wink)\n")

    def test_which_line_is_wrong(self, shell: Shell) -> None:
        good = (TEMPLATE_FOLDER / "wink.yaml").read_text("utf-8").splitlines()
        line = next(number for number, text in enumerate(good, 1) if text.startswith("duration:"))
        good[line - 1] = "duration: 99"
        Path("mine.yaml").write_text("\n".join(good), "utf-8")
        said = shell("templates", "--validate", "mine.yaml")
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith(f"mine.yaml:{line}: duration: ")

    def test_a_missing_file(self, shell: Shell) -> None:
        assert shell("templates", "--validate", "none.yaml").code == 2


class TestSheet:
    def test_all_on_one_picture(self, shell: Shell, monkeypatch: pytest.MonkeyPatch, astronaut: Path) -> None:
        few = dict(list(load_templates().items())[:2])
        monkeypatch.setattr("app.engines.local.catalog.load_templates", lambda: few)
        said = shell("templates", "--sheet", astronaut, "-o", "all.jpg")
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith("all.jpg  ")
        with Image.open("all.jpg") as sheet:
            assert sheet.format == "JPEG"

    def test_without_a_photo_the_sample_is_taken(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        jobs_seen: list[Job] = []

        def nothing(_rig: object, jobs: Sequence[Job], _progress: object) -> list[Outcome]:
            jobs_seen.extend(jobs)
            return []

        monkeypatch.setattr(rendering, "render_all", nothing)
        assert shell("templates", "--sheet").code == 0
        assert len(jobs_seen) == len(load_templates())

    def test_without_the_sample_it_asks_for_a_photo(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(templates, "SAMPLE", Path("nothing.png"))
        said = shell("templates", "--sheet")
        assert said.code == 2
        assert "请给一张照片" in said.err
