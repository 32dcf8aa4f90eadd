"""Lids: the skin that a closing one unrolls, the lines they keep, the lashes along their edge."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.contours import parted, taper_of
from app.engines.local.matte import bleed
from app.engines.local.raster import catmull_rom, disc, fill_polygon, ramp, smoothstep
from app.engines.local.topology import Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]
    Window = tuple[int, int, int, int]

CURVE = 4
"""Samples of a lid line from one landmark to the next."""
_FINE = 4
_HANGING = np.array([0.62, 0.72, 0.81, 0.89, 0.96]), np.array([0.05, 0.07, 0.085, 0.085, 0.07])
"""Single lashes of a shut eye: their places from inner to outer corner and their lengths in eye widths."""


def closed_lid(pixels: Pixels, face: FaceFrame, side: Side, box: Window) -> Pixels:
    """Skin where the eye was: the colours round the eye carried inward, rounded by light, with the cheek's grain.

    Stretching the few pixels of an open eye's upper lid over the whole eye gives smears instead.
    """
    x0, y0, width, height = box
    photo = pixels[y0 : y0 + height, x0 : x0 + width]
    upper, lower = face.points[list(mesh.EYE_UPPER[side])], face.points[list(mesh.EYE_LOWER[side])]
    ring = np.concatenate(
        [
            catmull_rom(face.points[list(mesh.LID_HALO_UPPER[side])], CURVE),
            catmull_rom(face.points[list(mesh.LID_HALO_LOWER[side])], CURVE)[::-1],
        ]
    )
    eye_width = float(np.linalg.norm(upper[0] - upper[-1]))
    hole = cv2.dilate(fill_polygon(ring, x0, y0, width, height), disc(eye_width * 0.05)) > 0
    grey = photo.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    nearby = (cv2.dilate(hole.astype(np.uint8), disc(eye_width * 0.22)) > 0) & ~hole
    middle = float(np.median(grey[nearby])) if nearby.any() else float(np.median(grey))
    # Rims of spectacles, lashes and brows are no skin.
    known = nearby & (np.abs(grey - middle) < 0.30 * middle)
    skin = bleed(photo, known.astype(np.float32)).astype(np.float32)
    skin = np.asarray(cv2.GaussianBlur(skin, (0, 0), max(1.0, eye_width * 0.06)), np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    place = np.stack([x + x0, y + y0], -1).reshape(-1, 2)
    across = (face.along(place, upper.mean(0)) / (eye_width / 2)).reshape(height, width)
    gap = float(np.abs(face.below(lower, upper)).max())
    crease = float(face.below(face.points[list(mesh.LID_HALO_UPPER[side])], face.centre).min())
    closed = float(face.below(upper, face.centre)[3:6].mean() + 0.82 * gap)
    down = ((face.below(place, face.centre) - crease) / max(closed - crease, 1.0)).reshape(height, width)
    light = (
        1.0
        + 0.07 * np.exp(-(((down - 0.50) / 0.26) ** 2) - (across / 0.62) ** 2)
        - 0.10 * smoothstep(0.72, 1.0, down)
        - 0.09 * np.exp(-((down / 0.13) ** 2))
        - 0.10 * np.clip(np.abs(across), 0, 1.2) ** 3
    )
    grain = _grain(pixels, face, side, width, height)
    return np.clip(skin * light[..., None] + grain[..., None], 0, 255).astype(np.uint8)


def _grain(pixels: Pixels, face: FaceFrame, side: Side, width: int, height: int) -> NDArray[np.float32]:
    """The fine texture of the cheek below the eye, as luminance to add: a made lid is too smooth without it."""
    cheek = face.points[mesh.CHEEK_RIGHT if side is Side.RIGHT else mesh.CHEEK_LEFT].astype(int)
    size = pixels.shape[0]
    x0 = int(np.clip(cheek[0] - width // 2, 0, size - width))
    y0 = int(np.clip(cheek[1] - height // 4, 0, size - height))
    patch = pixels[y0 : y0 + height, x0 : x0 + width].astype(np.float32).mean(2)
    return np.asarray(np.clip(patch - cv2.GaussianBlur(patch, (0, 0), 2.5), -7, 7), np.float32)


def lid_curves(  # noqa: PLR0917
    upper: Points, lower: Points, down: Points, width: float, lid: float, squint: float
) -> tuple[Points, Points, float]:
    """Smooth lid lines that never cross, and how shut they are (0..1); closing lids lose the photo's own dents.

    ``upper`` and ``lower`` posed landmarks (9, 2), ``width`` of the eye in px, the rest weights.
    """
    top, bottom = catmull_rom(upper, CURVE), catmull_rom(lower, CURVE)
    share = ramp(0.1, 0.5, lid + 0.6 * squint)
    if share > 0:
        top = _smoothed(top, width, down, share)
        bottom = _smoothed(bottom, width, down, share)
    top, bottom = parted(top, bottom, down, width * 0.02)
    # Shares of the gap leave a slit on deep-set eyes; a shut eye is shut.
    shut = ramp(0.78, 0.97, lid + 0.4 * squint)
    if shut > 0:
        line = _shut_line(top * 0.35 + bottom * 0.65, width, down)
        top, bottom = top + (line - top) * shut, bottom + (line - bottom) * shut
    return top, bottom, shut


def _shut_line(curve: Points, width: float, down: Points) -> Points:
    """Where lashes lie on a shut eye: an arc that hangs between the corners, about as low as the lids met."""
    chord = np.linspace(curve[0], curve[-1], len(curve))
    sag = float(((curve - chord) @ down / width)[len(curve) // 3 : -(len(curve) // 3)].mean())
    arc = np.clip(sag, 0.05, 0.15) * width * 1.1 * taper_of(len(curve))
    return np.asarray(chord + (curve - chord) * 0.15 + 0.85 * arc[:, None] * down)


def _smoothed(curve: Points, width: float, down: Points, share: float) -> Points:
    """Towards the cubic that fits a lid line best, its corners held."""
    height = (curve - curve[0]) @ down / width
    return np.asarray(curve + ((_cubic_fit(len(curve)) @ height - height) * share * width)[:, None] * down)


@cache
def _cubic_fit(count: int) -> NDArray[np.float64]:
    """The linear map from evenly spaced samples to those of the cubic that fits them, ends weighted sixfold."""
    powers = np.vander(np.linspace(0, 1, count), 4)
    weight = np.ones(count)
    weight[[0, -1]] = 36
    fitted: NDArray[np.float64] = powers @ np.linalg.solve(powers.T @ (powers * weight[:, None]), powers.T * weight)
    return fitted


def coverage(layers: list[Points], window: Window) -> Pixels:
    """Coverage of layers of polygons, each (count, n, 2) canvas px, in a window (x0, y0, width, height): u8.

    Exact to a sixteenth of a pixel, for shapes so thin that a fill with a line round it would swell and step.
    """
    x0, y0, width, height = window
    fine = np.zeros((height * _FINE, width * _FINE), np.uint8)
    corner = np.array([x0, y0]) - 0.5
    # Polygons of one call cancel out where they lie over one another: one call a layer.
    for polygons in layers:
        corners = np.rint(((polygons - corner) * _FINE - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(fine, list(corners), 255, cv2.LINE_8, 4)
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def lash_line(  # noqa: PLR0917
    top: Points, down: Points, width: float, side: Side, shut: float, window: Window
) -> Pixels:
    """Coverage of the lashes along a lid's edge ``top`` (n, 2): thickest past the middle, thin at both corners.

    ``shut`` 0..1 lets single lashes hang from its outer third.
    """
    reach = _lash_reach(len(top))
    if side is Side.RIGHT:
        reach = reach[::-1]
    thick = (width * 0.058 * reach)[:, None] * down
    layers = [np.concatenate([top - thick * 0.6, (top + thick * 0.5)[::-1]])[None]]
    if shut > 0.05:
        layers.append(_hanging(top, down, width, side, shut))
    return np.asarray(cv2.GaussianBlur(coverage(layers, window), (0, 0), max(0.45, width * 0.013)), np.uint8)


@cache
def _lash_reach(count: int) -> Points:
    """Thickness along a lid's edge, inner to outer corner, 0..1."""
    along = np.linspace(0, 1, count)
    reach = np.asarray(np.sin(np.pi * along**1.35) ** 0.8 * (0.75 + 0.25 * along), np.float64)
    reach.setflags(write=False)
    return reach


def _hanging(top: Points, down: Points, width: float, side: Side, shut: float) -> Points:
    """Single lashes, (n, 3, 2): triangles from the lid's edge, the outer the more aslant."""
    outward = np.array([down[1], -down[0]]) * (1 if side is Side.LEFT else -1)
    place, length = _HANGING
    last = len(top) - 1
    at = top[np.rint((place if side is Side.LEFT else 1 - place) * last).astype(int)]
    tip = at + (down * 0.8 + outward * (1.6 * place - 0.6)[:, None]) * (length * width * shut)[:, None]
    half = outward * width * 0.016
    return np.stack([at - half, at + half, tip], 1)
