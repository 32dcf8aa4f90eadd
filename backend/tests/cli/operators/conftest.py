"""The operators' commands as processes' main function, over the test's own database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import anyio
import pytest

from app.cli.operators import installation

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.database import Database
    from app.core.settings import Settings
    from tests.cli.conftest import Said


class Operate(Protocol):
    async def __call__(self, *arguments: object) -> Said: ...


@pytest.fixture
def operate(
    shell: Callable[..., Said], settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Operate:
    """Run a command in a thread of its own, where it has an event loop of its own, as it does in a shell."""
    monkeypatch.setattr(installation, "find_settings", lambda: settings)

    async def run(*arguments: object) -> Said:
        return await anyio.to_thread.run_sync(lambda: shell(*map(str, arguments)))

    return run
