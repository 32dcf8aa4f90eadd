"""Every error has a code of its own, a status that is an error, and a sentence in both languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import app.main  # noqa: F401 - loads every domain's errors
from app.core.errors import ServiceError


def every_error(base: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    yield base
    for error in base.__subclasses__():
        yield from every_error(error)


# One class says more about what another one means; clients do not tell them apart.
ERRORS = [error for error in every_error() if error.__module__.startswith("app.")]


def test_there_are_many() -> None:
    assert len(ERRORS) > 30


def test_no_two_have_the_same_number() -> None:
    owners: dict[int, set[str]] = {}
    for error in ERRORS:
        owners.setdefault(error.status * 1000 + error.number, set()).add(error.code)
    assert {number: codes for number, codes in owners.items() if len(codes) > 1} == {}


def test_no_code_has_two_numbers() -> None:
    pairs = {(error.code, error.status * 1000 + error.number) for error in ERRORS}
    assert [code for code, count in Counter(code for code, _ in pairs).items() if count > 1] == []


def test_all_speak_both_languages_with_the_same_blanks() -> None:
    for error in ERRORS:
        assert 400 <= error.status < 600, error
        assert re.search(r"[\u4e00-\u9fff]", error.zh), error
        assert error.en.isascii() or "×" in error.en, error
        assert set(re.findall(r"{(\w+)}", error.en)) <= set(re.findall(r"{(\w+)}", error.zh)), error
