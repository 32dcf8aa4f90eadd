"""One template on one photo: rendered once as delivered, sampled without effects and caption, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from bench.looks import expressions, measures

from app.engines.local import detect, frame_count, render
from app.engines.local import topology as mesh
from app.engines.local.compose import Puppet
from app.engines.local.motion import sample
from app.engines.local.warp import pixel_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from app.engines.local import Face, Rig, Template
    from app.engines.local.compose import Posed

    Pixels = NDArray[np.uint8]

EVERY = 4
"""Every fourth frame is measured, with the one after it for flicker; each frame counts for the seam."""
GREY = 128
_FACE_MARGIN = 0.08
"""Round the oval, in face heights, where the expression still moves skin and light."""
_SAME_FACE = 0.35
"""A face that is found this far off, in face heights, is another one."""
LIMITS = {"seam": 1.05, "flicker": 0.001, "stretch": 2.0, "halo": 0.05, "holes": 4}
"""The largest values that pass. The seam has 5 % for a swing that is fastest just there; a halo, since a frame that is
stretched stretches its soft edges as well, a twentieth of the soft pixels."""
REST_LIMITS = {"border_halo": 0.05, "cutout_halo": 0.10, "holes": 4}
"""The same for a photo at rest: with its border, and the bare cut-out."""


@dataclass(frozen=True, slots=True)
class Row:
    """The measures of one template on one photo.

    ``found`` of ``sampled`` frames show the face again; ``seam`` is of the finished sticker, ``seam_person`` without
    effects and caption; ``flicker`` and ``stretch`` are the worst of the sampled frames, ``halo`` and ``holes`` (px)
    the worst beyond those of the photo at rest.
    """

    photo: str
    template: str
    frames: int
    sampled: int
    found: int
    moves: Mapping[str, expressions.Movement]
    seam: float
    seam_person: float
    flicker: float
    stretch: float
    halo: float
    holes: int
    seconds: float

    @property
    def breaks(self) -> tuple[str, ...]:
        """Names of the limits that are broken."""
        broken = ["face"] if self.found < self.sampled else []
        broken += [name for name, move in self.moves.items() if not move.agrees]
        broken += ["seam"] if max(self.seam, self.seam_person) > LIMITS["seam"] else []
        broken += [name for name in ("flicker", "stretch", "halo", "holes") if getattr(self, name) > LIMITS[name]]
        return tuple(broken)

    def flat(self) -> dict[str, Any]:
        """One level of names and values, for tables."""
        row: dict[str, Any] = {"photo": self.photo, "template": self.template, "frames": self.frames}
        row |= {"sampled": self.sampled, "found": self.found}
        for name, move in self.moves.items():
            row |= {f"{name}_asked": round(move.asked, 4), f"{name}_seen": round(move.seen, 4)}
        for name in ("seam", "seam_person", "flicker", "stretch", "halo"):
            row[name] = round(getattr(self, name), 5)
        return row | {"holes": self.holes, "seconds": round(self.seconds, 2), "breaks": " ".join(self.breaks)}


class Watcher:
    """Measures templates on one photo; what the photo looks like at rest is read once."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        rest = Puppet(rig, bordered=True).pose({})
        face = self._face(rest)
        # A cut-out whose face cannot be found at rest is measured against the photo's own landmarks.
        self.bias = self._difference(rig.face.points if face is None else face.landmarks, rig.face.points)
        self.rest_holes = measures.holes(rest.canvas[..., 3])
        self.border_halo = measures.halo(rest.canvas[..., 3])
        self.cutout_halo = measures.halo(rig.person[..., 3])

    def _difference(self, seen: NDArray[np.float64], rigid: NDArray[np.float64]) -> dict[str, float]:
        height = self.rig.face.height
        without = expressions.read(rigid, height)
        return {name: value - without[name] for name, value in expressions.read(seen, height).items()}

    def _moved(self, face: Face, channels: Mapping[str, float]) -> dict[str, float]:
        """How far each feature of a found face is from where head and body alone would have it."""
        rigid = {name: value for name, value in channels.items() if name.startswith(("head.", "body."))}
        difference = self._difference(face.landmarks, Puppet(self.rig, bordered=True).pose(rigid).anchors.points)
        return {name: value - self.bias[name] for name, value in difference.items()}

    def _face(self, posed: Posed) -> Face | None:
        """The posed face, found on the person over grey; None when there is none where it should be."""
        found = detect(_over_grey(posed.canvas)).faces
        place = posed.anchors.points.mean(0)
        reach = _SAME_FACE * self.rig.face.height
        near = [face for face in found if np.linalg.norm(face.landmarks[:, :2].mean(0) - place) < reach]
        return near[0] if near else None

    def seam(self, template: Template, moments: tuple[float, ...]) -> tuple[float, list[Pixels]]:
        """The seam of the finished sticker, and its frames at the moments (0..1)."""
        count = frame_count(template)
        kept: dict[int, Pixels] = {}
        wanted = [round(moment * count) % count for moment in moments]
        steps: list[float] = []
        first = last = None
        for index, frame in enumerate(render(self.rig, template)):
            if index in wanted:
                kept[index] = frame
            soft = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGBA2mRGBA), np.uint8)
            if last is None:
                first = soft
            else:
                steps.append(measures.step(last, soft))
            last = soft
        closing = measures.step(last, first) if first is not None and last is not None else 0.0
        return measures.seam_ratio(closing, steps), [kept[index] for index in wanted]

    def person(self, template: Template) -> dict[str, Any]:
        """Everything that is measured on the person alone; the names are those of :class:`Row`."""
        motion = sample(template)
        count = motion.frame_count
        puppet = Puppet(self.rig, bordered=True)
        wanted, seen, steps, flickers, drawn, halos, holed = [], [], [], [0.0], [1.0], [0.0], [0]
        first = after = puppet.pose(motion.frame(0))
        for index in range(count):
            # Frame ``count`` is frame 0 again: the last step is the seam.
            before, after = after, puppet.pose(motion.frame(index + 1)) if index + 1 < count else first
            steps.append(measures.step(before.canvas, after.canvas))
            if index % EVERY:
                continue
            flickers.append(self._flicker(before, after))
            alpha = np.ascontiguousarray(before.canvas[..., 3])
            drawn.append(self._stretch(before, alpha))
            halos.append(measures.halo(alpha) - self.border_halo)
            holed.append(measures.holes(alpha) - self.rest_holes)
            face = self._face(before)
            if face is not None:
                wanted.append(expressions.asked(self.rig, motion.frame(index)))
                seen.append(self._moved(face, motion.frame(index)))
        return {
            "frames": count,
            "sampled": len(range(0, count, EVERY)),
            "found": len(seen),
            "moves": expressions.movements(wanted, seen),
            "seam_person": measures.seam_ratio(steps[-1], steps[:-1]),
            "flicker": max(flickers),
            "stretch": max(drawn),
            "halo": max(halos),
            "holes": max(holed),
        }

    def _stretch(self, posed: Posed, alpha: Pixels) -> float:
        """Round the face only: in it an open mouth draws skin out on purpose."""
        nodes = posed.back.shape[0]
        outside = cv2.bitwise_and(alpha, cv2.bitwise_not(self._faces(posed)))
        seen = cv2.resize(outside, (nodes, nodes), interpolation=cv2.INTER_AREA) > 128
        return measures.stretch(posed.back, self.rig.size / nodes, np.asarray(seen, np.bool_))

    def _flicker(self, before: Posed, after: Posed) -> float:
        size = self.rig.size
        moved = np.linalg.norm(pixel_map(after.back, size) - pixel_map(before.back, size), axis=2).astype(np.float32)
        return measures.flicker(before.canvas, after.canvas, moved, self._faces(before, after))

    def _faces(self, *poses: Posed) -> Pixels:
        """255 where the face is in any of the frames, with a margin."""
        size = self.rig.size
        face = np.zeros((size, size), np.uint8)
        for posed in poses:
            oval = np.rint(posed.anchors.points[list(mesh.OVAL)]).astype(np.int32)
            cv2.fillConvexPoly(face, cv2.convexHull(oval), (255,))
        margin = 2 * round(_FACE_MARGIN * self.rig.face.height) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin))
        return np.asarray(cv2.dilate(face, kernel), np.uint8)


def _over_grey(canvas: Pixels) -> Pixels:
    """Premultiplied RGBA over grey: RGB."""
    rest = (255 - canvas[..., 3:].astype(np.uint16)) * GREY // 255
    return np.ascontiguousarray((canvas[..., :3] + rest).clip(0, 255).astype(np.uint8))
