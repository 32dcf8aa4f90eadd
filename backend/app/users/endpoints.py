"""Routes for operators. They lie here since this is the lowest domain that knows who an operator is."""

from __future__ import annotations

from fastapi import APIRouter

from app.core.answers import failing
from app.core.http import LangDep, SettingsDep
from app.core.schemas import Envelope
from app.jobs.dependencies import QueueDep
from app.notifications.exceptions import MailUnavailable
from app.notifications.job_names import SEND_TEST
from app.notifications.senders import sender_name
from app.users.dependencies import Superuser
from app.users.schemas import TestMailCreate, TestMailRead

router = APIRouter(prefix="/utils", tags=["utils"])


@router.post("/test-email", status_code=202, responses={403: failing("The caller is no operator")})
async def send_test_email(
    user: Superuser, queue: QueueDep, settings: SettingsDep, lang: LangDep, request: TestMailCreate
) -> Envelope[TestMailRead]:
    """Send a test mail, to see whether mail works. Operators only."""
    sender = sender_name(settings)
    if not await queue.enqueue(SEND_TEST, recipient=request.email, lang=lang):
        raise MailUnavailable
    return Envelope(data=TestMailRead(sender=sender))
