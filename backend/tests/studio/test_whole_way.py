"""A person's way through the page, in a real browser, with the real engine behind it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from tests.studio.conftest import COST, StudioInstallation, Visit

pytestmark = [pytest.mark.anyio, pytest.mark.long(40)]
FIXTURES = Path(__file__).parents[1] / "fixtures"
PHOTO = FIXTURES / "astronaut.png"
RENDER_MS = 90_000
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "locale": "zh-CN"}
DESK = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "color_scheme": "dark"}

_NOTE_PROGRESS = """() => {
  window.seen = [];
  const options = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(() => {
    const bar = document.querySelector("#picture progress");
    const text = document.querySelector("#status")?.textContent ?? "";
    if (bar && text.includes("%")) window.seen.push(bar.value);
  }).observe(document.querySelector(".stage"), options);
}"""
_OVERHANG = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

_NAMELESS = """() => [...document.querySelectorAll("button, a, input")]
  .filter((control) => control.checkVisibility() && control.getAttribute("aria-hidden") !== "true")
  .filter((control) => !(control.textContent.trim() || control.getAttribute("aria-label")
    || [...(control.labels ?? [])].some((label) => label.textContent.trim())))
  .map((control) => control.outerHTML)"""


async def pick_photo(page: Page, photo: Path = PHOTO) -> None:
    await page.set_input_files("#file", photo)
    await page.locator('#picture[data-mood="photo"]').wait_for()


async def choose(page: Page, name: str) -> None:
    await page.locator("#grid .card").filter(has=page.get_by_text(name, exact=True)).click()


async def save(page: Page, kind: str) -> tuple[str, bytes]:
    async with page.expect_download() as download:
        await page.locator(".save", has_text=kind).click()
    file = await download.value
    return file.suggested_filename, Path(await file.path()).read_bytes()


@pytest.mark.parametrize(
    ("device", "words", "name"),
    [(PHONE, "就是你", "爱心眼"), (DESK, "That is you", "In love")],
    ids=["390", "1280"],
)
async def test_from_photo_to_sticker(visit: Visit, device: dict[str, object], words: str, name: str) -> None:
    async with visit(**device) as (page, watch):
        chinese = device["locale"] == "zh-CN"
        assert await page.locator("html").get_attribute("lang") == ("zh-CN" if chinese else "en")
        assert await page.locator("#grid .card").count() == 50
        assert await page.locator("#points").is_hidden()  # no account before there is something to do

        await pick_photo(page)
        await expect(page.locator("#points")).to_have_text("100 积分" if chinese else "100 points")
        await choose(page, name)
        await page.locator("#caption").fill(words)
        price = f"制作 · {COST} 积分" if chinese else f"Make · {COST} points"
        await expect(page.locator("#press")).to_have_text(price)
        assert await page.evaluate(_OVERHANG) == 0

        await page.evaluate(_NOTE_PROGRESS)
        await page.locator("#press").click()
        sticker = page.locator("#picture img.sticker")
        await sticker.wait_for(timeout=RENDER_MS)
        seen: list[float] = await page.evaluate("() => window.seen")
        assert seen == sorted(seen)
        assert len(set(seen)) >= 3, "progress did not move"
        assert words in (await sticker.get_attribute("alt") or "")
        await expect(page.locator("#stage-title")).to_be_in_viewport()
        assert device is PHONE or await page.evaluate("() => scrollY") == 0  # the bar's controls move nothing
        await expect(sticker).to_have_attribute("src", re_of("sticker.webp"))
        assert await sticker.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 240
        assert await page.evaluate(_OVERHANG) == 0

        file_name, webp = await save(page, "WebP")
        assert file_name == f"{name}.webp"
        with Image.open(io.BytesIO(webp)) as picture:
            assert picture.n_frames > 10  # type: ignore[attr-defined]
            assert picture.convert("RGBA").getchannel("A").getextrema()[0] == 0
        assert (await save(page, "GIF"))[1].startswith(b"GIF89a")
        assert (await save(page, "MP4"))[1][4:8] == b"ftyp"

        # What is left does not suffice for another one, and the page says so.
        await expect(page.locator("#points")).to_have_text("40 积分" if chinese else "40 points")
        await expect(page.locator("#press")).to_have_attribute("aria-disabled", "true")
        await expect(page.locator("#hint")).to_contain_text("40")
        assert watch.hosts == {page.url.split("/")[2]}


def re_of(part: str) -> re.Pattern[str]:
    return re.compile(re.escape(part))


async def test_liked_deleted_and_back_again(visit: Visit, installation: StudioInstallation) -> None:
    async with visit() as (page, _):
        await pick_photo(page)
        await choose(page, "眨眼")
        await page.locator("#press").click()
        # The page is closed and opened again while the sticker is in the making.
        await page.locator("#status").wait_for()
        await expect(page.locator("#points")).to_have_text("40 积分")
        await page.reload()
        await page.locator("#picture img.sticker").wait_for(timeout=RENDER_MS)

        await page.get_by_role("link", name="我的表情").click()
        cards = page.locator(".mine-card")
        await expect(cards).to_have_count(1)
        like = cards.get_by_role("button", name="喜欢")
        async with page.expect_response("**/like"):
            await like.click()
        await expect(like).to_have_attribute("aria-pressed", "true")
        await page.reload()
        await expect(like).to_have_attribute("aria-pressed", "true")

        # The photo is still there for another one, though this page never saw its file.
        await cards.get_by_role("button", name="打开“眨眼”").click()
        await page.get_by_role("button", name="用这张照片再做一个").click()
        await page.locator('#picture[data-mood="photo"]').wait_for()

        await page.get_by_role("link", name="我的表情").click()
        await cards.get_by_role("button", name="删除").click()
        await page.get_by_role("dialog").get_by_role("button", name="不了").click()
        await expect(cards).to_have_count(1)
        await cards.get_by_role("button", name="删除").click()
        await page.get_by_role("dialog").get_by_role("button", name="删除").click()
        await expect(cards).to_have_count(0)
        await page.reload()
        await page.get_by_role("link", name="去做第一个").wait_for()


async def test_a_photo_that_does_not_suit_is_explained(visit: Visit, tmp_path: Path) -> None:
    faceless = tmp_path / "cat.jpg"
    with Image.open(FIXTURES / "cat.png") as cat:
        cat.convert("RGB").resize((902, 600)).save(faceless)
    broken = tmp_path / "photo.png"
    broken.write_text("this is no picture")
    async with visit() as (page, watch):
        await page.set_input_files("#file", faceless)
        reasons = page.locator(".reasons li")
        await expect(reasons).to_have_text("照片里没有找到人脸。请换一张本人的正面照：脸要完整、清楚，光线亮一些。")
        await page.get_by_role("button", name="Switch to English").click()
        await expect(reasons).to_contain_text("No face was found in the photo.")
        await expect(page.locator("#stage-title")).to_have_text("This photo does not quite work")
        await expect(page.locator("#grid .card .name").first).to_have_text("Tears of joy")
        assert await page.locator("html").get_attribute("lang") == "en"

        watch.expect("422")
        await page.set_input_files("#file", broken)
        await expect(reasons).to_contain_text("not supported")
        await page.set_input_files("#file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"})
        await expect(reasons).to_contain_text("This is not a photo.")
        await pick_photo(page)
        await expect(reasons).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
async def test_fits_and_every_control_has_a_name(visit: Visit, width: int) -> None:
    async with visit(viewport={"width": width, "height": 700}) as (page, _):
        for view in ("#make", "#mine"):
            await page.goto(f"/{view}")
            assert await page.evaluate(_OVERHANG) == 0
            assert await page.evaluate(_NAMELESS) == []


class TestGrid:
    async def test_keyboard_search_and_shelves(self, visit: Visit) -> None:
        async with visit(locale="en") as (page, _):
            await page.locator("#search").fill("wi")
            assert "Wink" in await page.locator("#grid .card:visible .name").all_inner_texts()
            await page.locator("#search").fill("nothing like this")
            await page.get_by_role("button", name="Show all").click()
            await expect(page.locator("#grid .card:visible")).to_have_count(50)
            await page.get_by_role("button", name="At work").click()
            await expect(page.locator("#grid .card:visible")).to_have_count(7)
            await page.get_by_role("radio").first.focus()
            await page.keyboard.press("Space")
            await page.keyboard.press("ArrowRight")
            await expect(page.locator("#grid .card:visible").nth(1)).to_have_class("card on")

    async def test_the_keyboard_never_leads_behind_the_bar(self, visit: Visit) -> None:
        async with visit(viewport={"width": 390, "height": 700}) as (page, _):
            await page.get_by_role("radio").first.focus()
            await page.keyboard.press("Space")
            for _step in range(20):
                await page.keyboard.press("ArrowRight")
                card, bar = page.locator("#grid .card.on"), page.locator("#order")
                ends = await card.evaluate("(card) => card.getBoundingClientRect().bottom")
                assert ends <= await bar.evaluate("(bar) => bar.getBoundingClientRect().top")

    async def test_loops_run_only_under_the_eye_and_only_for_who_likes_movement(self, visit: Visit) -> None:
        for motion, moves in (("no-preference", True), ("reduce", False)):
            async with visit(reduced_motion=motion) as (page, _):
                picture = page.locator("#grid .card img").nth(3)
                await expect(picture).to_have_attribute("src", re_of("crying.still.webp"))
                await picture.hover()
                await expect(picture).to_have_attribute("src", re_of("crying.webp" if moves else "crying.still.webp"))
                await page.mouse.move(5, 5)
                await expect(picture).to_have_attribute("src", re_of("crying.still.webp"))
