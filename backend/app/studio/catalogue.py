"""The catalogue as JSON, ready to be sent: an app that starts costs no SQL and no encoding, and mostly one 304."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from app.core.schemas import Envelope
from app.core.version import VERSION
from app.emoji.tasks.models import CAPTION_LENGTH
from app.emoji.templates import repository as templates
from app.media.headers import MAX_PIXELS, MIN_SIDE, Kind
from app.media.receiving import MAX_BYTES
from app.studio.conditions import strong_etag
from app.studio.schemas import ConfigRead, Limits, PointsRules, StickerRules, StyleRead, TabRead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.database import Database
    from app.core.i18n import Lang
    from app.core.settings import Settings
    from app.emoji.templates.models import EmojiTemplate
    from app.studio.assets import Assets

CAPTION_WIDTH: Final = 24
"""What the local engine sets on a sticker; a test holds it to that, since this process cannot ask."""
_FRESH_SECONDS: Final = 15.0
_MOST_DOCUMENTS: Final = 32
"""Two languages under the few names that a service has; the name comes from the caller, so there is a bound."""


@dataclass(frozen=True, slots=True)
class Document:
    """The answer's body and its entity tag."""

    body: bytes
    etag: str


class Catalogue:
    """What is on offer. Looks into the database at most once in a while, however many ask."""

    def __init__(self, settings: Settings, assets: Assets) -> None:
        self._settings = settings
        self._assets = assets
        self._rows: Sequence[EmojiTemplate] = ()
        self._fresh_until = 0.0
        self._documents: dict[tuple[Lang, str], Document] = {}
        self._looking = asyncio.Lock()

    async def read(self, database: Database, lang: Lang, base: str) -> Document:
        """The catalogue in a language, with links under ``base``."""
        if time.monotonic() >= self._fresh_until:
            async with self._looking:
                if time.monotonic() >= self._fresh_until:
                    await self._look(database)
        document = self._documents.get((lang, base))
        if document is None:
            body = Envelope(data=self._config(lang, base)).model_dump_json().encode()
            document = Document(body, strong_etag(body))
            if len(self._documents) >= _MOST_DOCUMENTS:
                self._documents.clear()
            self._documents[lang, base] = document
        return document

    async def _look(self, database: Database) -> None:
        async with database.read() as session:
            rows = await templates.list_offered(session)
        self._rows = [row for row in rows if row.engine == self._settings.ENGINE]
        self._documents.clear()
        self._fresh_until = time.monotonic() + _FRESH_SECONDS

    def _config(self, lang: Lang, base: str) -> ConfigRead:
        settings = self._settings
        return ConfigRead(
            version=VERSION,
            language=lang,
            tabs=_tabs(self._rows, lang),
            styles=[self._style(row, lang, base) for row in self._rows],
            points=PointsRules(welcome=settings.WELCOME_POINTS, emoji_cost=settings.EMOJI_COST),
            sticker=StickerRules(formats=settings.EMOJI_FORMATS, size=settings.EMOJI_SIZE),
            limits=Limits(
                upload_bytes=MAX_BYTES,
                upload_types=[f"image/{kind}" for kind in get_args(Kind)],
                upload_min_side=MIN_SIDE,
                upload_max_pixels=MAX_PIXELS,
                caption_length=CAPTION_LENGTH,
                caption_width=CAPTION_WIDTH,
                active_tasks=settings.EMOJI_MAX_ACTIVE,
                photo_retention_days=settings.PHOTO_RETENTION_DAYS,
                link_hours=settings.LINK_HOURS,
            ),
        )

    def _style(self, row: EmojiTemplate, lang: Lang, base: str) -> StyleRead:
        preview = self._assets.preview_path_or_none(row.driven_id)
        poster = self._assets.preview_path_or_none(row.driven_id, still=True)
        return StyleRead(
            driven_id=row.driven_id,
            name=row.name[lang],
            category=row.category["id"],
            duration_ms=row.duration_ms,
            caption=row.caption[lang],
            preview_url=base + preview if preview else None,
            poster_url=base + poster if poster else None,
        )


def _tabs(rows: Sequence[EmojiTemplate], lang: Lang) -> list[TabRead]:
    """The shelves in the order in which the templates come to them."""
    shelves: dict[str, TabRead] = {}
    for row in rows:
        shelf: str = row.category["id"]
        shelves.setdefault(shelf, TabRead(id=shelf, name=row.category[lang]))
    return list(shelves.values())
