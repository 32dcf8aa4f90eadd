"""All checks in the order in which their findings are read: what the later ones need comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.ops.doctor.checks import (
    configuration,
    containers,
    engine,
    env,
    network,
    ports,
    security,
    servers,
    source_tree,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.ops.doctor.finding import Finding
    from app.ops.doctor.setup import Setup

CHECKS: Final[Sequence[Callable[[Setup], Iterator[Finding]]]] = (
    engine.docker_command,
    engine.docker_engine,
    engine.compose_plugin,
    engine.architecture,
    engine.disk,
    env.env_there,
    env.env_bytes,
    env.env_values,
    env.env_keys,
    source_tree.script_line_ends,
    source_tree.names_that_collide,
    configuration.compose_names,
    configuration.compose_renders,
    security.weak_secrets,
    configuration.loopback_hosts,
    configuration.inside_name,
    configuration.inner_ports,
    configuration.mounts,
    configuration.watching,
    configuration.networks,
    security.public_addresses,
    ports.ports,
    network.proxies,
    network.registries,
    servers.postgres,
    servers.redis,
    containers.another_copy,
    containers.volumes,
    containers.recreation,
    containers.health,
)
