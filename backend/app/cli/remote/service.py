"""What we ask of a service, one method a question."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from app.cli.remote.answers import (
    Catalogue,
    RemoteTask,
    SignedIn,
    Verdict,
    read_catalogue,
    read_signed_in,
    read_task,
    read_verdict,
)
from app.cli.remote.connection import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.cli.language import Lang
    from app.cli.remote.connection import Connection

HURRY_SECONDS: Final = 5.0
"""Patience of somebody who wants to leave."""


class Service:
    """A service behind a connection. Methods raise Refused and Failure."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._server = connection.address.url

    async def catalogue(self, lang: Lang | None = None) -> Catalogue:
        """What is on offer; in another language when one is given."""
        headers = {"Accept-Language": lang} if lang else {}
        return read_catalogue(await self.connection.call("GET", "/config", headers=headers), self._server)

    async def sign_in(self, device_id: str) -> SignedIn:
        """Sign in; the token goes with every request from now on."""
        data = await self.connection.call("POST", "/auth/login", json={"device_id": device_id})
        signed_in = read_signed_in(data, self._server)
        self.connection.sign(signed_in.token)
        return signed_in

    async def balance(self) -> int | None:
        """Points that are left."""
        data = await self.connection.call("GET", "/points/balance")
        balance = data.get("balance") if isinstance(data, dict) else None
        return balance if isinstance(balance, int) else None

    async def upload(self, photo: bytes, on_sent: Callable[[int], None]) -> Verdict:
        """Upload a photo and hear whether it can be used. ``on_sent`` is told how many bytes have gone."""

        def prepare() -> dict[str, Any]:
            # Neither name nor type: the service looks at the content, and names of photos are nobody's business.
            return {"files": {"file": ("photo", _Counted(photo, on_sent), "application/octet-stream")}}

        return read_verdict(await self.connection.call("POST", "/emoji/detect", prepare=prepare), self._server)

    async def create(
        self, photo_id: str, style_id: str, caption: str | None, *, key: str, lang: Lang, hurry: bool = False
    ) -> RemoteTask:
        """Order a sticker, with the words in ``lang``. However often it is asked under one key, there is one task."""
        body: dict[str, Any] = {"photo_id": photo_id, "driven_id": style_id}
        if caption is not None:
            body["caption"] = caption
        headers = {"Idempotency-Key": key, "Accept-Language": lang}
        patience = HURRY_SECONDS if hurry else PATIENCE_SECONDS
        data = await self.connection.call("POST", "/emoji/create", json=body, headers=headers, patience=patience)
        return read_task(data, self._server)

    async def read(self, task_id: str, *, patience: float) -> RemoteTask:
        """How far a task is."""
        data = await self.connection.call("GET", f"/emoji/task/{task_id}", patience=patience)
        return read_task(data, self._server)

    async def cancel(self, task_id: str) -> None:
        """Cancel a task that still waits; Refused when it does not."""
        await self.connection.call("POST", f"/emoji/task/{task_id}/cancel", patience=HURRY_SECONDS)

    def task_of_event(self, data: Any) -> RemoteTask:
        """The task that an event tells of."""
        return read_task(data, self._server)


class _Counted(io.BytesIO):
    """Tells how much of it was read."""

    def __init__(self, content: bytes, on_read: Callable[[int], None]) -> None:
        super().__init__(content)
        self._on_read = on_read

    def read(self, size: int | None = -1, /) -> bytes:
        """Called for each piece that is sent."""
        piece = super().read(size)
        self._on_read(self.tell())
        return piece
