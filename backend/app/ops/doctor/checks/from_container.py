"""Runs a probe of :mod:`app.ops.doctor.wire` inside a container, where `localhost` and `pg_hba` look different."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any, Final

from app.ops.doctor.rendered import extra_hosts

if TYPE_CHECKING:
    from types import ModuleType

    from app.ops.doctor.setup import Setup

_LIMIT_SECONDS: Final = 15.0
_PROGRAM: Final = (
    "import sys,json;given=json.load(sys.stdin);space={'__name__':'probe'};exec(given['source'],space);"
    "print(json.dumps(space['probe'](**given['with'])))"
)


def probe_from_container(setup: Setup, module: ModuleType, values: dict[str, Any]) -> dict[str, Any] | None:
    """What the probe found in there; None where there is no image to run it in. Nothing is fetched, nothing stays."""
    image = setup.rendered.image("backend")
    if not image or setup.docker.image(image) is None:
        return None
    network = _network(setup)
    hosts = extra_hosts(setup.rendered.services["backend"])
    words = ["run", "--rm", "-i", "--pull", "never", "--read-only", "--cap-drop", "ALL", "--entrypoint", "python"]
    words += ["--network", network] if network else []
    for name, address in hosts.items():
        words += ["--add-host", f"{name}:{address}"]
    # The password goes in by standard input, where no list of processes shows it.
    given = json.dumps({"source": inspect.getsource(module), "with": values})
    answer = setup.docker.ask(*words, image, "-I", "-c", _PROGRAM, limit=_LIMIT_SECONDS, given=given)
    rows = answer.rows() if answer.good else []
    return rows[-1] if rows else None


def _network(setup: Setup) -> str:
    """The project's own, if it is there: servers outside see its addresses."""
    networks = (setup.rendered.config or {}).get("networks") or {}
    name = str((networks.get("default") or {}).get("name") or f"{setup.rendered.project}_default")
    return name if setup.docker.ask("network", "inspect", name).good else ""
