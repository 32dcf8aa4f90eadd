"""Putting a worker together: connections, engine, jobs, sweeper; and taking it apart again."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from app.auth.jobs import AuthJobs
from app.core.database import Database
from app.core.logging import configure_logging
from app.core.redis import connect_redis
from app.core.security import Keyring
from app.core.signals import Signals
from app.emoji.tasks import repository as tasks
from app.emoji.tasks.jobs import EmojiTaskJobs
from app.emoji.tasks.running import StickerMaker
from app.emoji.tasks.sweeper import Sweeper
from app.engines.local_engine import LocalOptions
from app.jobs.job import Lane
from app.jobs.queue import Queue
from app.jobs.worker import JobWorker
from app.media.jobs import MediaJobs
from app.media.scratch import sweep_scratch
from app.media.storage import Storage
from app.notifications.delivery import Delivery
from app.notifications.jobs import NotificationJobs
from app.notifications.senders import make_sender
from app.ops.metrics import metrics_server
from app.ops.pulse import Pulse
from app.ops.sentry import start_sentry
from app.users.jobs import UserJobs

if TYPE_CHECKING:
    from app.core.settings import Settings
    from app.engines.base import Engine

_SCRATCH_AGE: Final = timedelta(hours=6)
"""More than any work takes."""
logger = structlog.get_logger(__name__)


def render_count(settings: Settings) -> int:
    """How many renders run at once: as many as there are cores for us, unless it is set."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return settings.WORKER_RENDERS or cores or 1


def engine_options(settings: Settings) -> LocalOptions:
    """What the settings say of the local engine."""
    return LocalOptions(
        render_processes=render_count(settings),
        memory_limit_bytes=settings.ENGINE_MEMORY_MB * 1024 * 1024,
        generate_seconds=settings.RENDER_TIMEOUT_SECONDS,
    )


async def run_worker(settings: Settings, engine: Engine) -> None:
    """Work until SIGTERM or SIGINT, then finish what is under way within the grace."""
    configure_logging(settings, process="worker")
    start_sentry(settings, process="worker")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(settings, engine, stop)


async def work(settings: Settings, engine: Engine, stop: asyncio.Event) -> None:
    """Run every job until ``stop`` is set."""
    async with AsyncExitStack() as stack:
        database = Database(settings, name="worker")
        stack.push_async_callback(database.close)
        redis = connect_redis(settings)
        stack.push_async_callback(redis.aclose)
        signals = Signals(redis, settings.REDIS_PREFIX)
        stack.push_async_callback(signals.close)
        queue = Queue(settings)
        await queue.open()
        stack.push_async_callback(queue.close)
        await asyncio.to_thread(sweep_scratch, _SCRATCH_AGE)
        storage = Storage.from_settings(settings)
        stack.push_async_callback(storage.close)
        await engine.start()
        stack.push_async_callback(engine.close)
        await stack.enter_async_context(metrics_server(settings, database, queue, port=settings.WORKER_METRICS_PORT))
        maker = StickerMaker(settings, database, storage, engine)
        delivery = Delivery(make_sender(settings), queue)
        jobs = [
            *EmojiTaskJobs(settings, database, queue, signals, maker).jobs(),
            *MediaJobs(
                settings,
                database,
                storage,
                engine,
                signals,
                photo_in_use=tasks.photo_in_use,
                result_prefixes=tasks.list_result_prefixes,
            ).jobs(),
            *UserJobs(database, queue).jobs(),
            *AuthJobs(settings, database, Keyring(settings), delivery).jobs(),
            *NotificationJobs(settings, delivery).jobs(),
        ]
        loops = [Sweeper(settings, database, queue, signals).loop]
        if settings.WORKER_PULSE_FILE is not None:
            pulse = Pulse(settings.WORKER_PULSE_FILE, queue, redis, settings.REDIS_PREFIX)
            jobs += pulse.jobs()
            loops.append(pulse.loop)
        worker = JobWorker(
            queue,
            jobs,
            loops,
            concurrency={Lane.INTERACTIVE: settings.WORKER_INTERACTIVE, Lane.RENDER: render_count(settings)},
            grace_seconds=settings.WORKER_GRACE_SECONDS,
        )
        logger.info("worker_started", renders=render_count(settings), engine=engine.name)
        await worker.run(stop)
        logger.info("worker_stopped")
