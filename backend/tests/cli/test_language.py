from __future__ import annotations

import pytest

from app.cli.language import from_arguments, from_environment


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "zh"),
        ({"LANG": ""}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "POSIX"}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "zh_TW", "LC_MESSAGES": "en_US"}, "en"),
        ({"LC_MESSAGES": "en_US", "LC_ALL": "zh_HK"}, "zh"),
        ({"AIPIC_LANG": "en", "LC_ALL": "zh_CN"}, "en"),
        ({"AIPIC_LANG": "ZH"}, "zh"),
    ],
)
def test_environment(environment: dict[str, str], lang: str) -> None:
    assert from_environment(environment) == lang


@pytest.mark.parametrize(
    ("arguments", "lang"),
    [
        (["make", "a.jpg"], None),
        (["make", "--lang", "en"], "en"),
        (["--lang=zh", "make"], "zh"),
        (["--lang", "fr"], None),
        (["--lang"], None),
    ],
)
def test_arguments(arguments: list[str], lang: str | None) -> None:
    assert from_arguments(arguments) == lang
