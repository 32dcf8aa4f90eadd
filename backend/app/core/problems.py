"""What is wrong with a field, in both languages. Says what the contract asks for; never repeats what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.i18n import Lang

_MOST: Final = 20
_LONGEST_NAME: Final = 100
_PLACES: Final = ("body", "query", "path", "header", "cookie")
_UNKNOWN: Final = ("这个值不正确。", "This value is not right.")
_NUMBER: Final = ("应该是一个数。", "Must be a number.")
_INTEGER: Final = ("应该是一个整数。", "Must be a whole number.")
_TEXT: Final = ("应该是文字。", "Must be text.")
_OBJECT: Final = ("应该是一个 JSON 对象。", "Must be a JSON object.")
_TIME: Final = ("应该是 ISO 8601 时间。", "Must be a time in ISO 8601.")
_IDENTIFIER: Final = ("应该是一个 UUID。", "Must be a UUID.")
_BOOLEAN: Final = ("应该是 true 或 false。", "Must be true or false.")
_STORABLE: Final = ("含有无法保存的字符。", "Contains characters that cannot be stored.")

# Keyed by pydantic's error types. What stands in braces comes from our own schema, not from the caller.
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "missing": ("缺少这一项。", "Is missing."),
    "extra_forbidden": ("没有这一项。", "Is not known."),
    "string_type": _TEXT,
    "string_unicode": _STORABLE,
    "unstorable_text": _STORABLE,
    "string_too_short": ("至少 {min_length} 个字符。", "Must have at least {min_length} characters."),
    "string_too_long": ("最多 {max_length} 个字符。", "Must have at most {max_length} characters."),
    "string_pattern_mismatch": ("格式不正确。", "Has not the right form."),
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_from_float": _INTEGER,
    "int_parsing_size": ("数字太大。", "Is too large a number."),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "greater_than": ("应该大于 {gt}。", "Must be more than {gt}."),
    "greater_than_equal": ("不能小于 {ge}。", "Must be at least {ge}."),
    "less_than": ("应该小于 {lt}。", "Must be less than {lt}."),
    "less_than_equal": ("不能大于 {le}。", "Must be at most {le}."),
    "too_short": ("至少 {min_length} 项。", "Must have at least {min_length} items."),
    "too_long": ("最多 {max_length} 项。", "Must have at most {max_length} items."),
    "enum": ("只能是 {expected}。", "Must be {expected}."),
    "literal_error": ("只能是 {expected}。", "Must be {expected}."),
    "uuid_type": _IDENTIFIER,
    "uuid_parsing": _IDENTIFIER,
    "uuid_version": _IDENTIFIER,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "list_type": ("应该是一个列表。", "Must be a list."),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "email_address": ("应该是邮箱地址，例如 name@example.com。", "Must be an e-mail address such as name@example.com."),
    "control_characters": ("不能含有换行等控制字符。", "Must not contain line breaks or other control characters."),
    "nothing_visible": ("不能是空白。", "Must contain something that can be seen."),
    "url_type": ("应该是一个网址。", "Must be a URL."),
    "url_parsing": ("应该是一个网址。", "Must be a URL."),
}


def list_problems(errors: Sequence[Mapping[str, Any]], lang: Lang) -> list[dict[str, str]]:
    """Which fields are wrong and why, at most twenty, in the order in which pydantic found them."""
    return [{"field": _field(error.get("loc", ())), "problem": _problem(error, lang)} for error in errors[:_MOST]]


def _problem(error: Mapping[str, Any], lang: Lang) -> str:
    kind = str(error.get("type"))
    sentences = _SENTENCES.get(kind, _UNKNOWN)
    sentence = sentences[0 if lang == "zh" else 1]
    try:
        return sentence.format(**(error.get("ctx") or {}))
    except (KeyError, IndexError):
        return _UNKNOWN[0 if lang == "zh" else 1]


def _field(location: Sequence[Any]) -> str:
    """``email`` for ``("body", "email")``. A name may be the caller's own key, so it is cut and made printable."""
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in _PLACES:
        parts = parts[1:]
    name = ".".join(parts)[:_LONGEST_NAME].encode("utf-8", "replace").decode()
    return "".join(character if character.isprintable() else "?" for character in name)
