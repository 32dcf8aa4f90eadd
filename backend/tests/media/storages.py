"""Storages for tests: a local folder, and the S3 client on the fake server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.settings import Settings
from tests.media.fake_s3 import ACCESS_KEY, BUCKET, REGION, SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.media.fake_s3 import FakeS3


def make_settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **{"SECRET_KEY": "k" * 40, **values})


def local_settings(folder: Path, **values: Any) -> Settings:
    return make_settings(STORAGE_BACKEND="local", MEDIA_ROOT=folder, **values)


def s3_settings(server: FakeS3, **values: Any) -> Settings:
    given: dict[str, Any] = {
        "STORAGE_BACKEND": "s3",
        "S3_ENDPOINT": server.endpoint,
        "S3_BUCKET": BUCKET,
        "S3_REGION": REGION,
        "S3_ACCESS_KEY_ID": ACCESS_KEY,
        "S3_SECRET_ACCESS_KEY": SECRET,
    }
    return make_settings(**{**given, **values})
