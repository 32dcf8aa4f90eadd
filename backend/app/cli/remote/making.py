"""``make --server``: the whole way over HTTP, with the same wishes, files and exit codes as on this machine."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.cli.failure import USAGE, Failure, tell
from app.cli.options import FIRST, split_names
from app.cli.remote.address import read_address
from app.cli.remote.answers import FORMATS
from app.cli.remote.connection import Connection
from app.cli.remote.device import device_id
from app.cli.remote.fetching import Fetcher
from app.cli.remote.ordering import Order, Ordering
from app.cli.remote.outcome import tell_orders, tell_verdict
from app.cli.remote.progress import Display
from app.cli.remote.service import Service
from app.cli.remote.styles import choose_styles
from app.cli.remote.troubles import Refused
from app.cli.sizes import human_bytes
from app.cli.targets import choose_targets, spare_photo, written_path
from app.cli.texts import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cli.language import Lang
    from app.cli.remote.address import Address
    from app.cli.remote.answers import Catalogue, SignedIn, Style
    from app.cli.targets import Targets


_MOST_READ: Final = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller wrote. ``caption_lang`` is the language of words that a template brings along."""

    photo: str
    templates: Sequence[str]
    output: str | None
    format_name: str | None
    caption: str | None
    lang: Lang
    caption_lang: Lang


def make_there(server: str, wishes: Wishes) -> int:
    """Have the stickers made by a service; returns the exit code. Raises Failure and KeyboardInterrupt."""
    address = read_address(server)
    split_names(wishes.templates)  # for what is wrong with it
    photo = _read_photo(wishes.photo)
    try:
        return asyncio.run(_make(address, photo, wishes))
    except Refused as refused:
        raise refused.as_failure() from refused


async def _make(address: Address, photo: bytes, wishes: Wishes) -> int:
    started = time.perf_counter()
    orders: list[Order] = []
    targets = left = None
    with Display(wishes.lang) as display:
        async with Connection(address, wishes.lang, display.waiting) as connection, Fetcher() as fetcher:
            service = Service(connection)
            catalogue, styles = await _choose(service, photo, wishes)
            account = await service.sign_in(device_id(address.name))
            await _check_points(service, account, catalogue, len(styles))
            verdict = await service.upload(photo, lambda sent: display.uploading(sent, len(photo)))
            if verdict.passed:
                targets = _targets(wishes, styles, make=True)
                spare_photo(written_path(wishes.photo), *targets.stickers, targets.sheet)
                orders = [Order(style, file) for style, file in zip(styles, targets.stickers, strict=True)]
                ordering = Ordering(
                    service,
                    fetcher,
                    display,
                    photo_id=verdict.photo_id,
                    format_name=targets.format,
                    caption=wishes.caption,
                    caption_lang=wishes.caption_lang,
                    at_once=catalogue.active_tasks,
                    posters=targets.sheet is not None,
                )
                await _order(ordering, orders, display, wishes.lang)
                left = await _points_left(service)
    tell_verdict(verdict, wishes.lang)
    if targets is None:
        return USAGE
    return tell_orders(orders, targets.sheet, time.perf_counter() - started, left, wishes.lang)


async def _choose(service: Service, photo: bytes, wishes: Wishes) -> tuple[Catalogue, list[Style]]:
    """What is to be made; everything that can be wrong with it is told before anything is sent."""
    catalogue = await service.catalogue()
    styles = await choose_styles(service, catalogue, split_names(wishes.templates), FIRST, wishes.lang)
    wanted = _targets(wishes, styles, make=False).format
    if wanted not in catalogue.formats:
        offered = [name for name in FORMATS if name in catalogue.formats]
        raise Failure("format_not_made", format=wanted, formats=", ".join(offered))
    if len(photo) > catalogue.upload_bytes:
        raise Failure("photo_large", most=human_bytes(catalogue.upload_bytes), size=human_bytes(len(photo)))
    return catalogue, styles


async def _order(ordering: Ordering, orders: Sequence[Order], display: Display, lang: Lang) -> None:
    """Have all made. When the caller gives up, nobody waits for them: what has not begun shall cost nothing then."""
    display.uploaded(len(orders))
    try:
        await ordering.make_all(orders)
    except asyncio.CancelledError:
        try:
            cancelled, going_on = await ordering.call_off(orders)
        except TimeoutError:
            tell(text(lang, "call_off_failed"))
            raise asyncio.CancelledError from None
        if cancelled:
            tell(text(lang, "called_off", count=cancelled))
        if going_on:
            tell(text(lang, "going_on", count=going_on))
        raise


def _read_photo(path: str) -> bytes:
    """Its content, but no more than any service takes: somebody may have named a film."""
    try:
        with written_path(path).open("rb") as file:
            content = file.read(_MOST_READ)
    except FileNotFoundError:
        raise Failure("photo_missing", path=path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Failure("photo_unreadable", path=path, detail=getattr(error, "strerror", None) or error) from None
    if not content:
        raise Failure("photo_empty", path=path)
    return content


def _targets(wishes: Wishes, styles: Sequence[Style], *, make: bool) -> Targets:
    ids = [style.id for style in styles]
    return choose_targets(Path(wishes.photo), ids, wishes.output, wishes.format_name, make=make)


async def _check_points(service: Service, account: SignedIn, catalogue: Catalogue, count: int) -> None:
    """All or none: who asked for twelve stickers does not want the points spent on the first three."""
    balance = await service.balance()
    needed = catalogue.cost * count
    if balance is None or balance >= needed:
        return
    possible = balance // catalogue.cost
    code = "points_short" if possible else "points_none"
    raise Failure(
        code, needed=needed, balance=balance, possible=possible, user=account.user_id, missing=needed - balance
    )


async def _points_left(service: Service) -> int | None:
    """Worth a line, but not a failure once the stickers are there."""
    try:
        return await service.balance()
    except (Refused, Failure):
        return None
