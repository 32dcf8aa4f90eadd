"""Jobs of signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from app.auth import codes, repository
from app.auth.job_names import REMOVE_CODES, SEND_CODE
from app.jobs.job import Job
from app.notifications.mail import Mail
from app.notifications.rendering import render

if TYPE_CHECKING:
    from app.core.database import Database
    from app.core.i18n import Lang
    from app.core.security import Keyring
    from app.core.settings import Settings
    from app.notifications.delivery import Delivery

logger = structlog.get_logger(__name__)


class AuthJobs:
    """Mails codes, and forgets those whose time is over."""

    def __init__(self, settings: Settings, database: Database, keyring: Keyring, delivery: Delivery) -> None:
        self._project = settings.PROJECT_NAME
        self._database = database
        self._keyring = keyring
        self._delivery = delivery

    def jobs(self) -> list[Job]:
        """For the registry."""
        return [Job(SEND_CODE, self.send_code), Job(REMOVE_CODES, self.remove_codes, cron="41 3 * * *")]

    async def send_code(self, code_id: str, lang: Lang, attempt: int = 1) -> None:
        """Mail a code, unless it was used or replaced by now, or is too old."""
        row = UUID(code_id)
        async with self._database.read() as session:
            email = await repository.get_address_or_none(session, row)
        if email is None:
            logger.info("code_not_sent", attempt=attempt)
            return
        code = codes.derive(self._keyring, row, email)
        minutes = int(codes.LASTS.total_seconds() // 60)
        content = render("code", lang, project=self._project, code=code, minutes=minutes)
        await self._delivery.deliver(Mail(email, content), SEND_CODE, attempt, code_id=code_id, lang=lang)

    async def remove_codes(self) -> None:
        """Forget codes whose time is over, once a day."""
        async with self._database.transaction() as session:
            count = await repository.delete_expired_codes(session)
        logger.info("codes_removed", count=count)
