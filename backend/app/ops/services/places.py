"""Where the background servers keep what is theirs, and what one start of them has decided."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from app.ops.embedded import Doors
from app.ops.up.configuration import Places

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ServicePlaces(Places):
    """The data is that of ``./aipic up``, so that nothing is lost between the two; the servers' locks keep them apart.

    Lock, state and logs are their own: ``./aipic up`` runs beside them, with these servers as outside ones.
    """

    @property
    def folder(self) -> Path:
        """All but the data."""
        return self.data / "services"

    @property
    def run(self) -> Path:
        """See :class:`app.ops.up.state.RunFolder`."""
        return self.folder / "run"

    @property
    def logs(self) -> Path:
        """One file for each server, and ``services.log`` of what watches over them."""
        return self.folder / "logs"

    @property
    def plan(self) -> Path:
        """The plan of the last start, which also remembers the ports."""
        return self.folder / "plan.json"

    @property
    def dotenv(self) -> Path:
        """What containers are told."""
        return self.root / ".env"


@dataclass(frozen=True)
class Plan:
    """Ports and doors of one start."""

    postgres_port: int
    redis_port: int
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    @property
    def doors(self) -> Doors:
        """The same for a server."""
        return Doors(self.addresses, self.networks)


def read_plan(path: Path) -> Plan | None:
    """The last plan; None when there is none that can be read."""
    try:
        known = json.loads(path.read_text("utf-8"))
        addresses, networks = (tuple(str(one) for one in known[name]) for name in ("addresses", "networks"))
        return Plan(int(known["postgres_port"]), int(known["redis_port"]), addresses, networks)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_plan(path: Path, plan: Plan) -> None:
    """Replace it; nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(plan), file)
    os.replace(name, path)  # noqa: PTH105
