"""Object stores that speak S3: Amazon's own, MinIO, Alibaba OSS and others."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from obstore.store import S3Store

if TYPE_CHECKING:
    from app.core.settings import Settings


def open_object_store(settings: Settings) -> S3Store:
    """The store that the service itself reads and writes. Raises ValueError, naming the setting that is wrong."""
    return _open(settings, _endpoint(settings, "S3_ENDPOINT"))


def open_signing_store(settings: Settings) -> S3Store:
    """The same store under the name that browsers reach it by: a signature covers the host."""
    return _open(settings, public_origin(settings))


def public_origin(settings: Settings) -> str:
    """The address that links of the store begin with. Raises ValueError, naming the setting that is wrong."""
    return _endpoint(settings, "S3_PUBLIC_ENDPOINT" if settings.S3_PUBLIC_ENDPOINT else "S3_ENDPOINT")


def _open(settings: Settings, endpoint: str) -> S3Store:
    keys: dict[str, Any] = {}
    if settings.S3_ACCESS_KEY_ID.get_secret_value():  # without: the role of the machine
        keys = {
            "access_key_id": settings.S3_ACCESS_KEY_ID.get_secret_value(),
            "secret_access_key": settings.S3_SECRET_ACCESS_KEY.get_secret_value(),
        }
    return S3Store(
        settings.S3_BUCKET,
        endpoint=endpoint,
        region=settings.S3_REGION,
        virtual_hosted_style_request=settings.S3_VIRTUAL_HOSTED,
        # OSS and others do not take Amazon's bulk delete.
        disable_bulk_delete=True,
        client_options={"allow_http": endpoint.startswith("http:"), "connect_timeout": "3s", "timeout": "30s"},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        **keys,
    )


def _endpoint(settings: Settings, name: str) -> str:
    """The address with the bucket in it where the host carries it, as OSS demands."""
    if not settings.S3_BUCKET:
        raise ValueError("S3_BUCKET 没有设置 / is not set")
    given: str = getattr(settings, name) or f"https://s3.{settings.S3_REGION}.amazonaws.com"
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"{name} 要写成 https://主机 的形式 / must look like https://host")
    if settings.S3_VIRTUAL_HOSTED and not parts.netloc.startswith(f"{settings.S3_BUCKET}."):
        return f"{parts.scheme}://{settings.S3_BUCKET}.{parts.netloc}"
    return f"{parts.scheme}://{parts.netloc}"
