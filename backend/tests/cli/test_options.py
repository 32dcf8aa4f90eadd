from __future__ import annotations

import pytest

from app.cli.failure import Failure
from app.cli.options import (
    FIRST,
    chosen_background,
    chosen_caption,
    chosen_lang,
    chosen_number,
    chosen_templates,
    chosen_whole,
)
from app.engines.local.catalog import load_templates
from app.engines.local.errors import TemplateInvalid
from app.engines.local.render import KEEP, REMOVE


class TestTemplates:
    def test_the_first_of_the_catalogue_by_default(self) -> None:
        assert [template.id for template in chosen_templates([])] == list(load_templates())[:FIRST]

    def test_all(self) -> None:
        assert [template.id for template in chosen_templates(["wink", "ALL"])] == list(load_templates())

    @pytest.mark.parametrize("names", [["wink", "kiss"], ["wink,kiss"], ["wink, kiss,", "wink"], ["眨眼，kiss"]])
    def test_repeats_and_lists(self, names: list[str]) -> None:
        assert [template.id for template in chosen_templates(names)] == ["wink", "kiss"]

    def test_an_unknown_name(self) -> None:
        with pytest.raises(TemplateInvalid, match="unknown_template"):
            chosen_templates(["wnk"])


class TestBackground:
    def test_words_and_colours(self) -> None:
        assert chosen_background("keep") is KEEP
        assert chosen_background(" Remove ") is REMOVE
        assert chosen_background("#ffd84d") == (255, 216, 77)
        assert chosen_background("White") == (255, 255, 255)

    @pytest.mark.parametrize("given", ["", "blurple", "#12345", "rgb(1,2"])
    def test_neither(self, given: str) -> None:
        with pytest.raises(Failure) as caught:
            chosen_background(given)
        assert caught.value.code == "background_unknown"


class TestCaption:
    def test_choices(self) -> None:
        assert chosen_caption(None, False) is None
        assert chosen_caption(None, True) == ""
        assert chosen_caption("  想你\n啦 ", False) == "想你 啦"

    def test_too_long(self) -> None:
        with pytest.raises(Failure, match="caption_long"):
            chosen_caption("a" * 41, False)
        with pytest.raises(Failure, match="caption_long"):
            chosen_caption("长" * 25, False)
        assert chosen_caption("长" * 24, False) == "长" * 24

    def test_both(self) -> None:
        with pytest.raises(Failure, match="caption_twice"):
            chosen_caption("hi", True)


class TestNumbers:
    def test_in_range(self) -> None:
        assert chosen_number("--fps", "12.5", 1, 60) == 12.5
        assert chosen_whole("--size", "240", 64, 1024) == 240
        assert chosen_whole("--size", None, 64, 1024) is None

    @pytest.mark.parametrize("given", ["0", "61", "many", "nan", "inf", "", "-3"])
    def test_out_of_range(self, given: str) -> None:
        with pytest.raises(Failure, match="not_a_number"):
            chosen_number("--fps", given, 1, 60)

    def test_not_whole(self) -> None:
        with pytest.raises(Failure, match="not_a_number"):
            chosen_whole("--size", "240.5", 64, 1024)


def test_lang() -> None:
    assert chosen_lang(None, "en") == "en"
    assert chosen_lang("zh", "en") == "zh"
    with pytest.raises(Failure, match="lang_unknown"):
        chosen_lang("fr", "en")
