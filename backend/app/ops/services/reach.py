"""On which addresses containers find this machine.

On Linux ``host.docker.internal`` (``host-gateway``) is the address of the default bridge. Docker Desktop, OrbStack and
Colima on macOS carry what goes there to the Mac's own loopback address, so that nothing more has to be opened.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Final

from app.ops.embedded import Doors
from app.ops.embedded.doors import CLOSED
from app.ops.embedded.ports import answers, is_free
from app.ops.services.failure import ServicesFailure
from app.ops.services.texts import text

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTING: Final = "SERVICES_BIND"
_DOCKER_S_NETWORKS: Final = ("172.16.0.0/12", "192.168.0.0/16")
# Whatever this machine has an interface in: also Compose networks of an Engine with address pools of its own.
_NEIGHBOURS: Final = "samenet"
_PATIENCE: Final = 15.0
_TRIES: Final = 200


@dataclass(frozen=True)
class Reach:
    """The doors to open; ``remark`` is what a person should know about them."""

    doors: Doors
    remark: str = ""


def find_reach(chosen: str, platform: str = sys.platform) -> Reach:
    """What ``SERVICES_BIND`` says, or else what the platform needs."""
    if chosen:
        return Reach(_doors(tuple(map(_own_address, chosen.replace(",", " ").split()))))
    if platform != "linux":
        return Reach(CLOSED)
    try:
        done = subprocess.run(
            ["docker", "network", "inspect", "bridge"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
    except FileNotFoundError:
        return Reach(CLOSED, text("docker.absent"))
    except (subprocess.SubprocessError, OSError):
        return Reach(CLOSED, text("docker.silent"))
    gateway, subnet = _bridge(done.stdout)
    if gateway is None or not is_free(0, str(gateway)):
        # Docker Desktop and rootless Docker keep their bridge in a machine of its own.
        return Reach(CLOSED, text("docker.elsewhere", setting=SETTING))
    return Reach(_doors((str(gateway),), subnet))


def _bridge(told: str) -> tuple[IPv4Address | None, IPv4Network | None]:
    try:
        for one in json.loads(told)[0]["IPAM"]["Config"]:
            if "." in one["Subnet"]:
                subnet = IPv4Network(one["Subnet"], strict=False)
                # Some releases name the gateway only once a container has run; it is the first address.
                return IPv4Address(one.get("Gateway") or subnet[1]), subnet
    except (ValueError, KeyError, TypeError, IndexError):
        pass
    return None, None


def _doors(addresses: tuple[str, ...], subnet: IPv4Network | None = None) -> Doors:
    networks = [_NEIGHBOURS, *_DOCKER_S_NETWORKS]
    if subnet is not None and not any(subnet.subnet_of(IPv4Network(known)) for known in _DOCKER_S_NETWORKS):
        networks.append(str(subnet))
    return Doors(addresses, tuple(networks))


def _own_address(word: str) -> str:
    try:
        address = str(IPv4Address(word))
    except ValueError:
        address = ""
    if not address or not is_free(0, address):
        raise ServicesFailure("bind", setting=SETTING, value=word)
    return address


def free_port(wanted: Sequence[int], doors: Doors) -> int:
    """The first of the wanted ports that is free on all addresses, or else the next one above the last."""
    for port in (*wanted, *range(wanted[-1] + 1, min(wanted[-1] + _TRIES, 65536))):
        # macOS lets two listen on one port, if one of them does so on all addresses; so it is also knocked at.
        if all(is_free(port, address) for address in doors.listening) and not answers(port, timeout=0.2):
            return int(port)
    raise ServicesFailure("no_port", port=wanted[-1])
