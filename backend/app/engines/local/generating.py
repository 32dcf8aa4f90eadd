"""From a stored photo and a template to a sticker in several formats, all of one rendering. Runs in a child."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from app.engines.base import CONTENT_TYPES, Generated, GeneratedFile, GenerateRequest
from app.engines.local.describing import find_template
from app.engines.local.encode import Format, encode, encode_still
from app.engines.local.encode.spool import Spool
from app.engines.local.failures import failures_told
from app.engines.local.recent_rigs import RecentRigs
from app.engines.local.render import frame_count, render
from app.engines.local.rig import rig_size
from app.engines.local.workload import Workload
from app.engines.records import from_record, to_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.engines.local.encode import Frame
    from app.engines.local.rig import Rig
    from app.engines.local.template import Template

_recent = RecentRigs()


def generate(argument: Any, report: Callable[[float], None]) -> Any:
    """A GenerateRequest's record in, a Generated's out.

    Raises:
        EngineFailure: InputRefused, EngineFailed or OutOfMemory.
    """
    with failures_told():
        return to_record(_generated(from_record(GenerateRequest, argument), report))


def _generated(request: GenerateRequest, report: Callable[[float], None]) -> Generated:
    template = find_template(request.driven_id)
    count = frame_count(template)
    photo = _recent.look_up(request.photo, rig_size(request.size))
    work = Workload(count, request.formats, report, needs_rig=not photo.has_rig)
    work.begun()
    rig = photo.rig()
    work.rig_built()
    with Spool(request.target_dir, (request.size, request.size)) as spool:
        poster = _rendered(rig, template, request, spool, work)
        still = encode_still(poster, request.target_dir / "poster.webp")
        work.poster_written()
        files = {}
        for name in request.formats:
            target = request.target_dir / f"sticker.{name}"
            encoded = encode(
                _replayed(spool), target, fps=template.fps, format=Format(name), progress=work.encoder(name)
            )
            work.encoded(name)
            files[name] = GeneratedFile(target, CONTENT_TYPES[name], encoded.bytes)
    return Generated(
        files=files,
        poster=GeneratedFile(still, "image/webp", still.stat().st_size),
        width=request.size,
        height=request.size,
        duration_ms=round(count / template.fps * 1000),
        frames=count,
    )


def _rendered(rig: Rig, template: Template, request: GenerateRequest, spool: Spool, work: Workload) -> Frame:
    """Put every frame into the spool; gives the poster.

    Rendering is the dearest part, and fifty frames are fifty megabytes: so each is drawn once, waits in the page
    cache, and is read by one encoder after the other.
    """
    frames = render(
        rig, template, caption=request.caption, lang=request.lang, size=request.size, progress=work.rendered
    )
    count = frame_count(template)
    wanted = round(template.poster * count) % count
    kept = []
    for index, frame in enumerate(frames):
        spool.append(frame.view(np.uint32)[..., 0])
        if index == wanted:
            kept.append(frame.copy())
    return kept[0]


def _replayed(spool: Spool) -> Iterator[Frame]:
    for plane in spool:
        yield plane.view(np.uint8).reshape(*plane.shape, 4)
