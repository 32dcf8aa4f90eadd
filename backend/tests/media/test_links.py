from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.security import Keyring
from app.media.exceptions import ForeignUrl, LinkExpired, LinkInvalid
from app.media.keys import incoming_key, photo_key, result_key
from app.media.links import Linker, LinkSigner
from app.media.storage import Storage
from tests.media.storages import make_settings

PHOTO = UUID("0193a5c0-0000-7000-8000-00000000000a")
KEY = photo_key(PHOTO, "jpg")
BASE = "https://pics.example.com"
BASES = (BASE, "http://127.0.0.1:8000")
NOW = 1_800_000_000.0
DAY = 86_400


def make_signer(hours: int = 24, secret: str = "k" * 40) -> LinkSigner:
    return LinkSigner(Keyring(make_settings(SECRET_KEY=secret)), timedelta(hours=hours))


signer = make_signer()


def parts(link: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"/api/v1/media/(.+)\?expires=(\d+)&signature=(.+)", link)
    assert found
    return found[1], found[2], found[3]


class TestSigning:
    def test_holds_as_long_as_promised_and_no_longer(self) -> None:
        key, expires, signature = parts(signer.sign(KEY, now=NOW))
        assert DAY <= signer.verify(key, expires, signature, now=NOW) <= DAY + 3_600
        assert signer.verify(key, expires, signature, now=int(expires) - 1) == 1
        for late in (int(expires), int(expires) + DAY):
            with pytest.raises(LinkExpired):
                signer.verify(key, expires, signature, now=late)

    def test_the_same_within_an_hour(self) -> None:
        start = NOW - NOW % 3_600
        links = {signer.sign(KEY, now=start + second) for second in (0, 1, 1_800, 3_599)}
        assert len(links) == 1
        assert signer.sign(KEY, now=start + 3_600) not in links

    def test_nothing_can_be_changed(self) -> None:
        key, expires, signature = parts(signer.sign(KEY, now=NOW))
        other = photo_key(UUID(int=PHOTO.int + 1), "jpg")
        for changed in (
            (other, expires, signature),
            (key, str(int(expires) + 1), signature),
            (key, f"0{expires}", signature),
            (key, f"{expires} ", signature),
            (key, "", signature),
            (key, "１８", signature),
            (key, "9" * 400, signature),
            (key, expires, ""),
            (key, expires, signature[:-1]),
            (key, expires, signature.swapcase()),
            (key, expires, "\udc80é" + signature),
            (key, expires, "\0"),
        ):
            with pytest.raises(LinkInvalid):
                signer.verify(*changed, now=NOW)

    def test_other_secrets_sign_differently(self) -> None:
        key, expires, signature = parts(make_signer(secret="x" * 40).sign(KEY, now=NOW))
        with pytest.raises(LinkInvalid):
            signer.verify(key, expires, signature, now=NOW)

    def test_uploads_are_never_handed_out(self) -> None:
        for key in (incoming_key(PHOTO), f"probe/{PHOTO}", "photos/x.jpg", "../etc/passwd"):
            with pytest.raises(ValueError, match="never handed out"):
                signer.sign(key)
            with pytest.raises(LinkInvalid):
                signer.verify(key, "9999999999", "A" * 43)


class TestComingBack:
    """Fault 27: what is taken as ``image_url``."""

    def accepted(self, url: str) -> bool:
        try:
            return signer.photo_key_of(url, BASES, now=NOW) == KEY
        except ForeignUrl:
            return False

    def test_our_own_links(self) -> None:
        link = signer.sign(KEY, now=NOW)
        for url in (link, BASE + link, BASES[1] + link, BASE.upper() + link):
            assert self.accepted(url)
        assert signer.photo_key_of(signer.sign(photo_key(PHOTO, "png"), now=NOW), BASES, now=NOW).endswith(".png")

    def test_expired(self) -> None:
        assert not self.accepted(signer.sign(KEY, now=NOW - 2 * DAY))

    def test_a_sticker_is_no_photo(self) -> None:
        assert not self.accepted(signer.sign(result_key(PHOTO, "token", "sticker.webp"), now=NOW))

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "photo.jpg",
            "file:///etc/passwd",
            "data:image/png;base64,iVBORw0KGgo=",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::ffff:169.254.169.254]/latest",
            "http://100.100.100.200/latest/meta-data/",
            "http://localhost:6379/",
            "ftp://pics.example.com{link}",
            "gopher://pics.example.com{link}",
            "javascript:{base}{link}",
            "jar:{base}{link}",
            "https://evil.example{link}",
            "//pics.example.com{link}",
            "//evil.example{link}",
            "/\\evil.example{link}",
            "https:/pics.example.com{link}",
            "https:pics.example.com{link}",
            "https:///pics.example.com{link}",
            "http://pics.example.com{link}",
            "https://pics.example.com@evil.example{link}",
            "https://user:secret@pics.example.com{link}",
            "https://evil.example#@pics.example.com{link}",
            "https://evil.example?{base}{link}",
            "https://evil.example/{base}{link}",
            "https://pics.example.com:443{link}",
            "https://pics.example.com:8443{link}",
            "https://pics.example.com.{link}",
            "https://pics.example.com.evil.example{link}",
            "https://evilpics.example.com{link}",
            "https://pics。example.com{link}",
            "https://ｐics.example.com{link}",
            "https://pics.example.com%2eevil.example{link}",
            "https://pics.example.com\\@evil.example{link}",
            "https://pics.example.com\t{link}",
            "https://pics.example.com/{link}",
            "https://pics.example.com/x/..{link}",
            " {base}{link}",
            "{base}{link} ",
            "{base}{link}\n",
            "\0{link}",
            "{link}#fragment",
            "{link}#",
            "{link}&extra=1",
            "{link}&expires=9999999999",
            "{link};x",
            "{link}%00",
            "{path}",
            "{path}?expires=9999999999&signature=" + "A" * 43,
            "{reordered}",
            "{link_with_encoded_slash}",
            "{link_with_double_encoding}",
            "{link_with_backslashes}",
            "{link_with_dots}",
            "{link_with_upper_id}",
            "/api/v1/media/incoming/" + str(PHOTO),
            "x" * 100_000,
        ],
    )
    def test_everything_else_is_foreign(self, url: str) -> None:
        link = signer.sign(KEY, now=NOW)
        path, _, query = link.partition("?")
        first, second = query.split("&")
        values = {
            "{base}": BASE,
            "{link_with_encoded_slash}": f"{path.replace('photos/', 'photos%2F')}?{query}",
            "{link_with_double_encoding}": f"{quote(quote(path, safe=''), safe='')}?{query}",
            "{link_with_backslashes}": link.replace("/", "\\"),
            "{link_with_dots}": link.replace("photos/", "results/../photos/"),
            "{link_with_upper_id}": link.replace(str(PHOTO), str(PHOTO).upper()),
            "{reordered}": f"{path}?{second}&{first}",
            "{path}": path,
            "{link}": link,
        }
        for name, value in values.items():
            url = url.replace(name, value)
        assert not self.accepted(url)
        with pytest.raises(ForeignUrl):
            signer.photo_key_of(url, BASES, now=NOW)

    @given(st.text(max_size=300))
    def test_any_text(self, text: str) -> None:
        link = signer.sign(KEY, now=NOW)
        for url in (text, text + link, BASE + text + link):
            if url not in {link, BASE + link}:
                assert not self.accepted(url)

    def test_no_base_is_known(self) -> None:
        link = signer.sign(KEY, now=NOW)
        assert signer.photo_key_of(link, (), now=NOW) == KEY
        for url in (BASE + link, "https://" + link, "http:///" + link):
            with pytest.raises(ForeignUrl):
                signer.photo_key_of(url, ("",), now=NOW)


class TestLinker:
    pytestmark = pytest.mark.anyio

    async def test_local_links_are_ours(self, local_storage: Storage) -> None:
        linker = Linker(signer, local_storage, base=BASE, bases=BASES)
        link = await linker.link(KEY)
        assert link.startswith(f"{BASE}/api/v1/media/{KEY}?expires=")
        assert linker.photo_id_of(link) == PHOTO
        assert (await linker.link(result_key(PHOTO, "t", "sticker.mp4"))).startswith(BASE)

    async def test_stickers_come_from_the_object_store(self, s3_storage: Storage) -> None:
        linker = Linker(signer, s3_storage, base=BASE, bases=BASES)
        assert "X-Amz-Signature=" in await linker.link(result_key(PHOTO, "t", "sticker.mp4"))
        assert (await linker.link(KEY)).startswith(BASE)
        assert linker.own_link(result_key(PHOTO, "t", "sticker.mp4")).startswith(BASE)
