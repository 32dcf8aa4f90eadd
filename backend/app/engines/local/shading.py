"""Wrinkles and light: gain maps on the coarse grid that go with the skin.

Displacing a smooth forehead gives no frown lines and smoothing a laugh gives no calm cheek; these maps do. Every
map is a gain per channel, float32 (NODES, NODES, 3), 1 where nothing changes, and is kept off hair, spectacles
and background by the skin mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.fields import NODES, node_positions
from app.engines.local.raster import catmull_rom, disc, fill_polygon, remap, smoothstep
from app.engines.local.topology import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame

    Pixels = NDArray[np.uint8]
    Plane = NDArray[np.float32]
    Points = NDArray[np.float64]

SHADES = ("smile", "furrow", "forehead", "under", "flush")
_FOLD_RIGHT, _FOLD_LEFT = (129, 203, 206, 216), (358, 423, 426, 436)
_LONG_FOLD_RIGHT, _LONG_FOLD_LEFT = (129, 203, 206, 216, 212, 202), (358, 423, 426, 436, 432, 422)
_SKIN_SAMPLES = (50, 280, 101, 330, 151, 195, 205, 425, 108, 337)


def skin_mask(pixels: Pixels, face: FaceFrame) -> Plane:
    """How sure a node lies on bare skin, float32 (NODES, NODES) 0..1: near the cheeks' colour, inside the face."""
    small = cv2.resize(pixels, (NODES, NODES), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    spacing = pixels.shape[0] / NODES
    at = np.clip(((face.points[list(_SKIN_SAMPLES)] + 0.5) / spacing - 0.5).round().astype(int), 0, NODES - 1)
    typical = np.median(lab[at[:, 1], at[:, 0]], axis=0)
    difference = lab - typical
    distance = np.hypot(difference[..., 1], difference[..., 2]) + 0.4 * np.abs(difference[..., 0])
    # Ruddy and lined skin varies more than smooth skin: the face's own spread sets how far is too far.
    reach = float(np.clip(1.5 * np.percentile(distance[at[:, 1], at[:, 0]], 80), 13, 26))
    mask = 1 - smoothstep(reach, 1.85 * reach, distance)
    oval = (face.points[list(mesh.OVAL)] + 0.5) / spacing - 0.5
    inside = cv2.distanceTransform(fill_polygon(oval, 0, 0, NODES, NODES) // 255, cv2.DIST_L2, 5)
    mask = mask * smoothstep(0, 0.05 * face.height / spacing, inside)
    for side in Side:
        rim = mesh.LID_HALO_UPPER[side] + mesh.LID_HALO_LOWER[side][::-1]
        eye = fill_polygon((face.points[list(rim)] + 0.5) / spacing - 0.5, 0, 0, NODES, NODES)
        mask = np.where(eye > 0, 0, mask)
    # Erode a little: a line that stops short of the hair is right, one that runs into it is not.
    eroded = cv2.erode(mask.astype(np.float32), np.ones((5, 5), np.uint8))
    return np.asarray(np.clip(cv2.GaussianBlur(eroded, (0, 0), 1.2), 0, 1), np.float32)


def shade_maps(pixels: Pixels, face: FaceFrame) -> dict[str, Plane]:
    """All maps of one photo at full strength, by name."""
    skin = skin_mask(pixels, face)
    draw = _Lines(face, pixels.shape[0])
    grey = {
        "smile": -draw.fold(0.012, 0.20) + draw.cheeks(0.07),
        "furrow": _furrow(face, draw),
        "forehead": -sum(
            (
                draw.line(
                    [
                        face.points[low] * (1 - share) + face.points[high] * share
                        for low, high in (
                            (105, 104),
                            (66, 69),
                            (107, 108),
                            (9, 151),
                            (336, 337),
                            (296, 299),
                            (334, 333),
                        )
                    ],
                    0.007,
                    0.16,
                )
                for share in (0.26, 0.42, 0.58)
            ),
            np.zeros((NODES, NODES), np.float32),
        ),
        "under": -draw.points((226, 31, 228, 229, 230, 231), 0.012, 0.14)
        - draw.points((446, 261, 448, 449, 450, 451), 0.012, 0.14),
    }
    maps = {name: _gain(1 + plane * skin) for name, plane in grey.items()}
    # A flush has no edge: it fades out before the hair instead of being cut by it.
    oval = _oval_glow(face, draw) * cv2.GaussianBlur(skin, (0, 0), 3.0)
    maps["flush"] = np.stack([1 + 0.05 * oval, 1 - 0.17 * oval, 1 - 0.14 * oval], -1).astype(np.float32)
    return maps


def _gain(plane: Plane) -> Plane:
    return np.repeat(plane.astype(np.float32)[..., None], 3, axis=2)


class _Lines:
    """Soft lines and blots on the grid, stated in face heights."""

    def __init__(self, face: FaceFrame, size: int) -> None:
        self.face, self.size = face, size
        self.x, self.y = node_positions(size)

    def line(self, points: Sequence[Points], width: float, depth: float) -> Plane:
        """A smooth line through canvas points, ``width`` in face heights, ``depth`` at its middle."""
        # Drawn at twice the grid's resolution, whatever the canvas'.
        side = 2 * NODES
        scale = side / self.size
        drawn = np.zeros((side, side), np.uint8)
        curve = np.rint(catmull_rom(np.asarray(points), 5) * scale * 16).astype(np.int32)
        thickness = max(1, int(width * self.face.height * scale))
        cv2.polylines(drawn, [curve], isClosed=False, color=255, thickness=thickness, lineType=cv2.LINE_AA, shift=4)
        soft = cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), width * self.face.height * scale * 0.8)
        small = cv2.resize(soft, (NODES, NODES), interpolation=cv2.INTER_AREA)
        return np.asarray(small * (depth / max(float(soft.max()), 1e-6)), np.float32)

    def points(self, indices: Sequence[int], width: float, depth: float) -> Plane:
        """A smooth line through landmarks."""
        return self.line([self.face.points[i] for i in indices], width, depth)

    def fold(self, width: float, depth: float) -> Plane:
        """Both folds from the nostrils to the mouth corners."""
        return self.points(_FOLD_RIGHT, width, depth) + self.points(_FOLD_LEFT, width, depth)

    def blot(self, centre: Points, radius_x: float, radius_y: float) -> Plane:
        """A Gaussian blot, radii in face heights along canvas x and y, 1 at its middle."""
        across = ((self.x - centre[0]) / (radius_x * self.face.height)) ** 2
        down = ((self.y - centre[1]) / (radius_y * self.face.height)) ** 2
        return np.asarray(np.exp(-(across + down)), np.float32)

    def cheeks(self, depth: float) -> Plane:
        """Light on both cheeks."""
        blots = [self.blot(self.face.points[i], 0.085, 0.085) for i in (mesh.CHEEK_RIGHT, mesh.CHEEK_LEFT)]
        return np.asarray(depth * (blots[0] + blots[1]), np.float32)


def _furrow(face: FaceFrame, draw: _Lines) -> Plane:
    points, height = face.points, face.height
    root = points[mesh.GLABELLA]
    total = np.zeros((NODES, NODES), np.float32)
    for brow in (55, 285):
        base = root + (points[brow] - root) * 0.52
        top = base - face.down * 0.055 * height
        bottom = base + face.down * 0.03 * height + (root - base) * 0.2
        total -= draw.line([top, (top + bottom) / 2 + (base - root) * 0.08, bottom], 0.006, 0.34)
    total -= 0.12 * draw.blot(root, 0.085, 0.085)
    for contour in mesh.EYE_UPPER.values():
        total -= 0.12 * draw.blot(points[list(contour)].mean(0) - face.down * 0.02 * height, 0.09, 0.03)
    return total


def without_folds(pixels: Pixels, face: FaceFrame) -> Pixels:
    """What to lay over the photo's own smile folds and its teeth: RGBA u8, straight alpha, of the whole canvas.

    A fold is a dark line narrower than the skin on both sides: it takes the colour that this skin has around it and
    the grain of the cheek beside it. Teeth take the colour of the lips that close over them, and lips that a laugh
    has stretched thin lose their shine, which would be drawn out into stripes.
    """
    height = face.height
    around = face.points[[*_LONG_FOLD_RIGHT, *_LONG_FOLD_LEFT, *mesh.LIPS_LOWER_OUTER]]
    margin = 0.12 * height
    x0, y0 = (max(int(v), 0) for v in around.min(0) - margin)
    x1, y1 = (int(v) for v in around.max(0) + margin)
    part = np.ascontiguousarray(pixels[y0:y1, x0:x1])
    rows, columns = part.shape[:2]
    if min(rows, columns) < 8:
        return np.zeros((*pixels.shape[:2], 4), np.uint8)

    def region(*contours: tuple[int, ...]) -> Plane:
        points = np.concatenate([catmull_rom(face.points[list(c)], 4)[:: 1 - 2 * i] for i, c in enumerate(contours)])
        return np.asarray(fill_polygon(points, x0, y0, columns, rows), np.float32) / np.float32(255)

    lips = region(mesh.LIPS_UPPER_OUTER, mesh.LIPS_LOWER_OUTER)
    folds = _fold_depth(part, face, (x0, y0), lips)
    source = part.astype(np.float32)
    grain = source - cv2.GaussianBlur(source, (0, 0), 0.006 * height)
    shift = max(1, round(0.07 * height))
    half = round(float(np.clip(face.points[mesh.NOSE_TIP, 0] - x0, 1, columns - 1)))
    beside = np.concatenate([np.roll(grain[:, :half], shift, 1), np.roll(grain[:, half:], -shift, 1)], 1)
    free = np.clip(1 - 1.6 * cv2.dilate(folds, np.ones((3, 3), np.uint8)), 0, 1) * (1 - lips)
    skin = _bled(source, free, 0.022 * height) + np.clip(beside, -12, 12)
    alpha = np.clip(folds * 1.25, 0, 0.95)
    if face.toothy:
        gap = cv2.dilate(region(mesh.LIPS_UPPER_INNER, mesh.LIPS_LOWER_INNER), disc(0.012 * height))
        only = lips * (1 - gap)
        typical = np.median(source[only > 0.9], axis=0) if (only > 0.9).any() else source.mean((0, 1))
        # Their sides, drawn thin and pale by the smile, get the lips' own colour back.
        lip = 0.55 * _bled(source, only, 0.016 * height) + 0.45 * typical
        lip = lip + 0.35 * np.clip(grain, -12, 12) * (1 - gap)[..., None]
        over_lips = cv2.GaussianBlur(np.maximum(gap, 0.7 * lips), (0, 0), 0.004 * height)
        share = (over_lips / np.maximum(over_lips + alpha * (1 - over_lips), 1e-3))[..., None]
        skin = lip * share + skin * (1 - share)
        alpha = np.maximum(alpha, over_lips)
    layer = np.zeros((*pixels.shape[:2], 4), np.uint8)
    layer[y0:y1, x0:x1] = np.rint(np.clip(np.dstack([skin, alpha * 255]), 0, 255))
    return layer


def _fold_depth(part: Pixels, face: FaceFrame, origin: tuple[int, int], lips: Plane) -> Plane:
    """Where the folds beside the mouth and its dark corners lie, 0..1; closing a picture over a line finds it."""
    height = face.height
    calm = cv2.GaussianBlur(part, (0, 0), 0.005 * height)
    calm = cv2.morphologyEx(calm, cv2.MORPH_CLOSE, disc(0.022 * height))
    calm = cv2.GaussianBlur(calm, (0, 0), 0.010 * height)
    depth = cv2.cvtColor(calm, cv2.COLOR_RGB2GRAY).astype(np.float32) - cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    deep = cv2.GaussianBlur(smoothstep(2, 16, depth).astype(np.float32), (0, 0), 0.004 * height)
    where = np.zeros(part.shape[:2], np.uint8)
    thickness = max(1, int(0.085 * height))
    for fold in (_LONG_FOLD_RIGHT, _LONG_FOLD_LEFT):
        curve = np.rint((catmull_rom(face.points[list(fold)], 5) - origin) * 16).astype(np.int32)
        cv2.polylines(where, [curve], isClosed=False, color=255, thickness=thickness, lineType=cv2.LINE_AA, shift=4)
    where = np.where(lips > 0, 0, where).astype(np.uint8)
    # The dark of an open smile's corners stays behind when the lips close over it.
    for inner, outer, outward in ((78, 61, -1), (308, 291, 1)):
        corner = face.points[inner] if not face.toothy else face.points[outer] + face.right * outward * 0.006 * height
        x, y = (int(v) for v in (corner - origin).round())
        cv2.circle(where, (x, y), max(2, round(0.026 * height)), 255, -1, cv2.LINE_AA)
        if face.toothy:
            cv2.circle(deep, (x, y), max(2, round(0.024 * height)), 0.8, -1, cv2.LINE_AA)
    return np.asarray(deep * (cv2.GaussianBlur(where, (0, 0), 0.018 * height).astype(np.float32) / 255), np.float32)


def _bled(source: Plane, weight: Plane, reach: float) -> Plane:
    """Colours carried into places of no weight from those around, float32; two reaches, so that none stays empty."""
    total = np.zeros_like(source)
    sums = np.zeros(weight.shape, np.float32)
    for sigma, share in ((reach, 1.0), (3 * reach, 0.02)):
        total += share * cv2.GaussianBlur(source * weight[..., None], (0, 0), sigma)
        sums += share * cv2.GaussianBlur(weight, (0, 0), sigma)
    return np.asarray(total / np.maximum(sums, 1e-4)[..., None], np.float32)


def _oval_glow(face: FaceFrame, draw: _Lines) -> Plane:
    middle = (face.points[mesh.NOSE_TIP] + face.points[mesh.NOSE_BRIDGE]) / 2
    return draw.blot(middle, 0.42, 0.46)


def combined(maps: dict[str, Plane], strengths: dict[str, float]) -> Plane | None:
    """One gain map (NODES, NODES, 3) of a frame, or None when nothing is shaded."""
    total: Plane | None = None
    for name, strength in strengths.items():
        if abs(strength) < 0.01:
            continue
        gain = 1 + np.float32(strength) * (maps[name] - 1)
        total = gain if total is None else total * gain
    return total


def apply(canvas: Pixels, gain: Plane, back: Plane, region: tuple[slice, slice]) -> None:
    """Multiply a region of nodes of a premultiplied canvas by a gain map that has been carried along by the warp.

    ``back`` float32 (NODES, NODES, 2): source px of every node; ``region`` row and column slices of nodes.
    """
    spacing = canvas.shape[0] / NODES
    index = (back[region] + np.float32(0.5)) * np.float32(1 / spacing) - np.float32(0.5)
    four = np.full((*gain.shape[:2], 4), 128, np.uint8)
    four[..., :3] = cv2.convertScaleAbs(gain, alpha=128)
    moved = remap(four, index)
    rows, columns = (slice(round(part.start * spacing), round(part.stop * spacing)) for part in region)
    view = canvas[rows, columns]
    full = cv2.resize(moved, view.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    # A face that the photo's edge cuts has half-transparent skin: light may not lift its colour above its alpha.
    alpha = cv2.extractChannel(view, 3)
    view[:] = cv2.min(cv2.multiply(view, full, scale=1 / 128), cv2.merge([alpha, alpha, alpha, alpha]))
