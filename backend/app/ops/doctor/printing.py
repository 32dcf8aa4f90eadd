"""Findings for people, and for programs."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from app.ops.doctor.finding import GUIDE, Finding, Level, Words
from app.ops.doctor.hiding import cleaned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COLOURS: Final = {Level.OK: "32", Level.WARN: "33", Level.FAIL: "31;1"}
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_INDENT: Final = " " * 10
_LABELS: Final = {
    "cause": Words("原因", "Why"),
    "command": Words("解决", "Do"),
    "guide": Words("说明", "More"),
    "lines": Words("它说", "It says"),
}


class Printer:
    """Prints one finding after the other."""

    def __init__(
        self, write: Callable[[str], object], lang: str, *, colour: bool = False, secrets: Sequence[str] = ()
    ) -> None:
        self._write = write
        self._lang = lang
        self._colour = colour
        self._secrets = secrets

    def say(self, words: Words) -> None:
        """A line of its own."""
        self._write(cleaned(words.said(self._lang), self._secrets) + "\n")

    def show(self, finding: Finding) -> None:
        """One line for what is well, up to four and somebody's last words for what is not."""
        badge = finding.level.value.ljust(4)
        if self._colour:
            badge = f"\x1b[{_COLOURS[finding.level]}m{badge}\x1b[0m"
        self._write(f" {badge} {finding.code}  {self._clean(finding.what)}\n")
        if finding.level is Level.OK:
            return
        if finding.cause:
            self._labelled("cause", self._clean(finding.cause))
        if finding.lines:
            self._labelled("lines", "")
            for line in finding.lines:
                self._write(f"{_INDENT}  | {cleaned(printable(line), self._secrets)}\n")
        if finding.command:
            self._labelled("command", self._clean(finding.command))
        self._labelled("guide", f"{guide(self._lang)}{finding.anchor}")

    def summary(self, findings: Sequence[Finding]) -> None:
        """How many of each, and what to do next."""
        count = counted(findings)
        self._write("\n")
        if count["FAIL"]:
            self.say(
                Words(
                    "有 {f} 处必须处理（FAIL），{w} 处提醒（WARN），{o} 项正常。从最上面的 FAIL 开始改。",
                    "{f} to mend (FAIL), {w} to look at (WARN), {o} fine. "
                    "Begin with the uppermost FAIL, mend it and run this again.",
                ).filled(f=count["FAIL"], w=count["WARN"], o=count["OK"])
            )
        else:
            self.say(
                Words(
                    "没有发现必须处理的问题：{w} 处提醒（WARN），{o} 项正常。",
                    "Nothing that must be mended: {w} to look at (WARN), {o} fine.",
                ).filled(w=count["WARN"], o=count["OK"])
            )

    def _labelled(self, label: str, text: str) -> None:
        colon = "：" if self._lang == "zh" else ": "
        self._write(f"{_INDENT}{_LABELS[label].said(self._lang)}{colon}{text}".rstrip() + "\n")

    def _clean(self, words: Words) -> str:
        return cleaned(words.said(self._lang), self._secrets)


def printable(line: str) -> str:
    """Without anything that a terminal would obey."""
    line = _ESCAPES.sub("", line)
    return "".join(char for char in line.expandtabs(4) if unicodedata.category(char) not in {"Cc", "Cf"})


def guide(lang: str) -> str:
    """The guide's file."""
    return f"{GUIDE}.zh-CN.md" if lang == "zh" else f"{GUIDE}.md"


def counted(findings: Sequence[Finding]) -> dict[str, int]:
    """How many of each level."""
    return {level.value: sum(1 for one in findings if one.level is level) for level in Level}


def as_json(findings: Sequence[Finding], secrets: Sequence[str] = ()) -> str:
    """Both languages of everything, for programs."""

    def words(value: Words | None) -> dict[str, str] | None:
        return {"zh": cleaned(value.zh, secrets), "en": cleaned(value.en, secrets)} if value else None

    def row(finding: Finding) -> dict[str, Any]:
        return {
            "code": finding.code,
            "level": finding.level.value,
            "what": words(finding.what),
            "cause": words(finding.cause),
            "command": words(finding.command),
            "lines": [cleaned(printable(line), secrets) for line in finding.lines],
            "guide": {lang: f"{guide(lang)}{finding.anchor}" for lang in ("zh", "en")},
        }

    count = counted(findings)
    return json.dumps(
        {"version": 1, "ok": not count["FAIL"], "summary": count, "findings": [row(one) for one in findings]},
        ensure_ascii=False,
        indent=2,
    )
