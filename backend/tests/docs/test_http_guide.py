"""The HTTP guide's commands, run as they stand, against a real installation."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.installation import Installation

pytestmark = pytest.mark.long(18)

ROOT = Path(__file__).parents[3]
WORKER = ROOT / "backend" / "worker" / "emoji_worker.py"
PAGES = ("http.md", "http.zh-CN.md")
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def installation(server_folder: Path) -> Iterator[Installation]:
    with Installation(server_folder / "http-guide", ENGINE="local", EMOJI_FORMATS=["webp"]) as started:
        started.run("-m", "app.initial_data")
        started.start_backend()
        started.start_worker(program=WORKER)
        yield started


@pytest.mark.parametrize("page", PAGES)
def test_every_command_works(installation: Installation, tmp_path: Path, page: str) -> None:
    script = "".join(BLOCK.findall((ROOT / "docs" / "guides" / page).read_text("utf-8")))
    script = script.replace("http://localhost:8000", f"http://127.0.0.1:{installation.port}")
    script = script.replace("replace-me-with", f"{page}-replaced-by").replace("backend/tests", f"{ROOT}/backend/tests")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr + installation.log("worker")[-3000:]
    assert '"passed":true' in done.stdout
    assert '"status":"completed"' in done.stdout
    with Image.open(tmp_path / "wink.webp") as sticker:
        assert getattr(sticker, "is_animated", False)


def test_both_pages_have_the_same_commands() -> None:
    first, second = (BLOCK.findall((ROOT / "docs" / "guides" / page).read_text("utf-8")) for page in PAGES)
    assert first == second
