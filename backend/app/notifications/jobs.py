"""Jobs of this domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.jobs.job import Job
from app.notifications.job_names import SEND_TEST
from app.notifications.mail import Mail
from app.notifications.rendering import render

if TYPE_CHECKING:
    from app.core.i18n import Lang
    from app.core.settings import Settings
    from app.notifications.delivery import Delivery


class NotificationJobs:
    """Mails that concern no account."""

    def __init__(self, settings: Settings, delivery: Delivery) -> None:
        self._settings = settings
        self._delivery = delivery

    def jobs(self) -> list[Job]:
        """For the registry."""
        return [Job(SEND_TEST, self.send_test)]

    async def send_test(self, recipient: str, lang: Lang, attempt: int = 1) -> None:
        """Mail an operator who wants to see whether mail works."""
        content = render(
            "test",
            lang,
            project=self._settings.PROJECT_NAME,
            domain=self._settings.DOMAIN,
            environment=self._settings.ENVIRONMENT,
        )
        await self._delivery.deliver(Mail(recipient, content), SEND_TEST, attempt, recipient=recipient, lang=lang)
