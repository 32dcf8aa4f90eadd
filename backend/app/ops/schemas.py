"""What the service says about itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.core.schemas import Schema


class Component(Schema):
    """Something that the service stands on."""

    status: Literal["ok", "down"]
    latency_ms: float = Field(description="How long the check took")


class Components(Schema):
    """All of them. `engine` is ok while at least one worker that renders is alive."""

    database: Component
    redis: Component
    queue: Component
    storage: Component
    engine: Component


class Readiness(Schema):
    """`ok`: everything works. `degraded`: accounts and results can be read, new work waits. `down`: nothing works."""

    status: Literal["ok", "degraded", "down"]
    version: str
    components: Components
