from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.media import dispositions
from app.media.exceptions import RangeNotSatisfiable
from app.media.ranges import http_date, is_unchanged, wanted_range

ETAG = '"1f-2a"'
CHANGED = datetime(2026, 11, 24, 8, 0, 0, 123456, UTC)
SIZE = 1_000


def wanted(value: str, condition: str | None = None, size: int = SIZE) -> tuple[int, int] | None:
    headers = {"range": value} | ({} if condition is None else {"if-range": condition})
    return wanted_range(headers, size, ETAG, CHANGED)


class TestRanges:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("bytes=0-0", (0, 1)),
            ("bytes=0-499", (0, 500)),
            ("bytes=500-", (500, 1_000)),
            ("bytes=999-", (999, 1_000)),
            ("bytes=-1", (999, 1_000)),
            ("bytes=-5000", (0, 1_000)),
            ("bytes=900-5000", (900, 1_000)),
            ("Bytes= 1-2 ", (1, 3)),
        ],
    )
    def test_single(self, value: str, expected: tuple[int, int]) -> None:
        assert wanted(value) == expected

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=0-1,5-6",
            "items=0-1",
            "bytes=--1",
            "bytes=1e3-",
            "bytes=١-٢",
            "bytes=0-" + "9" * 400,
        ],
    )
    def test_what_cannot_be_read_is_ignored(self, value: str) -> None:
        assert wanted(value) is None

    @pytest.mark.parametrize("value", ["bytes=1000-", "bytes=1000-1001", "bytes=999999999999999-", "bytes=-0"])
    def test_behind_the_end(self, value: str) -> None:
        with pytest.raises(RangeNotSatisfiable) as caught:
            wanted(value)
        assert caught.value.headers == {"Content-Range": "bytes */1000"}

    def test_an_empty_file(self) -> None:
        for value in ("bytes=0-", "bytes=0-0", "bytes=-5"):
            with pytest.raises(RangeNotSatisfiable):
                wanted(value, size=0)

    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            (ETAG, True),
            ('"other"', False),
            (f"W/{ETAG}", False),
            (http_date(CHANGED), True),
            (http_date(CHANGED + timedelta(days=1)), False),
            ("nonsense", False),
            ("", False),
        ],
    )
    def test_only_of_the_same_file(self, condition: str, holds: bool) -> None:
        assert (wanted("bytes=0-9", condition) is not None) == holds

    @given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 10_000))
    def test_any_text(self, value: str, condition: str, size: int) -> None:
        for text in (value, f"bytes={value}"):
            try:
                part = wanted(text, condition or None, size)
            except RangeNotSatisfiable:
                continue
            assert part is None or 0 <= part[0] < part[1] <= size


class TestUnchanged:
    @pytest.mark.parametrize(
        ("headers", "unchanged"),
        [
            ({}, False),
            ({"if-none-match": ETAG}, True),
            ({"if-none-match": f'"a", W/{ETAG}, "b"'}, True),
            ({"if-none-match": "*"}, True),
            ({"if-none-match": '"a"'}, False),
            ({"if-none-match": '"a"', "if-modified-since": http_date(CHANGED)}, False),
            ({"if-modified-since": http_date(CHANGED)}, True),
            ({"if-modified-since": http_date(CHANGED - timedelta(seconds=1))}, False),
            ({"if-modified-since": "Tue, 99 Foo 2026 08:00:00 GMT"}, False),
            ({"if-modified-since": "Tue, 24 Nov 99999999 08:00:00 GMT"}, False),
            ({"if-modified-since": "\0"}, False),
        ],
    )
    def test_conditions(self, headers: dict[str, str], unchanged: bool) -> None:
        assert is_unchanged(headers, ETAG, CHANGED) == unchanged

    @given(st.text(max_size=70))
    def test_any_text(self, text: str) -> None:
        is_unchanged({"if-modified-since": text}, ETAG, CHANGED)
        is_unchanged({"if-none-match": text}, ETAG, CHANGED)


class TestNames:
    KEY = "results/x/y/sticker.gif"

    @pytest.mark.parametrize(
        ("name", "plain", "full"),
        [
            ("wink", "wink.gif", "wink.gif"),
            ("wink.gif", "wink.gif", "wink.gif"),
            ("眨眼", "sticker.gif", "%E7%9C%A8%E7%9C%BC.gif"),
            ("café", "cafe.gif", "caf%C3%A9.gif"),
            ("a/b\\c", "a_b_c.gif", "a_b_c.gif"),
            ("../../etc/passwd", "_.._etc_passwd.gif", "_.._etc_passwd.gif"),
            ('x"; filename=evil.exe', "x__ filename_evil.exe.gif", "x__%20filename_evil.exe.gif"),
            ("x\r\nSet-Cookie: a=b", "xSet-Cookie_ a_b.gif", "xSet-Cookie_%20a_b.gif"),
            ("evil\u202efig.exe", "evilfig.exe.gif", "evilfig.exe.gif"),
            ("\0", "sticker.gif", "sticker.gif"),
            ("\ud800", "sticker.gif", "sticker.gif"),
            ("", "sticker.gif", "sticker.gif"),
            (" . ", "sticker.gif", "sticker.gif"),
        ],
    )
    def test_what_it_is_saved_as(self, name: str, plain: str, full: str) -> None:
        assert dispositions.attachment(self.KEY, name) == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"

    @given(st.text())
    def test_any_name(self, name: str) -> None:
        value = dispositions.attachment(self.KEY, name)
        assert value.isascii()
        assert value.isprintable()
        assert len(value) < 2_000
        assert value.endswith(".gif")

    def test_shown(self) -> None:
        assert dispositions.inline(self.KEY) == 'inline; filename="sticker.gif"'
