"""What one photo's mouth needs, made once: its own teeth, drawn ones, a tongue, the dark behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.lips import pout_sprite
from app.engines.local.raster import catmull_rom, fill_polygon
from app.engines.local.teeth import cavity_texture, contact_shadow, teeth_sprite, tongue_sprite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame

    Pixels = NDArray[np.uint8]
    Mask = NDArray[np.bool_]
    Points = NDArray[np.float64]

_OVERSAMPLED = 2
_IVORY = np.array([250.0, 240.0, 222.0]) / 240


@dataclass(frozen=True, slots=True, eq=False)
class MouthPlate:
    """Sprites and measures of one photo's mouth.

    ``own`` is the photo's own teeth and gums, premultiplied RGBA u8 of the rectangle at ``own_origin``, or None
    when the photo shows no teeth; all other sprites are drawn and coloured from the photo. ``lip`` is the lips'
    mean RGB, ``seam`` the middle of the line where they meet; lengths are in px.
    ``rest_gap`` is how far apart the mesh sees lips that are shut in the photo; 0 where they are open.
    """

    own: Pixels | None
    own_origin: Points
    upper_teeth: Pixels
    lower_teeth: Pixels
    tongue: Pixels
    tongue_shadow: Pixels
    cavity: Pixels
    pout: Pixels
    lip: Points
    seam: Points
    width: float
    inner_width: float
    height: float
    rest_gap: float


def mouth_plate(pixels: Pixels, face: FaceFrame, skin: Points, light: float, light_ratio: float) -> MouthPlate:
    """Sprites of one photo's mouth.

    ``pixels`` RGB u8 canvas; ``skin`` mean RGB of lit skin; ``light`` its luminance 0..1; ``light_ratio`` right
    cheek over left.
    """
    points = face.points
    lower, upper = _inner_lips(face)
    inner = np.concatenate([catmull_rom(upper, 3), catmull_rom(lower, 3)[::-1]])
    rise = int(np.ceil(0.035 * face.height))
    x0, y0 = (max(int(v), 0) for v in np.floor(inner.min(0) - (8, 8 + rise)))
    x1, y1 = (int(v) for v in np.ceil(inner.max(0) + 8))
    part = pixels[y0:y1, x0:x1]
    inside = fill_polygon(inner, x0, y0, part.shape[1], part.shape[0])
    lip = _lip_colour(pixels, face)
    enamel = _enamel(part, inside > 200, lip) if face.toothy else np.zeros(part.shape[:2], bool)
    has_teeth = float(enamel.sum() / max((inside > 200).sum(), 1)) > 0.3
    colour = np.percentile(part[enamel].astype(np.float64), 70, axis=0) if has_teeth else _drawn_enamel(skin, light)
    colour = np.clip(colour, 0, 250)
    width, height = 2 * face.mouth_half_width, face.height
    tongue = np.array([208.0, 92.0, 100.0]) * (0.32 + 0.75 * light) * 0.62 + lip * 0.38
    hanging = tongue_sprite(
        int(width * 0.75) * _OVERSAMPLED, int(height * 0.30) * _OVERSAMPLED, np.clip(tongue, 0, 235), light
    )
    return MouthPlate(
        own=_own_interior(part, inside, enamel, lip, rise) if has_teeth else None,
        own_origin=np.array([x0, y0], float),
        upper_teeth=teeth_sprite(
            int(width * 1.05) * _OVERSAMPLED, int(height * 0.062) * _OVERSAMPLED, colour, light_ratio, upper=True
        ),
        lower_teeth=teeth_sprite(
            int(width * 0.8) * _OVERSAMPLED, int(height * 0.045) * _OVERSAMPLED, colour * 0.9, light_ratio, upper=False
        ),
        tongue=hanging,
        tongue_shadow=contact_shadow(hanging),
        cavity=cavity_texture(light),
        pout=pout_sprite(int(width * 0.62) * _OVERSAMPLED, int(height * 0.10) * _OVERSAMPLED, lip, light),
        lip=lip,
        seam=(points[mesh.UPPER_LIP_MIDDLE] + points[12]) / 2,
        width=width,
        inner_width=float(np.linalg.norm(points[308] - points[78])),
        height=height,
        rest_gap=0.0 if has_teeth else float(face.below(lower, upper).max()),
    )


def _inner_lips(face: FaceFrame) -> tuple[Points, Points]:
    return face.points[list(mesh.LIPS_LOWER_INNER)], face.points[list(mesh.LIPS_UPPER_INNER)]


def _lip_colour(pixels: Pixels, face: FaceFrame) -> Points:
    """Median RGB of the lips between their contours, where neither skin nor teeth can reach."""
    at = face.points[[*mesh.LIPS_LOWER_MIDDLE[2:-2], *mesh.LIPS_UPPER_MIDDLE[2:-2]]].round().astype(int)
    at = np.clip(at, 0, pixels.shape[0] - 1)
    return np.asarray(np.median(pixels[at[:, 1], at[:, 0]].astype(np.float64), axis=0))


def _drawn_enamel(skin: Points, light: float) -> Points:
    """Teeth that no photo shows: among the lightest things in the face, in the colour of its light."""
    luminance = float(np.clip(0.16 + 1.04 * light, 0.40, 0.92)) * 255
    tint = skin / skin.mean()
    return np.asarray(luminance * _IVORY * (0.86 + 0.14 * tint))


def _enamel(part: Pixels, inside: Mask, lip: Points) -> Mask:
    """Where the photo shows teeth: inside the lips, bright, and clearly less red than the lips are."""
    lab = cv2.cvtColor(part, cv2.COLOR_RGB2LAB).astype(np.float32)
    redness, lightness = lab[..., 1], lab[..., 0]
    lip_lab = cv2.cvtColor(np.rint(lip).astype(np.uint8)[None, None], cv2.COLOR_RGB2LAB)[0, 0].astype(float)
    if not inside.any():
        return inside
    light = float(np.percentile(lightness[inside], 75))
    white = float(np.percentile(redness[inside & (lightness >= light)], 30))
    bright = (redness < white + 0.5 * max(lip_lab[1] - white, 8)) & (lightness > 0.5 * light) & inside
    closed = cv2.morphologyEx(bright.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    whole = np.asarray((closed > 0) & inside)
    return whole if whole.any() and (lightness[whole] > 95).mean() > 0.6 else np.zeros_like(inside)


def _own_interior(part: Pixels, inside: Pixels, enamel: Mask, lip: Points, rise: int) -> Pixels:
    """The photo's mouth from the upper lip down to the lower edge of its teeth, gums and gaps included.

    Above it ``rise`` px of gum, for lips that lift more than they did in the photo.
    """
    height, width = part.shape[:2]
    alpha = np.zeros((height, width), np.float32)
    filled = part.astype(np.float32)
    within = inside > 60
    toothed = np.flatnonzero(enamel.any(0))
    lowest = np.array([np.flatnonzero(enamel[:, column])[-1] for column in toothed])
    # One line for the lower edge: single columns that end early are gaps between teeth, late ones the lip's shine.
    span = 2 * max(1, round(0.02 * width)) + 1
    padded = np.pad(lowest, span // 2, mode="edge")
    lowest = np.minimum(lowest, np.median(np.lib.stride_tricks.sliding_window_view(padded, span), axis=1) + 2)
    # Back teeth in the shade of the cheeks belong to it too: the line runs on to the mouth's corners.
    columns = np.flatnonzero((inside > 200).any(0))
    rows = np.arange(height)[:, None]
    first = np.where(within, rows, height).min(0)[columns]
    last = np.where(inside > 200, rows, 0).max(0)[columns]
    knots = np.concatenate([columns[:1] - 1, toothed, columns[-1:] + 1])
    corners = (first + last) / 2
    lowest = np.interp(columns, knots, np.concatenate([corners[:1], lowest, corners[-1:]]))
    lowest = np.minimum(lowest, np.where(np.isin(columns, toothed), lowest, last - 1))
    gum = lip * (0.66, 0.42, 0.44)
    for column, top, bottom in zip(columns, first, lowest.astype(int), strict=True):
        start = max(top - rise, 0)
        alpha[start : bottom + 1, column] = 1
        edge = min(top + 2, height - 1)
        share = np.linspace(0, 1, edge - start + 1)[1:, None] if edge > start else np.zeros((0, 1))
        filled[start:edge, column] = gum * (1 - 0.6 * share) + filled[edge, column] * 0.6 * share
    # The row of teeth goes on into the dark of the cheeks; it does not end like a board.
    ends = (np.arange(width) - columns[0] + 1, columns[-1] + 1 - np.arange(width))
    alpha *= np.clip(np.minimum(*ends) / max(3.0, 0.05 * width), 0, 1).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(cv2.erode(alpha, np.ones((2, 2), np.uint8)), (0, 0), 1.0), np.float32)
    return np.dstack([filled * soft[..., None], soft * 255]).astype(np.uint8)
