"""The route table."""

from __future__ import annotations

from fastapi import APIRouter

from app.auth.endpoints import router as auth
from app.core.handlers import COMMON_RESPONSES
from app.emoji.tasks.endpoints import router as tasks
from app.media.endpoints import router as media
from app.ops.endpoints import router as ops
from app.points.endpoints import router as points
from app.studio.endpoints import router as studio
from app.users.endpoints import router as users


def build_api() -> APIRouter:
    """All routes. Made when it is wanted and not kept: FastAPI would hold a second copy of each route in it."""
    api = APIRouter(prefix="/api/v1", responses=COMMON_RESPONSES)
    for part in (auth, users, points, media, tasks, studio, ops):
        api.include_router(part)
    return api
