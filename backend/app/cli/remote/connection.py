"""Requests to a service, made again when that may help, and its envelopes opened."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any, Final

import httpx

from app.cli.failure import Failure
from app.cli.remote.troubles import Refused, Unreachable, explain
from app.core.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from app.cli.language import Lang
    from app.cli.remote.address import Address

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0, pool=None)
PATIENCE_SECONDS: Final = 60.0
"""How long a request is made again and again while the service is away or busy."""
_LONGEST_LIMIT_SECONDS: Final = 120.0
"""How long we wait where a rate limit says so; who has to wait longer is told instead."""
_LIMITED_SECONDS: Final = 900.0
"""How long in all: a limit of unfinished tasks lifts only when some of them end."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
_BUSY: Final = frozenset({502, 503, 504})
_TOLD_SECONDS: Final = 2.0


class Connection:
    """One service. ``on_wait`` is told when we wait for it: the key of a sentence, and seconds."""

    def __init__(self, address: Address, lang: Lang, on_wait: Callable[[str, float], None]) -> None:
        self.address = address
        self._on_wait = on_wait
        self._answered = False
        self._client = open_client(
            direct=address.is_loopback, base_url=address.api, headers={"Accept-Language": lang}, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def sign(self, token: str) -> None:
        """Send this token from now on."""
        self._client.headers["Authorization"] = f"Bearer {token}"

    async def call(
        self,
        method: str,
        path: str,
        *,
        patience: float = PATIENCE_SECONDS,
        prepare: Callable[[], dict[str, Any]] | None = None,
        **request: Any,
    ) -> Any:
        """The data of the answer. ``prepare`` makes what can be sent only once, anew for each try.

        Made again after errors of the transport and 503, for ``patience`` seconds and ever more slowly, and after 429
        when the service says: so it must be something that may happen twice. Raises Refused, and Failure.
        """
        started = time.monotonic()
        deadline = started + patience
        pause = _FIRST_PAUSE
        while True:
            more = prepare() if prepare is not None else {}
            try:
                return self._open(await self._client.request(method, path, **request, **more))
            except httpx.TransportError as error:
                trouble: Failure = explain(error, self.address)
                # A server that never answered is more likely not there than restarting.
                if not self._answered:
                    raise trouble from error
                wait, why = pause, "waiting_away"
            except Refused as refused:
                trouble = refused.as_failure()
                if refused.status == 429:
                    wait, why = refused.retry_after or _LONGEST_PAUSE, "waiting_limit"
                    if wait > _LONGEST_LIMIT_SECONDS:
                        raise
                    deadline = max(deadline, started + _LIMITED_SECONDS)
                elif refused.status in _BUSY:
                    wait, why = max(pause, refused.retry_after), "waiting_busy"
                else:
                    raise
            if time.monotonic() + wait > deadline:
                raise trouble
            if wait >= _TOLD_SECONDS:
                self._on_wait(why, wait)
            # Many clients that were sent away together shall not come back together.
            await asyncio.sleep(wait * random.uniform(1.0, 1.2))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stream(self, path: str, *, silence: float) -> Any:
        """A long answer as a context manager; ``silence`` is how long it may say nothing."""
        return self._client.stream(
            "GET", path, headers={"Accept": "text/event-stream"}, timeout=httpx.Timeout(silence, connect=10.0)
        )

    def _open(self, response: httpx.Response) -> Any:
        """What is in the envelope. Raises Refused for an error in one, Failure where there is none."""
        status = response.status_code
        if status in (301, 302, 303, 307, 308):
            raise Failure("server_moved", server=self.address.url, to=_moved_to(response))
        try:
            content = response.json()
            code, message, data = content["code"], content["message"], content["data"]
        except (ValueError, KeyError, TypeError):
            code = None
        if not isinstance(code, int):
            if status in _BUSY or (status >= 500 and self._answered):  # a proxy in front of a service that is away
                raise Refused(response, 0, "")
            raise Unreachable("not_aipic", server=self.address.url)
        self._answered = True
        if status >= 400 or code != 0:
            raise Refused(response, code, str(message))
        return data


def open_client(*, direct: bool, **options: Any) -> httpx.AsyncClient:
    """A client; ``direct``: without the environment's proxies, but with its certificates."""
    headers = {"User-Agent": f"aipic/{VERSION}", **options.pop("headers", {})}
    try:
        transport = httpx.AsyncHTTPTransport() if direct else None
        return httpx.AsyncClient(transport=transport, timeout=_TIMEOUT, headers=headers, **options)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # A proxy of a kind that is not supported, or one that is no address.
        raise Failure("proxy_setting", detail=error) from error
    except OSError as error:  # SSL_CERT_FILE names a file that is not there
        raise Failure("certificates_setting", detail=error) from error


def _moved_to(response: httpx.Response) -> str:
    """Where a redirect leads, without our route, as it would be written after ``--server``."""
    location = response.headers.get("Location", "")
    try:
        return str(response.url.join(location)).partition("/api/v1")[0]
    except httpx.InvalidURL:
        return str(location)
