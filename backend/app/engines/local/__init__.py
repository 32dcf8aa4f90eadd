"""The local engine: one portrait in, the frames of a moving sticker out. Plain CPU, offline.

    from app.engines.local import KEEP, build_rig, detect, encode, get_template, load_photo, render

    photo = load_photo(Path("photo.jpg"))
    face = detect(photo.pixels).faces[0]
    rig = build_rig(photo.pixels, face, alpha=photo.alpha)
    template = get_template("wink")
    encode(render(rig, template), Path("wink.webp"), fps=template.fps)

A library: pixels in, frames out, without settings, database or network. Everything is deterministic: the same
photo, template and options give the same frames, byte for byte.
"""

from app.engines.local.catalog import get_template, load_template_file, load_templates
from app.engines.local.detect import Detection, Face, detect
from app.engines.local.encode import Encoded, Format, encode
from app.engines.local.errors import EncodeFailed, EngineError, FontMissing, PhotoRefused, TemplateInvalid
from app.engines.local.gates import Reason, Verdict, check
from app.engines.local.photo import Photo, load_photo
from app.engines.local.render import KEEP, REMOVE, Background, frame_count, parse_background, render, still
from app.engines.local.rig import Rig, build_rig, rig_size
from app.engines.local.template import Template

__all__ = [
    "KEEP",
    "REMOVE",
    "Background",
    "Detection",
    "EncodeFailed",
    "Encoded",
    "EngineError",
    "Face",
    "FontMissing",
    "Format",
    "Photo",
    "PhotoRefused",
    "Reason",
    "Rig",
    "Template",
    "TemplateInvalid",
    "Verdict",
    "build_rig",
    "check",
    "detect",
    "encode",
    "frame_count",
    "get_template",
    "load_photo",
    "load_template_file",
    "load_templates",
    "parse_background",
    "render",
    "rig_size",
    "still",
]
