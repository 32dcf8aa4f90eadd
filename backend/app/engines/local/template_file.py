"""Reading a template file: YAML with the place of every value, so that each problem is told with its line.

Only plain data is read: no references (a few of them can blow up to gigabytes), no tags, no deep nesting, no key
twice. Words such as ``yes`` and ``no`` stay words: only ``true`` and ``false`` are truth values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from app.engines.local.errors import TemplateInvalid
from app.engines.local.template import Template
from app.engines.local.template_messages import Problem
from app.engines.local.template_problems import problems_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_BYTES = 64 * 1024
MAX_DEPTH = 12

_TAG = "tag:yaml.org,2002:"
_CONVERSIONS: dict[str, Callable[[str], object]] = {
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": int,
    "float": float,
    "str": str,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in its file; ``inner`` has the places of what is in it."""

    line: int
    inner: dict[str | int, Place]


class _BrokenFileError(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


class _Reader(yaml.SafeLoader):
    """YAML's plain core: the resolvers of 1.2, so that ``no`` is a word and ``12:30`` is no number."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the table that add_implicit_resolver fills for this class alone
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _BrokenFileError(Problem("yaml_alias", line))
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _BrokenFileError(Problem("too_deep", line))
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _name, _pattern, _first in (
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"^(?:true|false|True|False)$", list("tfTF")),
    ("int", r"^[-+]?[0-9]{1,15}$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?$", list("-+.0123456789")),
):
    _Reader.add_implicit_resolver(_TAG + _name, re.compile(_pattern), _first)


def load_template_file(path: Path) -> Template:
    """The template in the file at ``path``.

    Raises :class:`TemplateInvalid` with the code ``template_invalid`` and the params ``file``, ``line`` (1-based or
    ``None``), ``field`` and ``problem`` (a :class:`Problem`) of the first thing that is wrong, and ``problems``, all.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OSError(0, "not a regular file")  # opening a pipe would wait for its writer
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _invalid(path, [Problem("unreadable", params={"detail": error.strerror or "?"})]) from None
    return parse_template(raw, path)


def parse_template(raw: bytes, path: Path) -> Template:
    """Like :func:`load_template_file` for the bytes of a file; ``path`` is only told in errors."""
    try:
        data, place = _read(raw)
    except _BrokenFileError as broken:
        raise _invalid(path, [broken.problem]) from None
    try:
        return Template.model_validate(data)
    except ValidationError as error:
        raise _invalid(path, problems_of(error, place)) from None


def _invalid(path: Path, problems: list[Problem]) -> TemplateInvalid:
    first = problems[0]
    return TemplateInvalid(
        "template_invalid",
        file=str(path),
        line=first.line,
        field=first.field,
        problem=first,
        problems=tuple(problems),
    )


def _read(raw: bytes) -> tuple[Any, Place]:
    if len(raw) > MAX_BYTES:
        raise _BrokenFileError(Problem("file_too_large", params={"limit": MAX_BYTES, "size": f"> {MAX_BYTES}"}))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _BrokenFileError(Problem("not_text", raw.count(b"\n", 0, error.start) + 1)) from None
    try:
        reader = _Reader(text)
        node = reader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _BrokenFileError(_syntax_problem(error)) from None
    except yaml.YAMLError as error:
        raise _BrokenFileError(Problem("yaml_syntax", params={"detail": str(error).splitlines()[0]})) from None
    if node is None:
        raise _BrokenFileError(Problem("empty_file"))
    if not isinstance(node, yaml.MappingNode):
        raise _BrokenFileError(Problem("not_a_template", node.start_mark.line + 1))
    return _convert(node, ())


def _convert(node: yaml.Node, path: tuple[str, ...]) -> tuple[Any, Place]:
    line = node.start_mark.line + 1
    inner: dict[str | int, Place] = {}
    if isinstance(node, yaml.MappingNode):
        fields: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, key_line = str(key_node.value), key_node.start_mark.line + 1
            if key in fields:
                params = {"got": key, "first_line": inner[key].line}
                raise _BrokenFileError(Problem("duplicate_key", key_line, " › ".join((*path, key)), params))
            fields[key], place = _convert(value_node, (*path, key))
            inner[key] = Place(key_line, place.inner)
        return fields, Place(line, inner)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item_node in enumerate(node.value):
            item, inner[index] = _convert(item_node, (*path, f"#{index + 1}"))
            items.append(item)
        return items, Place(line, inner)
    convert = _CONVERSIONS.get(node.tag.removeprefix(_TAG))
    if convert is None:
        raise _BrokenFileError(Problem("yaml_tag", line, " › ".join(path), {"got": node.tag.removeprefix(_TAG)}))
    try:
        return convert(node.value), Place(line, inner)
    except ValueError:
        raise _BrokenFileError(
            Problem("yaml_tag", line, " › ".join(path), {"got": node.tag.removeprefix(_TAG)})
        ) from None


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    told = f"{error.context or ''} {error.problem or ''}"
    opened = error.context_mark or error.problem_mark
    found = error.problem_mark or error.context_mark
    code, mark = "yaml_syntax", found
    if "'\\t'" in told or "tab" in told:
        code = "yaml_tab"
    elif "quoted scalar" in told:
        code, mark = "yaml_quote", opened
    elif "flow sequence" in told or "flow mapping" in told:
        code, mark = "yaml_bracket", opened
    elif "mapping values are not allowed" in told:
        code = "yaml_colon"
    elif "simple key" in told:
        code, mark = "yaml_colon", opened
    elif "block" in told:
        code = "yaml_indent"
    detail = (error.problem or "?").strip()
    return Problem(code, mark.line + 1 if mark is not None else None, params={"detail": detail})
