"""From a validation error to problems with a line and words that a person understands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from app.engines.local.channels import nearest
from app.engines.local.template import Template
from app.engines.local.template_messages import KINDS, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from app.engines.local.template_file import Place

    Loc = tuple[int | str, ...]
    Context = dict[str, Any]
    Explained = tuple[str, dict[str, object]]

_KIND_OF_ERROR = {
    "float_type": "number",
    "float_parsing": "number",
    "finite_number": "number",
    "int_type": "whole",
    "int_parsing": "whole",
    "int_from_float": "whole",
    "string_type": "text",
    "tuple_type": "list",
    "list_type": "list",
    "dict_type": "fields",
    "model_type": "fields",
    "model_attributes_type": "fields",
    "bool_type": "truth",
    "bool_parsing": "truth",
}
_OWN_CODES = frozenset({
    "key_shape", "keys_unordered", "keys_first_time", "keys_last_time", "loop_open", "hold_order",
    "unknown_channel", "out_of_range", "cycles_too_fast", "strength_without_effect",
})  # fmt: skip


def problems_of(error: ValidationError, place: Place) -> list[Problem]:
    """Each thing that ``error`` complains about, in the order of the file; ``place`` is that of the whole file."""
    found: dict[tuple[int, str, str], Problem] = {}
    for complaint in error.errors(include_url=False):
        context = dict(complaint.get("ctx", {}))
        at = (*complaint["loc"], *context.pop("at", ()))
        line, names = _locate(place, at)
        code, params = _explain(complaint, context)
        if code == "missing":
            names = (*names, str(params["got"])) if not names or names[-1] != params["got"] else names
        field = " › ".join(names)
        found.setdefault((line, field, code), Problem(code, line, field, params))
    # a misspelt name makes its field missing too; the misspelling is what a person should read first
    return sorted(found.values(), key=lambda problem: (problem.line, problem.code == "missing", problem.field))


def _locate(place: Place, at: tuple[Any, ...]) -> tuple[int, tuple[str, ...]]:
    """Line and names of the deepest value in the file on the way ``at``; validators' own steps are left out."""
    names: list[str] = []
    for step in at:
        inner = place.inner.get(step)
        if inner is not None:
            place = inner
            names.append(f"#{step + 1}" if isinstance(step, int) else step)
    return place.line, tuple(names)


def _explain(complaint: ErrorDetails, context: dict[str, Any]) -> tuple[str, dict[str, object]]:
    """Code and parameters of a problem."""
    kind, given = complaint["type"], complaint["input"]
    if kind in _OWN_CODES:
        return kind, context
    if kind in _KIND_OF_ERROR:
        zh, en = KINDS[_KIND_OF_ERROR[kind]]
        return "wrong_kind", {"expected_zh": zh, "expected_en": en, "got": _shown(given)}
    explain = _EXPLANATIONS.get(kind)
    if explain is not None:
        return explain(complaint["loc"], given, context)
    return "other", {"detail": str(context.get("error", complaint["msg"])).rstrip(".")}


def _missing(loc: Loc, _given: object, _context: Context) -> Explained:
    return "missing", {"got": loc[-1]}


def _extra(loc: Loc, _given: object, _context: Context) -> Explained:
    return "unknown_field", {"got": loc[-1], "suggestion": nearest(str(loc[-1]), _fields_at(loc[:-1]))}


def _not_a_choice(_loc: Loc, given: object, context: Context) -> Explained:
    return "unknown_choice", _choice(given, _quoted(context["expected"]))


def _no_such_effect(_loc: Loc, _given: object, context: Context) -> Explained:
    return "unknown_effect", _choice(context["tag"], _quoted(context["expected_tags"]))


def _effect_without_kind(_loc: Loc, _given: object, _context: Context) -> Explained:
    return "effect_kind", {"choices": ", ".join(_effect_kinds())}


def _too_low(_loc: Loc, given: object, context: Context) -> Explained:
    return "too_low", {"got": _shown(given), "low": context["ge"]}


def _too_high(_loc: Loc, given: object, context: Context) -> Explained:
    return "too_high", {"got": _shown(given), "high": context["le"]}


def _too_short(_loc: Loc, given: object, context: Context) -> Explained:
    return "too_short", {"got": len(str(given)), "low": context["min_length"]}


def _too_long(_loc: Loc, given: object, context: Context) -> Explained:
    return "too_long", {"got": len(str(given)), "high": context["max_length"]}


def _too_few(_loc: Loc, _given: object, context: Context) -> Explained:
    return "too_few", {"got": context["actual_length"], "low": context["min_length"]}


def _too_many(_loc: Loc, _given: object, context: Context) -> Explained:
    return "too_many", {"got": context["actual_length"] or "?", "high": context["max_length"]}


def _pattern(_loc: Loc, given: object, context: Context) -> Explained:
    return ("colour" if str(context["pattern"]).startswith("^#") else "pattern"), {"got": _shown(given)}


_EXPLANATIONS: dict[str, Callable[[Loc, object, Context], Explained]] = {
    "missing": _missing,
    "extra_forbidden": _extra,
    "enum": _not_a_choice,
    "literal_error": _not_a_choice,
    "union_tag_invalid": _no_such_effect,
    "union_tag_not_found": _effect_without_kind,
    "greater_than_equal": _too_low,
    "less_than_equal": _too_high,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "too_short": _too_few,
    "too_long": _too_many,
    "string_pattern_mismatch": _pattern,
}


def _quoted(listed: object) -> list[str]:
    """The names in pydantic's list ``'a', 'b' or 'c'``."""
    return re.findall(r"'([^']*)'", str(listed))


def _choice(given: object, choices: list[str]) -> dict[str, object]:
    return {"got": _shown(given), "choices": ", ".join(choices), "suggestion": nearest(str(given), choices)}


def _shown(given: object) -> str:
    if given is None:
        return "（空 / nothing）"
    if isinstance(given, dict):
        return "{…}"
    return "[…]" if isinstance(given, (list, tuple)) else str(given)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """The models that a type annotation speaks of, however deep they stand in it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _fields_at(loc: tuple[Any, ...]) -> list[str]:
    """The names that the model at ``loc`` knows, to suggest one of them."""
    models: list[type[BaseModel]] = [Template]
    for step in loc:
        inner = [found for model in models if step in model.model_fields
                 for found in _models_in(model.model_fields[step].annotation)]  # fmt: skip
        tagged = [model for model in models if _kind_of(model) == step]
        models = inner or tagged or models
    return [model_field.alias or name for model in models for name, model_field in model.model_fields.items()]


def _kind_of(model: type[BaseModel]) -> str | None:
    kind = model.model_fields.get("kind")
    return str(get_args(kind.annotation)[0]) if kind is not None and get_args(kind.annotation) else None


def _effect_kinds() -> list[str]:
    return [kind for model in _models_in(Template.model_fields["effects"].annotation) if (kind := _kind_of(model))]
