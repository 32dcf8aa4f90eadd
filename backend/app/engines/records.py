"""Requests and results as JSON, for the way to a child process and back."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


def to_record(value: object) -> Any:
    """A dataclass of the contract, or a list of them, as JSON knows it."""
    if isinstance(value, list):
        return [to_record(each) for each in value]
    return _adapter(type(value)).dump_python(value, mode="json")


def from_record(kind: type[T], record: Any) -> T:
    """The dataclass that was made a record of.

    Raises:
        ValueError: it is none of that kind.
    """
    value: T = _adapter(kind).validate_python(record)
    return value


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
