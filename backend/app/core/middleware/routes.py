"""The template of the route that served a request, so that ids in paths end up in no metric and no group of logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import Scope

UNMATCHED: Final = "unmatched"


def route_template(scope: Scope) -> str:
    """``/api/v1/emoji/task/{task_id}``; to be asked after routing. ``unmatched`` where no route answered.

    FastAPI keeps the whole template of an included router's route under a key of its own; the route itself knows
    only its own part. A test holds it to that.
    """
    included = scope.get("fastapi")
    if included:
        template = getattr(included.get("effective_route_context"), "path_format", None)
        if template is not None:
            return str(template)
    template = getattr(scope.get("route"), "path_format", None)
    if template is not None:
        return str(template)
    # A mounted application, such as a folder of static files.
    return f"{scope['root_path']}/{{path}}" if "endpoint" in scope and scope.get("root_path") else UNMATCHED
