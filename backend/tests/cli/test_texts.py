from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from app.cli import texts

KEYS = sorted(texts._TEXTS)


def fields(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", KEYS)
def test_both_languages_say_the_same(key: str) -> None:
    chinese, english = texts._TEXTS[key]
    assert chinese
    assert english
    assert fields(chinese) == fields(english)


def test_every_sentence_is_used_and_every_used_one_exists() -> None:
    files = [path for path in Path(texts.__file__).parent.rglob("*.py") if path.stem != "texts"]
    code = "".join(path.read_text("utf-8") for path in files)
    written = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)?)"', code))
    families = tuple(re.findall(r'f"([a-z]+[._])\{', code))
    composed = {key for key in KEYS if key.endswith(".hint") or key.startswith(("help.", *families))}
    labels = {f"label.{name}" for name in re.findall(r'pair\("([a-z_]+)"', code)}
    assert set(KEYS) - written - composed - labels == set()
    used = re.findall(r'text\(\w+, "([a-z_.]+)"', code) + re.findall(r'Failure\(\s*"([a-z_]+)"', code)
    assert [key for key in used if not texts.has_text(key)] == []


def test_filling_in() -> None:
    assert texts.text("en", "output_not_folder", path="a") == "“a” is a file, not a folder"
    assert texts.text("zh", "output_not_folder", path="a") == "“a”是文件，不是文件夹"
