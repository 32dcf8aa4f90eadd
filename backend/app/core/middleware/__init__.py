"""What stands between the server and the routes, as pure ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.cors import CORSMiddleware

from app.core.middleware.client_address import ClientAddress
from app.core.middleware.edge import Edge
from app.core.middleware.gate import Gate

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.core.security import Keyring
    from app.core.settings import Settings

__all__ = ["install_middleware"]


def install_middleware(app: FastAPI, settings: Settings, keyring: Keyring) -> None:
    """Put the layers around ``app``; ``keyring`` tells whose token an upload brings.

    The server must not read forwarding headers itself (uvicorn's ``proxy_headers`` off): TRUSTED_PROXIES decides.
    """
    app.add_middleware(Gate, authenticate=keyring.read_token)
    app.add_middleware(Edge, addresses=ClientAddress(settings.TRUSTED_PROXIES))
    if settings.BACKEND_CORS_ORIGINS:
        # Outside of the others, so that refusals too can be read by the page that caused them.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.BACKEND_CORS_ORIGINS,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After", "ETag"],
            max_age=600,
        )
