"""Routes that tell how the service is."""

from __future__ import annotations

from fastapi import APIRouter

from app.core.http import SettingsDep
from app.core.schemas import Envelope
from app.ops.dependencies import HealthDep
from app.ops.exceptions import Draining, NotReady
from app.ops.schemas import Readiness

router = APIRouter(prefix="/utils", tags=["utils"])


@router.get("/health-check/")
@router.get("/health-check", include_in_schema=False)
@router.head("/health-check/", include_in_schema=False)
@router.head("/health-check", include_in_schema=False)
async def check_health(settings: SettingsDep) -> bool:
    """`true`, outside of the envelope: this process serves. It asks nothing else; `/utils/ready` does.

    Once the file of DRAIN_FILE is there it says 503, while it goes on serving: an update makes it in the old container,
    and the proxy has turned to the new one before the old one stops.
    """
    if settings.DRAIN_FILE is not None and settings.DRAIN_FILE.exists():
        raise Draining
    return True


@router.get("/ready")
async def check_ready(health: HealthDep) -> Envelope[Readiness]:
    """Whether all that the service needs works; 503 and the same `data` when something does not."""
    readiness = await health.check()
    if readiness.status != "ok":
        raise NotReady(details=readiness.model_dump(mode="json"))
    return Envelope(data=readiness)
