"""What the routes of operations ask FastAPI for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from app.ops.health import Health


async def get_health(request: Request) -> Health:
    """The checks of this process, made when they are first asked for."""
    state = request.app.state
    if not hasattr(state, "health"):
        state.health = Health(state.database, state.redis, state.queue, state.storage)
    return cast("Health", state.health)


HealthDep = Annotated[Health, Depends(get_health)]
