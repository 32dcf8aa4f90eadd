"""A browser, and a whole installation with the real engine for it to look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.installation import Installation
from tests.studio.page_watch import PageWatch

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COST = 60
"""Of the 100 points that a new account has: the second sticker is too dear."""


class StudioInstallation(Installation):
    """Backend and worker as they are run for people, with the engine that people get."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        ours: dict[str, Any] = {
            "ENGINE": "local",
            "EMOJI_SIZE": 240,
            "EMOJI_COST": COST,
            "RATE_SIGN_IN": "1000/minute",
            "WORKER_RENDERS": 1,
            "LEASE_SECONDS": 30,
        }
        super().__init__(folder, **(ours | changes))

    def start(self) -> None:
        seed = self._start("seed", "-m", "app.initial_data")
        assert seed.wait(60) == 0, self.log("seed")
        self.start_backend()
        self.workers.append(self._start("worker", "worker/emoji_worker.py"))

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def need_browser() -> None:
    """Skip without one, but never where nobody would notice."""
    if not Path(CHROMIUM).is_file():
        reason = "这些测试需要浏览器 / these tests need a browser: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioInstallation]:
    need_browser()
    opened = StudioInstallation(tmp_path_factory.mktemp("studio"))
    with opened:
        opened.start()
        yield opened


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    need_browser()
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


class Visit(Protocol):
    def __call__(self, **options: Any) -> AbstractAsyncContextManager[tuple[Page, PageWatch]]: ...


@pytest.fixture
def visit(installation: StudioInstallation, browser: Browser) -> Visit:
    """Opens the page on a device of its own. ``options`` are Playwright's for a context."""

    @asynccontextmanager
    async def visited(**options: Any) -> AsyncIterator[tuple[Page, PageWatch]]:
        options.setdefault("locale", "zh-CN")
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = await browser.new_context(base_url=installation.site, **options)
        try:
            page = await context.new_page()
            watch = await PageWatch.on(page)
            await page.goto("/")
            await page.locator("#grid .card").first.wait_for()
            yield page, watch
            assert watch.errors == []
        finally:
            await context.close()

    return visited
