from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.middleware.metrics import REQUESTS
from app.core.settings import Settings
from tests.fake_engine import FakeEngine
from tests.hostile.customers import Customer
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


@pytest.fixture(scope="module")
def owner(service: Service) -> Iterator[Customer]:
    """Somebody with points for thousands of stickers, a photo, and a finished sticker."""
    with Customer(service, "device-of-an-owner-0001", balance=1_000_000) as customer:
        yield customer.settle()


@pytest.fixture(scope="module")
def stranger(service: Service) -> Iterator[Customer]:
    """Somebody else, with the same."""
    with Customer(service, "device-of-a-stranger-01", balance=1_000_000) as customer:
        yield customer.settle()


@pytest.fixture(scope="module", autouse=True)
def no_failure_of_ours() -> Iterator[None]:
    """Whatever came in: none of it was answered with 5xx."""
    before = _failures()
    yield
    assert _failures() == before


def _failures() -> dict[tuple[str, str, str], float]:
    samples = [sample for metric in REQUESTS.collect() for sample in metric.samples if sample.name.endswith("_total")]
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for sample in samples
        if sample.labels["status"].startswith("5")
    }


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many requests were made from the OpenAPI."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind if hasattr(report, "when")]
    counts = [
        int(value)
        for report in reports
        if report.when == "teardown"
        for name, value in report.user_properties
        if name == "requests"
    ]
    if counts:
        terminalreporter.write_line(f"{sum(counts)} requests were made from the OpenAPI, over {len(counts)} routes.")
