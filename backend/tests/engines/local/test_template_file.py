from pathlib import Path

import pytest

from app.engines.local.errors import TemplateInvalid
from app.engines.local.template import Template
from app.engines.local.template_file import MAX_BYTES, load_template_file
from app.engines.local.template_messages import KINDS, Problem, problem_line

GOOD = """\
id: sample
category: custom
emotion: happy
name: {zh: 示例, en: Sample}
duration: 2.0
fps: 25
tracks:
  smile: {hold: 1.0, from: 0.1, to: 0.3, until: 0.8}
  jaw:
    - [0, 0]
    - [0.4, 0.5, back]
    - [1, 0]
  fx.blush: 0.5
oscillators:
  - {channel: head.roll, amplitude: 3, cycles: 2}
effects:
  - kind: blush
  - {kind: hearts, count: 5}
caption:
  text: {zh: 你好, en: Hello}
  style: {fill: "#ffcc00"}
"""


def load(tmp_path: Path, text: str | bytes) -> Template:
    path = tmp_path / "sample.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_template_file(path)


def problem_of(tmp_path: Path, text: str | bytes) -> Problem:
    with pytest.raises(TemplateInvalid) as raised:
        load(tmp_path, text)
    params = raised.value.params
    assert raised.value.code == "template_invalid"
    assert params["file"] == str(tmp_path / "sample.yaml")
    problem = params["problem"]
    assert isinstance(problem, Problem)
    assert (params["line"], params["field"]) == (problem.line, problem.field)
    for lang in ("zh", "en"):
        assert problem_line(problem, "sample.yaml", lang)
    return problem


def test_reads_a_good_file(tmp_path: Path) -> None:
    template = load(tmp_path, GOOD)
    assert template.name.zh == "示例"
    assert [effect.kind for effect in template.effects] == ["blush", "hearts"]


def test_reads_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD.encode("utf-8-sig")).id == "sample"


def test_words_stay_words(tmp_path: Path) -> None:
    template = load(tmp_path, GOOD.replace("en: Hello", "en: no").replace("id: sample", "id: yes"))
    assert template.caption.text.en == "no"
    assert template.id == "yes"


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "code"),
    [
        ("  jaw:", "  jawz:", 9, "tracks › jawz", "unknown_channel"),
        ("[0.4, 0.5, back]", "[1.4, 0.5, back]", 11, "tracks › jaw › #2 › #1", "too_high"),
        ("[0.4, 0.5, back]", "[0.4, 0.5, bak]", 11, "tracks › jaw › #2 › #3", "unknown_choice"),
        ("[0.4, 0.5, back]", "[0.4, 5, back]", 11, "tracks › jaw › #2", "out_of_range"),
        ("[0.4, 0.5, back]", "[0.4, lots, back]", 11, "tracks › jaw › #2 › #2", "wrong_kind"),
        ("[0.4, 0.5, back]", "[0.4]", 11, "tracks › jaw › #2", "key_shape"),
        ("    - [1, 0]", "    - [0.3, 0]", 12, "tracks › jaw › #3", "keys_unordered"),
        ("    - [1, 0]", "    - [1, 0.2]", 12, "tracks › jaw › #3", "loop_open"),
        ("    - [1, 0]", "    - [0.9, 0]", 12, "tracks › jaw › #3", "keys_last_time"),
        ("    - [0, 0]", "    - [0.1, 0]", 10, "tracks › jaw › #1", "keys_first_time"),
        ("to: 0.3", "to: 0.05", 8, "tracks › smile", "hold_order"),
        ("hold: 1.0", "hold: 7", 8, "tracks › smile › hold", "out_of_range"),
        ("hold: 1.0, ", "", 8, "tracks › smile › hold", "missing"),
        ("to: 0.3", "too: 0.3", 8, "tracks › smile › too", "unknown_field"),
        ("fx.blush: 0.5", "fx.blash: 0.5", 13, "tracks › fx.blash", "strength_without_effect"),
        ("cycles: 2}", "cycles: 30}", 15, "oscillators › #1 › cycles", "cycles_too_fast"),
        ("cycles: 2}", "cycles: 2.5}", 15, "oscillators › #1 › cycles", "wrong_kind"),
        ("channel: head.roll", "channel: head.rol", 15, "oscillators › #1 › channel", "unknown_channel"),
        ("kind: blush", "kind: blus", 17, "effects › #1", "unknown_effect"),
        ("kind: blush", "colour: '#ffffff'", 17, "effects › #1", "effect_kind"),
        ("count: 5", "count: 500", 18, "effects › #2 › count", "too_high"),
        ("count: 5", "cuont: 5", 18, "effects › #2 › cuont", "unknown_field"),
        ("  text: {zh: 你好, en: Hello}\n", "", 19, "caption › text", "missing"),
        (", en: Hello", "", 20, "caption › text › en", "missing"),
        ("#ffcc00", "orange", 21, "caption › style › fill", "colour"),
        ("duration: 2.0", "duration: 99", 5, "duration", "too_high"),
        ("duration: 2.0", "duration: long", 5, "duration", "wrong_kind"),
        ("duration: 2.0\n", "", 1, "duration", "missing"),
        ("category: custom", "category: costum", 2, "category", "unknown_choice"),
        ("id: sample", "id: My Smile!", 1, "id", "pattern"),
        ("fps: 25", "fsp: 25", 6, "fsp", "unknown_field"),
        ("fps: 25", "duration: 3", 6, "duration", "duplicate_key"),
        ("  fx.blush: 0.5", "  jaw: 0.5", 13, "tracks › jaw", "duplicate_key"),
        ("fps: 25", "fps: *twenty", 6, "", "yaml_alias"),
        ("fps: 25", "fps: &twenty 25", 6, "", "yaml_alias"),
        ("fps: 25", "fps: !!python/object:os.system 25", 6, "fps", "yaml_tag"),
        ("fps: 25", "fps: 25: 3", 6, "", "yaml_colon"),
        ("fps: 25", "fps:\t- 25", 6, "", "yaml_tab"),
        ("fps: 25", "   fps: 25", 6, "", "yaml_colon"),
        ("    - [1, 0]", "    - [1, 0", 12, "", "yaml_bracket"),
        ('"#ffcc00"}', '"#ffcc00}', 21, "", "yaml_quote"),
        ("fps: 25", "fps " + "[" * 50, 6, "", "yaml_colon"),
        ("fps: 25", "fps: " + "[" * 50 + "]" * 50, 6, "", "too_deep"),
    ],
)
def test_names_line_and_field(tmp_path: Path, old: str, new: str, line: int, *, field: str, code: str) -> None:
    assert old in GOOD
    problem = problem_of(tmp_path, GOOD.replace(old, new, 1))
    assert (problem.line, problem.field, problem.code) == (line, field, code)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_file"),
        (b"# only a remark\n", "empty_file"),
        (b"- a\n- b\n", "not_a_template"),
        (b"just words\n", "not_a_template"),
        (b"id: \xff\xfe\n", "not_text"),
        (b"id: \x00\n", "yaml_syntax"),
        (b"a: " + b"x" * MAX_BYTES, "file_too_large"),
        (b"a: 1\n---\nb: 2\n", "yaml_syntax"),
    ],
)
def test_refuses_what_is_no_template(tmp_path: Path, raw: bytes, code: str) -> None:
    assert problem_of(tmp_path, raw).code == code


def test_tells_all_problems_in_the_order_of_the_file(tmp_path: Path) -> None:
    broken = (
        GOOD.replace("duration: 2.0", "duration: long").replace("  jaw:", "  jawz:").replace("count: 5", "count: 0")
    )
    with pytest.raises(TemplateInvalid) as raised:
        load(tmp_path, broken)
    problems = raised.value.params["problems"]
    assert isinstance(problems, tuple)
    assert [problem.line for problem in problems] == [5, 9, 18]


def test_suggests_the_nearest_name_in_both_languages(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, GOOD.replace("  jaw:", "  jow:"))
    assert f"{problem:en}" == "There is no channel “jow”. Did you mean “jaw”?"
    assert f"{problem:zh}" == "没有叫 “jow” 的动作通道。你是想写 “jaw” 吗？"
    assert str(problem) == f"{problem}" == f"{problem:en}"
    misspelt = problem_of(tmp_path, GOOD.replace("fps: 25", "fsp: 25"))
    assert misspelt.params["suggestion"] == "fps"
    effect = problem_of(tmp_path, GOOD.replace("count: 5", "cuont: 5"))
    assert effect.params["suggestion"] == "count"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateInvalid) as raised:
        load_template_file(tmp_path / "nowhere.yaml")
    assert raised.value.params["line"] is None
    assert isinstance(raised.value.params["problem"], Problem)
    assert raised.value.params["problem"].code == "unreadable"


def test_a_nest_of_references_is_refused_at_once(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert problem_of(tmp_path, bomb).code == "yaml_alias"


def test_kinds_have_both_languages() -> None:
    assert all(zh and en for zh, en in KINDS.values())
