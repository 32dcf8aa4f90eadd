"""What is wrong with a template file, in words for people who write no programs, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as with_default
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CHINESE = "zh"

_TEXTS: dict[str, tuple[str, str]] = {
    "unreadable": ("读不了这个文件：{detail}。", "This file cannot be read: {detail}."),
    "not_text": (
        "文件不是 UTF-8 文本，请用纯文本编辑器另存为 UTF-8。",
        "The file is not UTF-8 text: save it as UTF-8.",
    ),
    "empty_file": ("文件是空的。", "The file is empty."),
    "file_too_large": (
        "文件太大：模板最多 {limit} 字节，这个有 {size} 字节。",
        "The file is too large: a template has at most {limit} bytes, this one has {size}.",
    ),
    "not_a_template": (
        "文件最外层应该是“名称: 值”的列表，例如 id: my_smile。",
        "The file must be a list of `name: value` lines, such as `id: my_smile`.",
    ),
    "yaml_tab": ("这里有制表符（Tab），缩进请用空格。", "There is a tab character here: indent with spaces."),
    "yaml_colon": (
        "这一行写不通：检查冒号后面有没有空格；文字里有冒号时请给文字加引号。",
        "This line cannot be understood: put a space after the colon, and quotes around a text that has a colon in it.",
    ),
    "yaml_bracket": (
        "从这里开始的括号没有闭合，或者里面少了逗号；括号里的文字若有 ? : , 等符号，请加引号。",
        "A bracket that opens here is not closed, lacks a comma, or has a text with ? : or , that needs quotes.",
    ),
    "yaml_quote": ("从这里开始的引号没有闭合。", "A quotation mark that opens here is not closed."),
    "yaml_indent": (
        "这一行的缩进和上面对不齐，同一层的行要缩进一样多。",
        "The indentation does not line up with the lines above: lines of one level start in the same column.",
    ),
    "yaml_syntax": ("这里的写法不对（{detail}）。", "This cannot be understood ({detail})."),
    "yaml_alias": (
        "模板里不能用 & 和 * 引用；文字以 * 或 & 开头时请加引号。",
        "References with & and * are not allowed; put quotes around a text that starts with * or &.",
    ),
    "yaml_tag": (
        "模板里不能用标签 {got}；文字以 ! 开头时请加引号。",
        "The tag {got} is not allowed; quote a text that starts with !.",
    ),
    "too_deep": ("括号或缩进的层数太多。", "Brackets or indentation are nested too deeply."),
    "duplicate_key": (
        "“{got}” 写了两次，第一次在第 {first_line} 行，请删掉一个。",
        "“{got}” is given twice, first on line {first_line}: remove one of them.",
    ),
    "missing": ("缺少 “{got}”。", "“{got}” is missing."),
    "unknown_field": ("这里没有 “{got}” 这一项。", "There is no field “{got}” here."),
    "wrong_kind": ("这里应该是{expected_zh}，写的却是 {got}。", "This must be {expected_en}, not {got}."),
    "out_of_range": (
        "{got} 超出范围，应在 {low} 到 {high} 之间。",
        "{got} is out of range: it must lie between {low} and {high}.",
    ),
    "too_low": ("{got} 太小，最小是 {low}。", "{got} is too small: at least {low}."),
    "too_high": ("{got} 太大，最大是 {high}。", "{got} is too large: at most {high}."),
    "too_short": ("文字太短，至少 {low} 个字符。", "The text is too short: at least {low} characters."),
    "too_long": (
        "文字太长：有 {got} 个字符，最多 {high} 个。",
        "The text is too long: {got} characters, at most {high}.",
    ),
    "too_few": ("太少：只有 {got} 项，至少要 {low} 项。", "Too few entries: {got}, at least {low}."),
    "too_many": ("太多：有 {got} 项，最多 {high} 项。", "Too many entries: {got}, at most {high}."),
    "pattern": (
        "“{got}” 不合规则：只能用小写英文字母、数字和下划线，以字母开头。",
        "“{got}” is not allowed: use small letters a to z, digits and underscores, and start with a letter.",
    ),
    "colour": ("“{got}” 不是颜色，请写成 “#ff8800” 的样子。", "“{got}” is not a colour: write it like “#ff8800”."),
    "unknown_choice": ("没有 “{got}” 这个选项，可以选：{choices}。", "“{got}” is not one of the choices: {choices}."),
    "unknown_channel": ("没有叫 “{got}” 的动作通道。", "There is no channel “{got}”."),
    "unknown_effect": (
        "没有叫 “{got}” 的特效，可以选：{choices}。",
        "There is no effect “{got}”. There are: {choices}.",
    ),
    "effect_kind": ("每个特效都要有 kind，可以选：{choices}。", "Each effect needs a `kind`, one of: {choices}."),
    "strength_without_effect": (
        "“{got}” 调节一个特效的强弱，但 effects 里没有这个特效。",
        "“{got}” sets the strength of an effect, but `effects` has no such effect.",
    ),
    "key_shape": (
        "一个关键点要写成 [时间, 数值] 或 [时间, 数值, 缓动]。",
        "A key is written [time, value] or [time, value, easing].",
    ),
    "keys_unordered": (
        "关键点的时间要从小到大：{now} 不在 {before} 之后。",
        "The times of keys must rise: {now} does not come after {before}.",
    ),
    "keys_first_time": ("第一个关键点的时间必须是 0，现在是 {now}。", "The first key must be at time 0, not {now}."),
    "keys_last_time": ("最后一个关键点的时间必须是 1，现在是 {now}。", "The last key must be at time 1, not {now}."),
    "loop_open": (
        "循环接不上：第一个值是 {first}，最后一个是 {last}，两个要相同。",
        "The loop does not close: the first value is {first} and the last {last}; they must be equal.",
    ),
    "hold_order": (
        "时间要依次增大：from {from_}、to {to}、until {until}、end {end}。",
        "The times must rise: from {from_}, to {to}, until {until}, end {end}.",
    ),
    "cycles_too_fast": (
        "摆动太快，这个时长和帧率最多 {most} 次。",
        "This swing is too fast: with this duration and frame rate at most {most} cycles.",
    ),
    "other": ("这个值不能用（{detail}）。", "This value cannot be used ({detail})."),
    "id_not_file_name": (
        "文件名应与 id 相同：id 是 “{got}”，文件叫 {name}.yaml。",
        "The file must be named like its id: the id is “{got}”, the file {name}.yaml.",
    ),
    "unknown_template": ("没有叫 “{got}” 的模板。", "There is no template “{got}”."),
}
_SUGGESTION = ("你是想写 “{suggestion}” 吗？", " Did you mean “{suggestion}”?")

KINDS: dict[str, tuple[str, str]] = {
    "number": ("数字", "a number"),
    "whole": ("整数", "a whole number"),
    "text": ("文字", "a text"),
    "list": ("列表", "a list"),
    "fields": ("“名称: 值”的几行", "lines of `name: value`"),
    "truth": ("true 或 false", "true or false"),
}
"""What a field may have to be, for the problem ``wrong_kind``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable ``code`` with ``params``, the 1-based ``line`` and the ``field`` it is about.

    ``format(problem, "zh")`` and ``format(problem, "en")`` give the sentence; ``str`` gives the English one.
    """

    code: str
    line: int | None = None
    field: str = ""
    params: Mapping[str, object] = with_default(default_factory=dict)

    def __format__(self, lang: str) -> str:
        return problem_text(self, lang or "en")

    def __str__(self) -> str:
        return problem_text(self, "en")


def problem_text(problem: Problem, lang: str) -> str:
    """The sentence about ``problem`` in ``lang``, ``"zh"`` or anything else for English."""
    column = 0 if lang == CHINESE else 1
    params = {name: _plain(value) for name, value in problem.params.items()}
    sentence = _TEXTS[problem.code][column].format_map(params)
    if problem.params.get("suggestion"):
        sentence += _SUGGESTION[column].format_map(params)
    return sentence


def problem_line(problem: Problem, file: object, lang: str) -> str:
    """``problem`` as one line for a person, with file, line number and field in front."""
    place = f"{file}:{problem.line}" if problem.line else f"{file}"
    return f"{place}: {problem.field}: {problem:{lang}}" if problem.field else f"{place}: {problem:{lang}}"


def _plain(value: object) -> object:
    """Numbers without the noise of a float; long things cut."""
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return text if len(text) <= 120 else text[:119] + "…"
