from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from app.engines.local.effects.specs import Effect, EffectSpec, Mark

ADAPTER: TypeAdapter[EffectSpec] = TypeAdapter(Effect)


def test_kind_chooses_the_model() -> None:
    mark = ADAPTER.validate_python({"kind": "mark", "text": "?!", "side": "right"})
    assert isinstance(mark, Mark)
    assert mark.channel == "mark"
    assert ADAPTER.validate_python({"kind": "mark", "name": "second"}).channel == "second"


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "sparks"},
        {"text": "!"},
        {"kind": "blush", "colour": "red"},
        {"kind": "blush", "color": "#ff0000"},
        {"kind": "hearts", "count": 0},
        {"kind": "hearts", "cycles": 1.5},
        {"kind": "mark", "text": ""},
        {"kind": "mark", "start": 0.5, "end": 0.4},
        {"kind": "mark", "start": 0.5, "end": 1.4},
        {"kind": "anger", "side": "middle"},
        {"kind": "anger", "size": 100},
        {"kind": "anger", "name": "Fx Anger"},
    ],
)
def test_nonsense_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(entry)


def test_is_frozen() -> None:
    mark = Mark()
    with pytest.raises(ValidationError):
        mark.text = "?"  # type: ignore[misc]
