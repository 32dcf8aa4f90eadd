from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.auth.codes import LASTS
from app.jobs.job import JobName, Lane
from app.notifications.delivery import BACKOFF_SECONDS, Delivery
from app.notifications.exceptions import MailFailed, MailNotConfigured, MailUnavailable
from app.notifications.mail import Mail

pytestmark = pytest.mark.anyio

JOB = JobName("test.mail", Lane.INTERACTIVE)


class ScriptedSender:
    def __init__(self, outcome: Exception | None) -> None:
        self.outcome = outcome

    async def send(self, mail: Mail) -> None:
        if self.outcome is not None:
            raise self.outcome


class Recorder:
    """Stands for the queue: what would be put in, and when."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes
        self.jobs: list[tuple[JobName, timedelta | None, dict[str, Any]]] = []

    async def enqueue(self, job: JobName, *, delay: timedelta | None = None, **arguments: Any) -> bool:
        self.jobs.append((job, delay, arguments))
        return self.takes


async def deliver(outcome: Exception | None, recorder: Recorder, mail: Mail, attempt: int = 1) -> list[Any]:
    with capture_logs() as logs:
        delivery = Delivery(ScriptedSender(outcome), recorder)  # type: ignore[arg-type]
        await delivery.deliver(mail, JOB, attempt, code_id="7")
    assert mail.recipient not in str(logs)
    return [entry["event"] for entry in logs]


async def test_a_mail_that_went_out_is_done(mail: Mail) -> None:
    recorder = Recorder()
    assert await deliver(None, recorder, mail) == ["mail_sent"]
    assert recorder.jobs == []


async def test_what_may_pass_is_tried_again_later_and_later(mail: Mail) -> None:
    failure = MailFailed("greylisted", retryable=True)
    for attempt, seconds in enumerate(BACKOFF_SECONDS, start=1):
        recorder = Recorder()
        assert await deliver(failure, recorder, mail, attempt) == ["mail_put_off"]
        assert recorder.jobs == [(JOB, timedelta(seconds=seconds), {"code_id": "7", "attempt": attempt + 1})]


async def test_one_day_it_is_enough(mail: Mail) -> None:
    recorder = Recorder()
    last = len(BACKOFF_SECONDS) + 1
    assert await deliver(MailFailed("greylisted", retryable=True), recorder, mail, last) == ["mail_given_up"]
    assert recorder.jobs == []


def test_all_attempts_lie_within_the_life_of_a_code() -> None:
    assert timedelta(seconds=sum(BACKOFF_SECONDS)) < LASTS


async def test_what_will_not_pass_is_not_tried_again(mail: Mail) -> None:
    recorder = Recorder()
    assert await deliver(MailFailed("unknown", retryable=False), recorder, mail) == ["mail_given_up"]
    assert recorder.jobs == []


async def test_settings_that_lost_their_server_are_told(mail: Mail) -> None:
    assert await deliver(MailNotConfigured(), Recorder(), mail) == ["mail_not_configured"]


async def test_a_queue_that_is_down_fails_the_job(mail: Mail) -> None:
    with pytest.raises(MailUnavailable):
        await deliver(MailFailed("greylisted", retryable=True), Recorder(takes=False), mail)
