import pytest
from pydantic import ValidationError

from app.engines.local.template import CATEGORY_NAMES, Category, Hold, Template, curve_keys

PLAIN: dict[str, object] = {
    "id": "test",
    "emotion": "test",
    "name": {"zh": "测试", "en": "Test"},
    "duration": 2.0,
    "tracks": {"smile": 0.5},
    "caption": {"text": {"zh": "测试", "en": "Test"}},
}


def codes(**fields: object) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        Template.model_validate(PLAIN | fields)
    return [error["type"] for error in raised.value.errors()]


def test_a_plain_template_has_defaults() -> None:
    template = Template.model_validate(PLAIN)
    assert template.category is Category.CUSTOM
    assert template.frame_count == 50
    assert template.effects == ()


def test_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Template.model_validate(PLAIN).id = "other"  # type: ignore[misc]


def test_every_category_has_both_names() -> None:
    assert set(CATEGORY_NAMES) == set(Category)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"tracks": {"smil": 1}}, "unknown_channel"),
        ({"tracks": {"fx.": 1}}, "unknown_channel"),
        ({"tracks": {"smile": 3}}, "out_of_range"),
        ({"tracks": {"smile": [[0, 0], [0.5, 9], [1, 0]]}}, "out_of_range"),
        ({"tracks": {"smile": {"hold": 9, "from": 0.1, "to": 0.2, "until": 0.8}}}, "out_of_range"),
        ({"tracks": {"smile": [[0, 0], [0.5, 1], [0.5, 1], [1, 0]]}}, "keys_unordered"),
        ({"tracks": {"smile": [[0.1, 0], [1, 0]]}}, "keys_first_time"),
        ({"tracks": {"smile": [[0, 0], [0.9, 0]]}}, "keys_last_time"),
        ({"tracks": {"smile": [[0, 0], [1, 0.2]]}}, "loop_open"),
        ({"tracks": {"smile": [[0, 0]]}}, "too_short"),
        ({"tracks": {"smile": [[0, 0], [0.5], [1, 0]]}}, "key_shape"),
        ({"tracks": {"smile": [[0, 0], [0.5, 1, "boing"], [1, 0]]}}, "enum"),
        ({"tracks": {"smile": {"hold": 1, "from": 0.3, "to": 0.2, "until": 0.8}}}, "hold_order"),
        ({"tracks": {"smile": float("nan")}}, "finite_number"),
        ({"tracks": {"fx.tears": 1}}, "strength_without_effect"),
        ({"oscillators": [{"channel": "smile", "amplitude": 0.1, "cycles": 39}]}, "cycles_too_fast"),
        ({"oscillators": [{"channel": "smile", "amplitude": 5, "cycles": 3}]}, "out_of_range"),
        ({"oscillators": [{"channel": "smile", "amplitude": 0.2, "cycles": 3, "envelope": 2}]}, "out_of_range"),
        ({"oscillators": [{"channel": "smile", "amplitude": 0.2, "cycles": 2.5}]}, "int_from_float"),
        ({"effects": [{"kind": "glitter"}]}, "union_tag_invalid"),
        ({"speed": 2}, "extra_forbidden"),
        ({"id": "Bad Id"}, "string_pattern_mismatch"),
        ({"caption": {"text": {"zh": "字" * 30, "en": "x"}}}, "string_too_long"),
        ({"duration": 60}, "less_than_equal"),
    ],
)
def test_refuses(fields: dict[str, object], code: str) -> None:
    assert codes(**fields) == [code]


def test_a_named_effect_is_driven_by_its_name() -> None:
    effects = [{"kind": "sweat", "name": "cold_sweat"}]
    template = Template.model_validate(PLAIN | {"effects": effects, "tracks": {"fx.cold_sweat": 0.5}})
    assert template.effects[0].channel == "cold_sweat"
    assert codes(effects=effects, tracks={"fx.sweat": 0.5}) == ["strength_without_effect"]


def test_constants_and_holds_are_curves_too() -> None:
    assert [tuple(key)[:2] for key in curve_keys(0.4)] == [(0.0, 0.4), (1.0, 0.4)]
    hold = Hold.model_validate({"hold": 1, "from": 0, "to": 0.2, "until": 0.8})
    keys = curve_keys(hold)
    assert [key.t for key in keys] == [0.0, 0.2, 0.8, 1.0]
    assert keys[0].value == keys[-1].value == 0.0
