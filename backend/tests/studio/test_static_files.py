"""What holds for the page's files without anybody running them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from app.engines.local import load_templates
from app.studio.assets import STATIC

PREVIEWS = STATIC / "previews"
SCRIPTS = sorted(STATIC.rglob("*.js"))
STYLES = sorted(STATIC.rglob("*.css"))
TEMPLATES = sorted(template.driven_id or template.id for template in load_templates().values())
KEY = re.compile(r'^  "([\w.]+)": "(.*)",$', re.MULTILINE)


def texts(language: str) -> dict[str, str]:
    return dict(KEY.findall((STATIC / "js" / "texts" / f"{language}.js").read_text("utf-8")))


class TestPreviews:
    def test_every_template_has_one_and_there_are_no_others(self) -> None:
        assert len(TEMPLATES) == 50
        wanted = {f"{name}{suffix}.webp" for name in TEMPLATES for suffix in ("", ".still")}
        assert {path.name for path in PREVIEWS.iterdir()} == wanted

    @pytest.mark.parametrize("name", TEMPLATES)
    def test_moves_for_ever_and_is_light(self, name: str) -> None:
        loop, still = PREVIEWS / f"{name}.webp", PREVIEWS / f"{name}.still.webp"
        assert loop.stat().st_size <= 35_000
        assert still.stat().st_size <= 6_000
        with Image.open(loop) as picture:
            assert picture.n_frames >= 8  # type: ignore[attr-defined]
            assert picture.info["loop"] == 0
            assert picture.size == (160, 160)
        with Image.open(still) as picture:
            assert picture.size == (160, 160)
            assert not getattr(picture, "is_animated", False)

    def test_all_together_are_light(self) -> None:
        assert sum(path.stat().st_size for path in PREVIEWS.iterdir()) <= 1_600_000


class TestScripts:
    @pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
    def test_never_makes_markup_or_code_of_text(self, path: Path) -> None:
        code = path.read_text("utf-8")
        pattern = (
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|srcdoc|cssText"
        )
        assert re.findall(pattern, code) == []

    @pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=lambda path: path.name)
    def test_asks_no_other_host(self, path: Path) -> None:
        addresses = re.findall(r"https?://[^\"'` )]+", path.read_text("utf-8"))
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}
        assert "@import" not in path.read_text("utf-8")

    def test_every_import_is_there(self) -> None:
        for path in SCRIPTS:
            for name in re.findall(r'from "(\./[^"]+)"', path.read_text("utf-8")):
                assert (path.parent / name).is_file(), f"{path.name}: {name}"


class TestTexts:
    chinese, english = texts("zh"), texts("en")

    def test_both_languages_say_the_same(self) -> None:
        assert len(self.chinese) > 80
        assert self.chinese.keys() == self.english.keys()
        for key, sentence in self.chinese.items():
            places = set(re.findall(r"\{(\w+)\}", sentence))
            assert places == set(re.findall(r"\{(\w+)\}", self.english[key])), key

    def test_every_key_is_known_and_used(self) -> None:
        sources = [path.read_text("utf-8") for path in SCRIPTS if path.parent.name != "texts"]
        everything = "\n".join([*sources, (STATIC / "index.html").read_text("utf-8")])
        used = set(re.findall(r'\bt\(\s*"([\w.]+)"', everything))
        used |= set(re.findall(r'data-(?:text|label|placeholder)="([\w.]+)"', everything))
        assert used <= self.chinese.keys()
        unused = {key for key in self.chinese if f'"{key}"' not in everything} - {"done.webp", "done.gif", "done.mp4"}
        assert unused == set()


class TestColours:
    """WCAG AA: 4.5 to 1 for text on what it stands on."""

    PAIRS = (
        ("ink", "page"), ("ink", "card"), ("ink", "tint"), ("ink", "sunk"), ("ink", "raised"),
        ("soft", "page"), ("soft", "card"), ("soft", "sunk"), ("soft", "tint"),
        ("on-accent", "accent"), ("on-accent", "accent-strong"), ("page", "ink"), ("page", "bad"), ("bad", "card"),
        ("bad", "tint"),
    )  # fmt: skip

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_can_be_read(self, scheme: str) -> None:
        light, dark = (
            dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
            for block in re.findall(r":root \{(.*?)\}", (STATIC / "css" / "base.css").read_text("utf-8"), re.DOTALL)
        )
        colours = light if scheme == "light" else {**light, **dark}
        poor = {pair: ratio for pair in self.PAIRS if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < 4.5}
        assert poor == {}


def contrast(first: str, second: str) -> float:
    bright, dim = sorted((luminance(first), luminance(second)), reverse=True)
    return round((bright + 0.05) / (dim + 0.05), 2)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
