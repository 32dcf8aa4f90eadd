"""All stickers of one photo ordered, followed and fetched side by side; and called off when the caller gives up."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.cli.failure import Failure
from app.cli.remote.fetching import LinkOver
from app.cli.remote.following import follow
from app.cli.remote.service import HURRY_SECONDS
from app.cli.remote.troubles import Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from app.cli.language import Lang
    from app.cli.remote.answers import RemoteTask, Result, Style
    from app.cli.remote.fetching import Fetcher
    from app.cli.remote.progress import Display
    from app.cli.remote.service import Service

_OURS: Final = {402001: "points_gone", 429010: "too_many_tasks", 422010: "not_offered"}
_MOST_AT_ONCE: Final = 16
_CALL_OFF_SECONDS: Final = 15.0


@dataclass(slots=True)
class Order:
    """One sticker: what is asked for, and what became of it. ``sent`` once the service may know of it."""

    style: Style
    target: Path
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent: bool = False
    task: RemoteTask | None = None
    size: int = 0
    poster: bytes | None = None
    error: Failure | None = None

    @property
    def result(self) -> Result | None:
        """The finished sticker, when its file is written."""
        return self.task.result if self.task is not None and self.size else None


class Ordering:
    """Orders of one photo at one service. ``format_name`` is what is fetched of each, and the still too with
    ``posters``."""

    def __init__(
        self,
        service: Service,
        fetcher: Fetcher,
        display: Display,
        *,
        photo_id: str,
        format_name: str,
        caption: str | None,
        caption_lang: Lang,
        at_once: int,
        posters: bool,
    ) -> None:
        self._service = service
        self._fetcher = fetcher
        self._display = display
        self._photo_id = photo_id
        self._format = format_name
        self._caption = caption
        self._caption_lang = caption_lang
        self._posters = posters
        self._places = asyncio.Semaphore(min(at_once, _MOST_AT_ONCE))

    async def make_all(self, orders: Sequence[Order]) -> None:
        """Make every order, or note in it why not. One that fails leaves the others alone."""
        working = [asyncio.create_task(self._make(index, order)) for index, order in enumerate(orders)]
        try:
            await asyncio.gather(*working)
        finally:
            for work in working:
                work.cancel()
            await asyncio.gather(*working, return_exceptions=True)

    async def call_off(self, orders: Sequence[Order]) -> tuple[int, int]:
        """Cancel what still waits; returns how many were cancelled, and how many go on at the service."""
        async with asyncio.timeout(_CALL_OFF_SECONDS):
            ends = await asyncio.gather(*(self._call_off(order) for order in orders if _is_open(order)))
        return ends.count(True), ends.count(False)

    async def _make(self, index: int, order: Order) -> None:
        async with self._places:
            try:
                await self._make_one(index, order)
            except Refused as refused:
                order.error = _why(refused)
            except Unreachable as error:
                order.error = Failure("lost_track", task=order.task.id) if order.task is not None else error
            except Failure as error:
                order.error = error
            self._display.ended()

    async def _make_one(self, index: int, order: Order) -> None:
        def changed(task: RemoteTask) -> None:
            order.task = task
            self._display.changed(index, order.style.name, task)

        order.sent = True
        changed(await self._create(order))
        assert order.task is not None
        if not order.task.ended:
            changed(await follow(self._service, order.task.id, changed))
        if order.task.status != "completed" or order.task.result is None:
            message = order.task.error
            raise Failure("service_says", message=message) if message else Failure(f"task_{order.task.status}")
        await self._fetch(order, order.task.result)

    async def _create(self, order: Order, *, hurry: bool = False) -> RemoteTask:
        return await self._service.create(
            self._photo_id,
            order.style.id,
            self._caption,
            key=order.key,
            lang=self._caption_lang,
            hurry=hurry,
        )

    async def _fetch(self, order: Order, result: Result) -> None:
        try:
            await self._save(order, result)
        except LinkOver:
            assert order.task is not None
            order.task = await self._service.read(order.task.id, patience=HURRY_SECONDS)
            if order.task.result is None:
                raise Failure("file_gone") from None
            try:
                await self._save(order, order.task.result)
            except LinkOver:
                raise Failure("file_gone") from None

    async def _save(self, order: Order, result: Result) -> None:
        link = result.links.get(self._format)
        if link is None:
            raise Failure("format_not_made", format=self._format, formats=", ".join(result.links))
        if self._posters and result.poster is not None:
            order.poster = await self._fetcher.fetch(result.poster)
        order.size = await self._fetcher.save(link, order.target, result.sizes.get(self._format))

    async def _call_off(self, order: Order) -> bool | None:
        """True: cancelled. False: it goes on. None: there was nothing to call off."""
        try:
            if order.task is None:
                # Whether the order arrived is not known; under its key the same one is answered, or made to be
                # cancelled at once.
                order.task = await self._create(order, hurry=True)
            await self._service.cancel(order.task.id)
        except Refused:
            return None if order.task is None else False
        except Failure:
            return False
        return True


def _is_open(order: Order) -> bool:
    return order.sent and order.error is None and (order.task is None or not order.task.ended)


def _why(refused: Refused) -> Failure:
    """What the service said no to, in our words where we have any: orders are made in the language of the stickers'
    words, which need not be the caller's."""
    if refused.code in _OURS:
        return Failure(_OURS[refused.code])
    if refused.status == 429:
        return Failure("rate_limited", seconds=round(refused.retry_after))
    if refused.status == 503:
        return Failure("service_busy")
    return refused.as_failure()
