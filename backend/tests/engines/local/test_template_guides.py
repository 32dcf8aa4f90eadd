"""The guides for people who write templates say what the code does."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from app.engines.local.channels import CHANNELS, SIDES
from app.engines.local.easing import Easing
from app.engines.local.effects.specs import Effect
from app.engines.local.template import Category, Hold, Oscillator, Shape, Template
from app.engines.local.template_file import parse_template

GUIDES = Path(__file__).parents[4] / "docs" / "guides"
ENGLISH, CHINESE = GUIDES / "new-template.md", GUIDES / "new-template.zh-CN.md"
BOTH = pytest.mark.parametrize("guide", [ENGLISH, CHINESE], ids=["en", "zh"])


def blocks(guide: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", guide.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def templates_in(guide: Path) -> list[str]:
    return [code for language, code in blocks(guide) if language == "yaml"]


@BOTH
def test_every_yaml_block_validates(guide: Path) -> None:
    codes = templates_in(guide)
    complete = [code for code in codes if code.startswith("id:")]
    assert len(complete) == 1
    example = parse_template(complete[0].encode(), guide)
    assert example.id == "hungry"
    assert len(codes) >= 4
    for code in codes:
        whole = yaml.safe_load(complete[0]) | yaml.safe_load(code)
        parse_template(yaml.safe_dump(whole, allow_unicode=True).encode(), guide)


@BOTH
def test_every_name_is_explained(guide: Path) -> None:
    told = set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", guide.read_text("utf-8")))
    plain = {name for name in CHANNELS if not name.endswith(tuple(f"_{side}" for side in SIDES))}
    fields = set(Template.model_fields) | set(Oscillator.model_fields) | {"hold", "from", "to", "until", "end", "base"}
    assert plain | fields | set(Easing) | set(Shape) | set(Category) <= told
    assert {(field.alias or name) for name, field in Hold.model_fields.items()} <= told
    for model in get_args(get_args(Effect)[0]):
        assert model.model_fields["kind"].default in told
        assert set(model.model_fields) - {"kind"} <= told


@BOTH
def test_ranges_of_channels_are_those_of_the_code(guide: Path) -> None:
    text = guide.read_text("utf-8")
    for name, known in CHANNELS.items():
        row = re.search(rf"^\| `{re.escape(name)}`[^|]*\|[^|]*\| ([^|]*) \|", text, re.MULTILINE)
        if row is not None:
            low, high = row.group(1).replace("−", "-").split(" … ")
            assert (float(low), float(high)) == (known.low, known.high)


def test_both_guides_have_the_same_code_and_the_same_shape() -> None:
    assert blocks(ENGLISH) == blocks(CHINESE)
    shapes = [
        re.findall(r"^#+ |^\|(?=.* \|$)|^\d\. |^- ", guide.read_text("utf-8"), re.MULTILINE)
        for guide in (ENGLISH, CHINESE)
    ]
    assert shapes[0] == shapes[1]
