"""Where else than on this machine's own address a server lets anybody in."""

from __future__ import annotations

from dataclasses import dataclass

from app.ops.embedded.ports import LOOPBACK

EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True)
class Doors:
    """Further addresses to listen on, and the networks whose members may sign in there. None of either by default."""

    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    @property
    def listening(self) -> tuple[str, ...]:
        """All addresses; the one that stands for every address tolerates no other beside it."""
        if EVERYWHERE in self.addresses:
            return (EVERYWHERE,)
        return tuple(dict.fromkeys((LOOPBACK, *self.addresses)))


CLOSED = Doors()
