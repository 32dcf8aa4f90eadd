from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.settings import Settings
from tests.fake_engine import FakeEngine
from tests.hostile.service import Service


def service_settings(migrated: Settings, folder: Path, **changes: object) -> Settings:
    """Rates and limits out of the way: they have tests of their own."""
    values: dict[str, object] = {
        "MEDIA_ROOT": folder / "media",
        "REDIS_PREFIX": f"h{folder.name[-24:]}".lower(),
        "EMOJI_MAX_ACTIVE": 10_000,
        **{name: "1000000/minute" for name in Settings.model_fields if name.startswith("RATE_")},
    }
    return migrated.model_copy(update=values | changes)


@pytest.fixture(scope="module")
def service(migrated: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with a worker whose engine is quick."""
    with Service(service_settings(migrated, tmp_path_factory.mktemp("hostile")), FakeEngine()) as started:
        yield started
