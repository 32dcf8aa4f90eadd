"""The guides' commands, run as they stand against the running stack; only the ports are this one's."""

from __future__ import annotations

import re

import pytest

from tests.docker.stack import Stack
from tests.docs.docker_blocks import Block, complaint, runnable_blocks

USUAL = {8000: "BACKEND_PORT", 8080: "ADMINER_PORT", 8090: "PROXY_UI_PORT", 1080: "MAILCATCHER_PORT"}


@pytest.mark.parametrize("block", runnable_blocks(), ids=lambda block: block.name)
def test_does_what_its_page_says(stack: Stack, block: Block) -> None:
    script = re.sub(r"(?<=http://localhost:)\d+", lambda port: str(stack.ports[USUAL[int(port[0])]]), block.text)
    done = stack.run("bash", "-euo", "pipefail", "-c", script, check=False, timeout=120)
    assert complaint(block, done.returncode, done.stdout + done.stderr) == ""
