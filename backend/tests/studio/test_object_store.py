"""The page when stickers lie in an object store, on another origin that lets no page read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.media.fake_s3 import ACCESS_KEY, BUCKET, SECRET, FakeS3
from tests.studio.conftest import StudioInstallation, Visit, need_browser
from tests.studio.test_whole_way import RENDER_MS, choose, pick_photo, re_of

pytestmark = [pytest.mark.anyio, pytest.mark.long(24)]


class StoreInstallation(StudioInstallation):
    def environment(self) -> dict[str, str]:
        return super().environment() | {"S3_ACCESS_KEY_ID": ACCESS_KEY, "S3_SECRET_ACCESS_KEY": SECRET}


@pytest.fixture(scope="module")
def s3() -> Iterator[FakeS3]:
    server = FakeS3()
    yield server
    server.close()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, s3: FakeS3) -> Iterator[StudioInstallation]:
    need_browser()
    opened = StoreInstallation(
        tmp_path_factory.mktemp("studio-s3"), STORAGE_BACKEND="s3", S3_ENDPOINT=s3.endpoint, S3_BUCKET=BUCKET
    )
    with opened:
        opened.start()
        yield opened


async def test_stickers_are_shown_and_can_be_saved(visit: Visit, s3: FakeS3) -> None:
    async with visit() as (page, watch):
        await pick_photo(page)
        await choose(page, "眨眼")
        await page.locator("#press").click()
        sticker = page.locator("#picture img.sticker")
        await sticker.wait_for(timeout=RENDER_MS)
        await expect(sticker).to_have_attribute("src", re_of("sticker.webp"))
        assert (await sticker.get_attribute("src") or "").startswith(s3.endpoint)
        assert await sticker.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 240

        # The store does not let a page read, so the file is opened for the person to save.
        watch.expect("CORS", "ERR_FAILED")
        async with page.context.expect_page() as opened:
            await page.locator(".save", has_text="WebP").click()
        assert (await opened.value).url.startswith(s3.endpoint)

        # A photo of an earlier sticker is fetched by a link of ours that leads on to the store.
        await page.reload()
        await page.get_by_role("link", name="我的表情").click()
        await page.get_by_role("button", name="打开“眨眼”").click()
        await page.get_by_role("button", name="用这张照片再做一个").click()
        photo = page.locator('#picture[data-mood="photo"] img.photo')
        assert await photo.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 512
