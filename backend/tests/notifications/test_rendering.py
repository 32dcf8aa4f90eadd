from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from app.core.i18n import LANGUAGES, Lang
from app.notifications import rendering
from app.notifications.rendering import render

TEMPLATES = Path(rendering.__file__).parent / "templates"
VALUES: dict[str, dict[str, object]] = {
    "code": {"project": "AI-PIC", "code": "042917", "minutes": 10},
    "test": {"project": "AI-PIC", "domain": "stickers.example.org", "environment": "production"},
}
CASES = [(name, lang) for name in VALUES for lang in LANGUAGES]
VOID = {"meta", "br"}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[str] = []
        self.attributes: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"title", "html", "head"} and data.strip():
            self.said.append(" ".join(data.split()))


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_every_mail_has_both_languages_and_both_forms() -> None:
    names = {path.name for path in TEMPLATES.iterdir()}
    assert names == {"layout.html.j2"} | {
        f"{name}.{lang}.{form}.j2" for name, lang in CASES for form in ("txt", "html")
    }


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_html_is_whole_and_loads_nothing(name: str, lang: Lang) -> None:
    page = render(name, lang, **VALUES[name]).html
    reader = read(page)
    assert not reader.tags & {"img", "script", "style", "link", "iframe", "form"}
    assert not reader.attributes & {"src", "href", "background"}
    assert "//" not in page
    assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in page
    assert len(page) < 20_000


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_html_and_text_say_the_same(name: str, lang: Lang) -> None:
    content = render(name, lang, **VALUES[name])
    text = " ".join(content.text.split())
    said = read(content.html).said
    assert len(said) >= 5
    assert [sentence for sentence in said if sentence not in text] == []


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_chinese_is_chinese_and_english_is_english(name: str, lang: Lang) -> None:
    content = render(name, lang, **VALUES[name])
    for text in (content.subject, content.text, " ".join(read(content.html).said)):
        assert bool(re.search(r"[\u4e00-\u9fff]", text)) is (lang == "zh")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_code_stands_in_subject_text_and_html(lang: Lang) -> None:
    content = render("code", lang, **VALUES["code"])
    assert content.subject.startswith("042917")
    assert "    042917\n" in content.text
    assert "042917" in read(content.html).said
    assert "10" in content.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_name_with_markup_is_only_a_name(lang: Lang) -> None:
    content = render("code", lang, **{**VALUES["code"], "project": "<b>Tom & Jerry</b>"})
    assert html.escape("<b>Tom & Jerry</b>") in content.html
    assert "<b>" not in content.html
    assert "<b>Tom & Jerry</b>" in content.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_subject_is_one_line(lang: Lang) -> None:
    content = render("code", lang, **{**VALUES["code"], "project": "Evil\r\nBcc: all@example.com"})
    assert "\n" not in content.subject
    assert "\r" not in content.subject


def test_a_value_that_is_missing_is_an_error_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        render("code", "en", project="AI-PIC", minutes=10)
