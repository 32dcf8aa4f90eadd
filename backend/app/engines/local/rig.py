"""Everything that is computed once per photo, so that a frame costs only what moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import matte, shading
from app.engines.local import topology as mesh
from app.engines.local.eyes import EyePlate, eye_plate
from app.engines.local.fields import NODES, Layer, fit_layers
from app.engines.local.framing import frame
from app.engines.local.geometry import FaceFrame, face_frame
from app.engines.local.mouth import MouthPlate, mouth_plate
from app.engines.local.raster import over, smoothstep
from app.engines.local.topology import Side
from app.engines.local.units import displacements
from app.engines.local.warp import HeadModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.detect import Face

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]

MIN_SIZE, MAX_SIZE = 256, 1024


def rig_size(output: int) -> int:
    """The canvas side that serves stickers of ``output`` px well: at least 512, and whole pixels to every node."""
    return int(np.clip(-(-output // NODES) * NODES, 512, MAX_SIZE))


_CLEAR = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Calm:
    """Skin for the folds of the photo's own smile: ``layer`` premultiplied RGBA u8 at ``origin`` (x, y)."""

    origin: tuple[int, int]
    layer: Pixels

    @classmethod
    def build(cls, pixels: Pixels, face: FaceFrame) -> Calm:
        """Computed once per photo."""
        layer = shading.without_folds(pixels, face)
        alpha = layer[..., 3] * min(1.0, face.own_smile) / 255
        rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
        if not rows.size:
            return cls((0, 0), np.zeros((1, 1, 4), np.uint8))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        colours = np.ascontiguousarray(layer[box][..., :3])
        return cls((int(columns[0]), int(rows[0])), _premultiplied(colours, _eight_bit(alpha[box].astype(np.float32))))

    def applied(self, source: Pixels, weight: float) -> Pixels:
        """A copy of a picture of the rig with the smile's folds smoothed by ``weight`` 0..1."""
        calmed = source.copy()
        x, y = self.origin
        height, width = self.layer.shape[:2]
        over(calmed[y : y + height, x : x + width], self.layer, weight)
        return calmed


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """One photo, ready to be animated. Immutable and safe to share between threads; pickles.

    All pictures are ``size`` px square. ``photo`` is the canvas as it was cut, RGB, and ``valid`` 255 where the
    photo reached; ``sticker`` is the cut-out with its white border, premultiplied RGBA; ``person`` the cut-out
    alone, premultiplied RGBA, unbounded by the bust. Outside the rectangle ``shown``, [x0, y0, x1, y1], ``sticker``
    is empty.
    """

    size: int
    face: FaceFrame
    photo: Pixels
    valid: Pixels
    sticker: Pixels
    shown: tuple[int, int, int, int]
    person: Pixels
    upper: Layer
    lower: Layer
    head: HeadModel
    eyes: dict[Side, EyePlate]
    mouth: MouthPlate
    shades: dict[str, NDArray[np.float32]]
    calm: Calm
    spectacles: float

    def background(self) -> Pixels:
        """The photo's background with the person painted out: RGB u8. Not kept, because most stickers need none."""
        around = cv2.dilate(self.person[..., 3], np.ones((5, 5), np.uint8))
        free = (around < _CLEAR * 255) & (self.valid > 0)
        return matte.bleed(self.photo, free.astype(np.float32))


def build_rig(image: Pixels, face: Face, *, alpha: Pixels | None = None, size: int = 512) -> Rig:
    """Prepare one face of a photo for animation: about 0.15 s on one core.

    Args:
        image: RGB u8 (height, width, 3).
        face: one of ``detect(image).faces``.
        alpha: u8 (height, width), the photo's own cut-out, used instead of the network's where it cuts.
        size: canvas side in px, 256 to 1024, a multiple of 128; see :func:`rig_size`.

    Raises:
        ValueError: a wrong shape, dtype or size.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"image must be RGB u8 (height, width, 3), not {image.dtype} {image.shape}")
    if alpha is not None and (alpha.shape != image.shape[:2] or alpha.dtype != np.uint8):
        raise ValueError(f"alpha must be u8 {image.shape[:2]}, not {alpha.dtype} {alpha.shape}")
    if not MIN_SIZE <= size <= MAX_SIZE or size % NODES:
        raise ValueError(f"size must be {MIN_SIZE} to {MAX_SIZE} px and a multiple of {NODES}, not {size}")
    framed = frame(image, face.landmarks, size, alpha)
    irises = {
        Side.RIGHT: (face.iris_right.centre, face.iris_right.radius),
        Side.LEFT: (face.iris_left.centre, face.iris_left.radius),
    }
    geometry = face_frame(face.landmarks, irises, framed.matrix)
    middle = (float(geometry.centre[0]), float(geometry.centre[1]))
    cut = None if framed.alpha is None else matte.given_alpha(framed.alpha, middle)
    if cut is None:
        cut = matte.person_alpha(framed.pixels, framed.valid, framed.opinion, middle)
    upper, lower = fit_layers(geometry, displacements(geometry), size)
    skin, light, ratio = _light(framed.pixels, geometry)
    colours = matte.edge_colours(framed.pixels, cut)
    sticker = _bordered(colours, _eight_bit(cut))
    return Rig(
        size=size,
        face=geometry,
        photo=framed.pixels,
        valid=framed.valid,
        sticker=sticker,
        shown=_bounds(sticker),
        person=_premultiplied(colours, _eight_bit(cut)),
        upper=upper,
        lower=lower,
        head=HeadModel.build(geometry, size),
        eyes={side: eye_plate(framed.pixels, geometry, side, light) for side in Side},
        mouth=mouth_plate(framed.pixels, geometry, skin, light, ratio),
        shades=shading.shade_maps(framed.pixels, geometry),
        calm=Calm.build(framed.pixels, geometry),
        spectacles=_spectacles(framed.pixels, geometry, light),
    )


def _premultiplied(colours: Pixels, alpha: Pixels) -> Pixels:
    rgb = cv2.multiply(colours, cv2.merge([alpha, alpha, alpha]), scale=1 / 255)
    return np.asarray(cv2.merge([*cv2.split(rgb), alpha]), np.uint8)


def _bordered(colours: Pixels, alpha: Pixels) -> Pixels:
    """The cut-out over its own white border: one picture, so that a frame's border costs nothing to warp along."""
    cut = matte.sticker_cut(alpha)
    white = cv2.multiply(matte.sticker_border(cut), cv2.bitwise_not(cut), scale=1 / 255)
    return np.asarray(cv2.add(_premultiplied(colours, cut), cv2.merge([white] * 4)), np.uint8)


def _bounds(picture: Pixels) -> tuple[int, int, int, int]:
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(picture[..., 3]))
    return x, y, x + width, y + height


def _eight_bit(plane: NDArray[np.float32]) -> Pixels:
    return np.asarray(cv2.convertScaleAbs(plane, alpha=255), np.uint8)


def _light(pixels: Pixels, face: FaceFrame) -> tuple[Points, float, float]:
    """Mean RGB of lit skin, its luminance 0..1, and the right cheek's light over the left one's."""

    def patch(index: int, radius: int = 8) -> Points:
        x, y = np.clip(face.points[index].astype(int), radius, pixels.shape[0] - radius - 1)
        square = pixels[y - radius : y + radius, x - radius : x + radius]
        return np.asarray(square.reshape(-1, 3).astype(np.float64).mean(0))

    right, left, forehead = patch(mesh.CHEEK_RIGHT), patch(mesh.CHEEK_LEFT), patch(151)
    skin = (right + left + forehead) / 3
    luminance = float(np.clip(skin @ np.array([0.299, 0.587, 0.114]) / 255, 0.12, 0.95))
    return skin, luminance, float((right.mean() + 1) / (left.mean() + 1))


def _spectacles(pixels: Pixels, face: FaceFrame, light: float) -> float:
    """How sure the face wears spectacles, 0..1: a strong level edge across the bridge of the nose; skin has none."""
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), face.height * 0.006)
    edges = np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)) / 8
    top, bottom = int(face.points[mesh.BROW_CENTRE, 1]), int(face.points[197, 1])
    middle, half = int(face.points[mesh.NOSE_BRIDGE, 0]), int(0.035 * face.height)
    strip = edges[max(top, 0) : bottom, max(middle - half, 0) : middle + half]
    if strip.size == 0:
        return 0.0
    strongest = float(strip.mean(1).max()) / max(light * 255, 30) * 100
    return float(smoothstep(4.0, 6.5, strongest))


__all__ = ["MAX_SIZE", "MIN_SIZE", "Rig", "build_rig", "rig_size"]
