"""The backend: `app.main:app` for a server, `create_app` for tests."""

from __future__ import annotations

from app.core import prometheus_directory  # noqa: F401  isort: skip - must come before anything that measures

import gc
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.api import build_api
from app.core.database import Database
from app.core.flat_routes import add_flat
from app.core.handlers import install_handlers
from app.core.logging import configure_logging
from app.core.middleware import install_middleware
from app.core.ratelimit import Limiter
from app.core.redis import connect_redis
from app.core.security import Keyring
from app.core.settings import Settings, load_settings
from app.core.signals import Signals
from app.core.version import VERSION
from app.jobs.queue import Queue
from app.media.storage import Storage
from app.ops.metrics import metrics_server
from app.ops.sentry import start_sentry
from app.studio.page import install_page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def create_app(settings: Settings) -> FastAPI:
    """The application over ``settings``. Connections open in its lifespan, in the process that serves."""

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            state = application.state
            state.database = Database(settings)
            stack.push_async_callback(state.database.close)
            state.redis = connect_redis(settings)
            stack.push_async_callback(state.redis.aclose)
            state.signals = Signals(state.redis, settings.REDIS_PREFIX)
            stack.push_async_callback(state.signals.close)
            state.queue = Queue(settings)
            await state.queue.open()
            stack.push_async_callback(state.queue.close)
            state.storage = Storage.from_settings(settings)
            stack.push_async_callback(state.storage.close)
            state.limiter = Limiter(settings, state.redis)
            await stack.enter_async_context(metrics_server(settings, state.database, state.queue))
            yield

    application = FastAPI(
        title=settings.PROJECT_NAME,
        version=VERSION,
        summary="One portrait photo in, moving stickers out.",
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url="/docs",
        redoc_url=None,
        # A redirect would send the caller's token on to whatever the Host header says, and to http behind a proxy.
        redirect_slashes=False,
        # Its look around for each request, whether anybody wants to trace, costs more than our own measures do.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    application.state.settings = settings
    application.state.keyring = Keyring(settings)
    install_handlers(application)
    install_middleware(application, settings, application.state.keyring)
    add_flat(application, build_api())
    install_page(application)
    return application


def serve() -> FastAPI:
    """The application of a server process."""
    settings = load_settings()
    configure_logging(settings, process="backend")
    start_sentry(settings, process="backend")
    application = create_app(settings)
    # What is there now stays for ever. Looking through all of it again and again would hold up requests for 50 ms each.
    gc.collect()
    gc.freeze()
    return application


def __getattr__(name: str) -> FastAPI:
    """``app`` is made when a server asks for it, so that importing this module reads no settings."""
    if name == "app":
        return serve()
    raise AttributeError(name)
