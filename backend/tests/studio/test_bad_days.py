"""The page when things do not go well: answers lost, streams cut, tokens gone, the worker away."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, Route, expect

from tests.studio.conftest import StudioInstallation, Visit
from tests.studio.test_whole_way import FIXTURES, RENDER_MS, choose, pick_photo

pytestmark = [pytest.mark.anyio, pytest.mark.long(32)]


async def ask(page: Page, path: str) -> Any:
    """What the service tells this device."""
    token = await page.evaluate("() => localStorage.getItem('aipic.token')")
    answer = await page.request.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    assert answer.ok
    return (await answer.json())["data"]


@contextmanager
def worker_asleep(installation: StudioInstallation) -> Iterator[None]:
    pid = installation.workers[0].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_lost_answers_and_impatient_presses_cost_one_sticker(visit: Visit) -> None:
    async with visit() as (page, watch):
        watch.expect("/emoji/create", "/events", "ERR_FAILED")
        keys: list[str | None] = []

        async def lose(route: Route) -> None:
            keys.append(route.request.headers.get("idempotency-key"))
            if len(keys) == 1:
                await route.fetch()  # it arrives and is done, but nobody hears of it
            if len(keys) < 3:
                await route.abort()
            else:
                await route.continue_()

        await page.route("**/emoji/create", lose)
        await page.route("**/events", lambda route: route.abort())
        await pick_photo(page)
        await choose(page, "眨眼")
        await page.locator("#press").dblclick()
        await page.locator("#press").click(force=True)
        # Without events the page asks again and again, and gets there too.
        await page.locator("#picture img.sticker").wait_for(timeout=RENDER_MS)
        assert len(keys) == 3
        assert len(set(keys)) == 1
        assert keys[0]
        assert (await ask(page, "/emoji/history"))["count"] == 1
        await expect(page.locator("#points")).to_have_text("40 积分")


async def test_cancelled_while_it_waits(visit: Visit, installation: StudioInstallation) -> None:
    async with visit() as (page, _):
        await pick_photo(page)
        await choose(page, "眨眼")
        with worker_asleep(installation):
            await page.locator("#press").click()
            await expect(page.locator("#status")).to_have_text("排队中，马上开始")
            await expect(page.locator("#points")).to_have_text("40 积分")
            await page.reload()
            await expect(page.locator("#status")).to_have_text("排队中，马上开始")
            await page.get_by_role("button", name="取消制作").click()
            await expect(page.locator("#toast")).to_have_text("已取消，60 积分退回来了。")
            await expect(page.locator("#points")).to_have_text("100 积分")
        assert (await ask(page, "/emoji/history"))["data"][0]["status"] == "cancelled"


async def test_a_token_that_does_not_hold_is_renewed_unseen(visit: Visit) -> None:
    async with visit() as (page, watch):
        await pick_photo(page)
        account = (await ask(page, "/user/profile"))["id"]
        watch.expect("401")
        await page.evaluate("() => localStorage.setItem('aipic.token', 'gone.with.time')")
        await page.reload()
        await expect(page.locator("#points")).to_have_text("100 积分")
        await page.evaluate("() => localStorage.setItem('aipic.token', 'gone.again.now')")
        await pick_photo(page)
        assert (await ask(page, "/user/profile"))["id"] == account


async def test_the_server_is_restarted_meanwhile(visit: Visit, installation: StudioInstallation) -> None:
    async with visit() as (page, watch):
        watch.expect("ERR_", "/emoji/")
        await pick_photo(page)
        await choose(page, "眨眼")
        with worker_asleep(installation):
            await page.locator("#press").click()
            await expect(page.locator("#status")).to_have_text("排队中，马上开始")
            installation.kill_backend()
            await expect(page.locator("#status")).to_contain_text("正在重新连接")
        installation.start_backend()
        await page.locator("#picture img.sticker").wait_for(timeout=RENDER_MS)


async def test_a_photo_of_too_many_bytes_is_scaled_down_first(visit: Visit, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    noise = np.random.default_rng(1).integers(-12, 13, (3000, 3000, 3), np.int16)
    with Image.open(FIXTURES / "astronaut.png") as photo:
        pixels = np.asarray(photo.convert("RGB").resize((3000, 3000)), np.int16)
    Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(large, compress_level=1)
    assert large.stat().st_size > 10 * 2**20
    async with visit() as (page, _):
        await pick_photo(page, large)
        await expect(page.locator("#toast")).to_contain_text("先缩小")


async def test_offline_is_said_and_the_upload_can_be_tried_again(visit: Visit) -> None:
    async with visit() as (page, watch):
        watch.expect("ERR_INTERNET_DISCONNECTED")
        await page.context.set_offline(True)
        await expect(page.locator("#banner")).to_contain_text("网络断开了")
        await page.set_input_files("#file", FIXTURES / "astronaut.png")
        await expect(page.locator("#stage-title")).to_have_text("照片没有传上去")
        await page.context.set_offline(False)
        await expect(page.locator("#banner")).to_be_hidden()
        await page.get_by_role("button", name="再试一次").click()
        await page.locator('#picture[data-mood="photo"]').wait_for()


async def test_a_page_without_its_catalogue_offers_another_try(visit: Visit) -> None:
    async with visit() as (page, watch):
        watch.expect("/config", "503", "ERR_FAILED")
        await page.route("**/api/v1/config", lambda route: route.abort())
        await page.reload()
        await expect(page.locator("#banner")).to_contain_text("页面没有加载完整")
        await page.unroute("**/api/v1/config")
        await page.get_by_role("button", name="再试一次").click()
        await expect(page.locator("#grid .card")).to_have_count(50)
        await expect(page.locator("#banner")).to_be_hidden()


async def test_events_are_read_however_they_are_cut(visit: Visit) -> None:
    async with visit() as (page, _):
        events = await page.evaluate(
            r"""async () => {
              const main = document.querySelector('script[type="module"]').src;
              const { EventParser } = await import(main.replace("main.js", "events.js"));
              const stream =
                ": ping\r\n\r\nevent: task\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nid: 7\ndata:x\n\nevent: none\n\n";
              const all = [];
              for (const size of [1, 2, 3, 7, 1000]) {
                const parser = new EventParser();
                const found = [];
                for (let at = 0; at < stream.length; at += size) {
                  found.push(...parser.push(stream.slice(at, at + size)));
                }
                all.push(found);
              }
              return all;
            }"""
        )
        assert events == [[{"event": "task", "data": '{"a":\n1}'}, {"event": "message", "data": "x"}]] * 5


async def test_addresses_of_the_services_files_are_asked_for_here(visit: Visit) -> None:
    async with visit() as (page, _):
        found = await page.evaluate(
            """async () => {
              const main = document.querySelector('script[type="module"]').src;
              const { local } = await import(main.replace("main.js", "dom.js"));
              return [
                "https://pic.example.com/api/v1/media/results/a/sticker.webp?expires=1&signature=x",
                "http://10.0.0.1/assets/0/previews/wink.webp",
                "https://files.example.com/results/a.webp?X-Amz=1",
                "javascript:alert(1)",
                "data:text/html,hello",
                "",
                null,
              ].map(local);
            }"""
        )
        assert found == [
            "/api/v1/media/results/a/sticker.webp?expires=1&signature=x",
            "/assets/0/previews/wink.webp",
            "https://files.example.com/results/a.webp?X-Amz=1",
            "",
            "",
            "",
            "",
        ]
