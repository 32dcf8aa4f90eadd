from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import app.engines.local
from app.engines.local import errors, gates, messages
from app.engines.local.template_messages import Problem

PACKAGE = Path(app.engines.local.__file__).parent
ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.EngineError)
}
GATE_CALLS = {"Reason", "_refuse", "_at_least", "_within"}
LANGUAGES: tuple[messages.Lang, ...] = ("zh", "en")


class Anything(int):
    """A param of unknown kind, for sentences that format it their own way."""

    def __format__(self, spec: str) -> str:
        return "7"


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@cache
def uses() -> list[tuple[str, str, frozenset[str]]]:
    """Place, code and names of params of every error and reason that the package makes."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = called(node)
            of_gates = file.name == "gates.py" and name in GATE_CALLS
            if not (name in ERRORS or of_gates):
                continue
            code = node.args[0]
            if of_gates and isinstance(code, ast.Name):  # the gates' own methods hand the code on
                continue
            params = {"measure", "threshold"} if of_gates else {str(keyword.arg) for keyword in node.keywords}
            for each in (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,):
                value = each.value if isinstance(each, ast.Constant) else ast.dump(each)
                found.append((f"{file.relative_to(PACKAGE)}:{node.lineno}", str(value), frozenset(params)))
    return found


class TestCompleteness:
    def test_the_package_is_searched(self) -> None:
        codes = {code for _, code, _ in uses()}
        assert {"no_face", "face_covered", "too_small", "dark_lenses", "broken_file", "font_missing"} <= codes

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_every_code_has_a_text_that_its_params_fill(self, lang: messages.Lang) -> None:
        for place, code, params in uses():
            assert code in messages.CODES, f"{place}: no text for {code}"
            try:
                message = messages.text(code, lang, **dict.fromkeys(params, Anything(7)))
            except KeyError as missing:
                pytest.fail(f"{place}: the text of {code} needs {missing}")
            assert message.sentence

    def test_no_text_is_left_over(self) -> None:
        assert {code for _, code, _ in uses()} >= messages.CODES

    @pytest.mark.parametrize("code", sorted(messages.CODES))
    def test_sentences_end_and_are_in_their_language(self, code: str) -> None:
        chinese, english = messages._TEXTS[code]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese.sentence)
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in english.sentence + english.hint)
        for each in (*chinese, *english):
            assert not each or each[-1] in "。.：}）", each
        assert bool(chinese.hint) == bool(english.hint)


class TestText:
    def test_unknown_code_is_an_error(self) -> None:
        with pytest.raises(KeyError, match="no_such_code"):
            messages.text("no_such_code", "zh")

    def test_missing_param_is_an_error(self) -> None:
        with pytest.raises(KeyError, match="width"):
            messages.text("too_small_image", "en", height=1, limit=400)

    def test_measures_are_rounded_for_people(self) -> None:
        reason = gates.Reason("too_small", "refuse", 57.31, 90.0)
        message = messages.text(reason.code, "zh", measure=reason.measure, threshold=reason.threshold)
        assert message.sentence == "脸太小：从额头到下巴只有 57 像素，至少要 90。"

    def test_bytes_are_told_in_megabytes(self) -> None:
        message = messages.text("too_large", "en", bytes=80 * 2**20, limit=50 * 2**20)
        assert message.sentence == "The file is too large: 80 MB, at most 50 MB."

    def test_pixels_are_told_in_millions(self) -> None:
        assert "12000 万像素" in messages.text("bomb", "zh", limit=120_000_000).sentence

    def test_template_problem_comes_in_the_callers_language_with_its_line(self) -> None:
        problem = Problem("missing", 3, "id", {"got": "id"})
        params = {"file": "a.yaml", "line": 3, "field": "id", "problem": problem, "problems": (problem,)}
        assert (
            messages.text("template_invalid", "zh", **params).sentence == "模板文件 a.yaml 第 3 行写得不对：缺少 “id”。"
        )
        english = messages.text("template_invalid", "en", **params).sentence
        assert english == "The template a.yaml is wrong on line 3: “id” is missing."

    def test_template_problem_without_a_line(self) -> None:
        params = {"file": "a.yaml", "line": None, "problem": Problem("empty_file")}
        assert messages.text("template_invalid", "en", **params).sentence.startswith("The template a.yaml is wrong: ")

    def test_suggestion_only_when_there_is_one(self) -> None:
        near = messages.text("unknown_template", "en", got="kis", suggestion="kiss")
        far = messages.text("unknown_template", "en", got="zzz", suggestion=None)
        assert near.hint.startswith("Did you mean “kiss”? ")
        assert far.hint == "The list of templates has all names."

    def test_braces_of_a_file_name_are_no_placeholders(self) -> None:
        assert "{x}.gif" in messages.text("encode_disk_full", "en", path="{x}.gif").sentence
