"""What goes wrong in a page: errors, violations of its policy, requests that fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Page, Request, Response

_TELL = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""

_BROKEN_OFF = "net::ERR_ABORTED"


@dataclass
class PageWatch:
    """``errors`` is what nobody expected; ``expect`` names parts of what a test brings about itself."""

    site: str = ""
    expected: tuple[str, ...] = ()
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    @classmethod
    async def on(cls, page: Page) -> PageWatch:
        watch = cls()
        await page.add_init_script(_TELL)
        page.on("console", watch._console)
        page.on("pageerror", lambda error: watch._note(f"error: {error}"))
        page.on("requestfailed", watch._failed)
        page.on("response", watch._response)
        page.on("request", watch._request)
        return watch

    def expect(self, *parts: str) -> None:
        self.expected = parts

    def _note(self, problem: str) -> None:
        if not any(part in problem for part in self.expected):
            self.errors.append(problem)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._note(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # Chromium reports every stream that a page reads by itself as broken off, however well it ended; and pictures
        # whose place is gone before they have come really are.
        left = request.failure == _BROKEN_OFF and (request.resource_type == "image" or request.url.endswith("/events"))
        if not left:
            self._note(f"failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"status: {response.status} {response.url}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.hosts.add(request.url.split("/")[2])
