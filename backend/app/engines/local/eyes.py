"""Eyes: the ball under the lids, and the lids over it.

The photo shows only what its own lids left free. The plate of an eye holds the rest: a sclera with the iris taken
out, a whole iris, and the skin of a closed lid, made once per photo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.lids import CURVE, closed_lid, lash_line, lid_curves
from app.engines.local.matte import bleed
from app.engines.local.raster import catmull_rom, fill_polygon, over, ramp, smoothstep, soften

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame
    from app.engines.local.topology import Side

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]
    Matrix = NDArray[np.float64]

_PLATE_IN_WIDTHS = 1.9
_DEEPEST = 0.5
_SHADOW_TINT = np.array([0.84, 1.0, 1.08])
_IRIS_HIDDEN = 0.15
"""How far beyond a lid's edge the middle of an iris may go, in radii: about two fifths of it stay."""
_IRIS_HELD = 0.14
"""How much of a widened eye's iris the upper lid keeps covered, in radii."""
_LASH_TINT = np.array([1.40, 0.92, 0.70])
# How much of a photo's tint an eye's white keeps: what looks like a white is often half lid.
_SCLERA_TINT = 0.4
# An eye's white under a light of full strength.
_SCLERA_GREY = np.array([212.0, 207.0, 202.0])


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class EyePlate:
    """One eye, as a square cut from the canvas at ``origin`` (x, y px).

    ``photo``, ``sclera``, ``lid`` RGBA u8 (n, n, 4), opaque; ``iris`` premultiplied RGBA u8; ``opening`` u8 the
    photo's own opening; ``lash`` RGB of the lashes; ``width`` corner to corner px; ``radius`` of the iris and
    ``iris_at`` its centre at rest (x, y canvas px).
    """

    side: Side
    origin: Points
    photo: Pixels
    sclera: Pixels
    iris: Pixels
    lid: Pixels
    opening: Pixels
    lash: Points
    width: float
    radius: float
    iris_at: Points

    @property
    def middle(self) -> Points:
        """The plate's middle on the canvas."""
        return self.origin + (np.array(self.photo.shape[1::-1]) - 1) / 2


@dataclass(frozen=True, slots=True)
class EyePose:
    """One eye of one frame: weights of its units and the gaze in iris radii."""

    lid: float
    squint: float
    widen: float
    gaze_x: float
    gaze_y: float

    @property
    def activity(self) -> float:
        """0 when the photo's own eye can stay."""
        return max(self.lid, self.squint, abs(self.widen), abs(self.gaze_x), abs(self.gaze_y))


def eye_plate(pixels: Pixels, face: FaceFrame, side: Side, light: float) -> EyePlate:
    """Make the plate of one eye; ``pixels`` RGB u8 (size, size, 3), ``light`` the skin's luminance 0..1."""
    upper, lower = face.points[list(mesh.EYE_UPPER[side])], face.points[list(mesh.EYE_LOWER[side])]
    outline = np.concatenate([catmull_rom(upper, CURVE), catmull_rom(lower, CURVE)[::-1]])
    width = float(np.linalg.norm(upper[0] - upper[-1]))
    side_px = max(8, int(width * _PLATE_IN_WIDTHS))
    limit = pixels.shape[0] - side_px
    origin = np.clip(np.floor(outline.mean(0) - side_px / 2), 0, max(limit, 0)).astype(int)
    x0, y0 = int(origin[0]), int(origin[1])
    photo = pixels[y0 : y0 + side_px, x0 : x0 + side_px]
    height_px, width_px = photo.shape[:2]
    opening = fill_polygon(outline, x0, y0, width_px, height_px)
    inside = cv2.erode(opening, np.ones((3, 3), np.uint8)) > 200
    y, x = np.mgrid[:height_px, :width_px]
    centre, radius = face.iris_centre[side], face.iris_radius[side]
    distance = np.hypot(x + x0 - centre[0], y + y0 - centre[1])
    across = face.along(np.stack([x + x0, y + y0], -1).reshape(-1, 2).astype(np.float64), outline.mean(0))
    across = (across / (width / 2)).reshape(x.shape)
    sclera = _sclera(photo, inside & (distance > radius * 1.12), light, across)
    iris = _iris(photo, inside & (distance < radius * 1.15), distance, radius)
    rim = photo[(cv2.dilate(opening, np.ones((5, 5), np.uint8)) > 0) & (opening < 30)].reshape(-1, 3)
    darkest = rim[np.argsort(rim.sum(1))[: max(1, len(rim) // 16)]]
    dark = float(np.clip(darkest.mean(), 30, 46)) if len(rim) else 30.0
    return EyePlate(
        side=side,
        origin=origin.astype(np.float64),
        photo=_opaque(photo),
        sclera=_opaque(sclera),
        iris=iris,
        lid=_opaque(closed_lid(pixels, face, side, (x0, y0, width_px, height_px))),
        opening=np.asarray(cv2.GaussianBlur(np.where(inside, 255, 0).astype(np.uint8), (0, 0), 0.8), np.uint8),
        lash=_LASH_TINT * dark,
        width=width,
        radius=radius,
        iris_at=np.asarray(centre, np.float64),
    )


def _opaque(rgb: Pixels) -> Pixels:
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def _sclera(photo: Pixels, white: NDArray[np.bool_], light: float, across: Points) -> Pixels:
    """The white of the eye carried on under iris and lids: the photo's own, else lit like the skin.

    ``across`` (n, n): distance from the eye's middle over half its width, along the corners.
    """
    guess = _SCLERA_GREY * light
    # A ball turns away from the light towards its corners.
    roundness = (1 - 0.24 * np.clip(np.abs(across), 0, 1.3) ** 2.2)[..., None]
    if white.sum() <= 12:
        return np.asarray(np.broadcast_to(guess, photo.shape) * roundness).astype(np.uint8)
    brightness = photo.mean(2)
    bright = np.percentile(brightness[white], 65)
    typical = photo[white & (brightness >= bright)].astype(np.float64).mean(0)
    tint = _SCLERA_TINT * typical / max(typical.mean(), 1.0) + (1 - _SCLERA_TINT) * guess / guess.mean()
    # Whites that squinting lids shade would look grey once the eye opens.
    typical = max(typical.mean(), 0.85 * guess.mean()) * tint
    # Lashes that reach into the opening are no white.
    white &= brightness > 0.72 * bright
    filled = bleed(photo, white.astype(np.float32)).astype(np.float64)
    made = (0.25 * filled + 0.75 * typical) * roundness
    # The photo's own white only where it is surely white, with a soft seam.
    own = cv2.erode(white.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    share = np.asarray(cv2.GaussianBlur(own, (0, 0), 1.0), np.float32)[..., None]
    return np.asarray(np.clip(photo * share + made * (1 - share), 0, 245).astype(np.uint8))


def _iris(photo: Pixels, seen: NDArray[np.bool_], distance: Points, radius: float) -> Pixels:
    """A whole iris: the photo's where it shows, else the mean of its ring at that distance from the middle."""
    rings = np.zeros((int(radius * 1.3) + 3, 3))
    rings[:] = photo[seen].mean(0) if seen.any() else 40.0
    for ring in range(len(rings)):
        there = seen & (np.abs(distance - ring) < 0.7)
        if there.sum() > 2:
            rings[ring] = np.median(photo[there], axis=0)
        elif ring:
            rings[ring] = rings[ring - 1]
    place = np.clip(distance, 0, len(rings) - 1.01)
    low = place.astype(int)
    share = (place - low)[..., None]
    made = rings[low] * (1 - share) + rings[low + 1] * share
    # The wet rim of a lid shines along the edge of what is seen, far from the pupil: that is no iris.
    own = cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    own = np.maximum(own, seen & (distance < 0.7 * radius)).astype(np.float32)
    trust = np.asarray(cv2.GaussianBlur(own, (0, 0), 0.7), np.float32)[..., None] * own[..., None]
    colour = made + (photo - made) * trust
    alpha = 1 - smoothstep(radius * 0.98, radius * 1.14, distance)
    return np.dstack([colour * alpha[..., None], alpha * 255]).astype(np.uint8)


def draw_eye(  # noqa: PLR0917 - as many things meet in an eye
    canvas: Pixels,
    plate: EyePlate,
    pose: EyePose,
    upper: Points,
    lower: Points,
    crease: Points,
    rigid: Matrix,
    down: Points,
) -> None:
    """Paint one eye into a premultiplied canvas, in place.

    Args:
        canvas: RGBA u8 (size, size, 4), the warped skin already on it.
        plate: the eye's plate.
        pose: its units.
        upper: posed upper lid (9, 2), canvas px; ``lower`` likewise.
        lower: posed lower lid (9, 2).
        crease: posed ring over the upper lid (9, 2), from where the closing lid unrolls.
        rigid: (2, 3) of the skull at the eye, rest canvas px to posed canvas px.
        down: the posed face's unit vector towards the chin.
    """
    if pose.activity <= 0.02:
        return
    top, bottom, shut = lid_curves(upper, lower, down, plate.width, pose.lid, pose.squint)
    # A shut lid hides what the skin's own warp leaves of the eye below its edge.
    edge = catmull_rom(lower, CURVE)
    reaches = np.where(((edge - top) @ down > 0)[:, None], edge, top)
    cover = top + (reaches - top) * shut
    fold = catmull_rom(crease, CURVE)
    closing = pose.lid > 0.1
    everything = np.concatenate([top, bottom, fold] if closing else [top, bottom])
    reach = plate.width * 0.16 + 3 if closing else 3
    x0, y0 = np.maximum(np.floor(everything.min(0) - reach), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(everything.max(0) + reach), canvas.shape[0]).astype(int)
    width, height = int(x1 - x0), int(y1 - y0)
    if width < 3 or height < 3:
        return
    window = (int(x0), int(y0), width, height)
    local = rigid.copy()
    local[:, 2] += rigid[:, :2] @ plate.origin - (x0, y0)
    view = canvas[y0:y1, x0:x1]
    if float(((bottom - top) @ down).max()) > 0.5:
        look = _look(plate, pose, top, bottom, rigid, down)
        _draw_ball(view, plate, pose, look, top, bottom, local, window, down)
    if closing:
        _draw_lid(view, plate, pose, shut, (top, bottom, fold, cover), local, window, down)


def _look(  # noqa: PLR0917
    plate: EyePlate, pose: EyePose, top: Points, bottom: Points, rigid: Matrix, down: Points
) -> tuple[float, float]:
    """The gaze in iris radii that these lids allow: an eye without its iris looks blind, one all round it a doll's."""
    (a, b, x0), (c, d, y0) = rigid.tolist()
    area = a * d - b * c
    radius = plate.radius * math.sqrt(abs(area))
    x, y = plate.iris_at.tolist()
    x, y = x + pose.gaze_x * plate.radius, y + pose.gaze_y * plate.radius
    x, y = a * x + b * y + x0, c * x + d * y + y0
    down_x, down_y = down.tolist()
    at, place = x * down_x + y * down_y, x * down_y - y * down_x
    across = top @ (down_y, -down_x)
    upper, lower = (float(np.interp(place, across, curve @ down)) for curve in (top, bottom))
    wanted = at
    if upper < lower:
        wanted = min(max(at, upper - _IRIS_HIDDEN * radius), lower + _IRIS_HIDDEN * radius)
    if pose.widen > 0:
        # The lid of a widened eye takes the iris along rather than let it go.
        held = upper + (1 - _IRIS_HELD) * radius
        wanted += min(held - wanted, 0.0) * ramp(0.0, 0.6, pose.widen) * (1 - ramp(0.2, 0.6, pose.gaze_y))
    step = (wanted - at) / (area * plate.radius)
    return pose.gaze_x + (d * down_x - b * down_y) * step, pose.gaze_y + (a * down_y - c * down_x) * step


def _draw_ball(  # noqa: PLR0917
    view: Pixels,
    plate: EyePlate,
    pose: EyePose,
    look: tuple[float, float],
    top: Points,
    bottom: Points,
    local: Matrix,
    window: tuple[int, int, int, int],
    down: Points,
) -> None:
    width, height = window[2:]
    made = ramp(0.0, 0.2, max(abs(look[0]), abs(look[1]), pose.widen, pose.lid + pose.squint - 0.3))
    ball = cv2.warpAffine(
        _looking(plate, round(look[0], 3), round(look[1], 3), round(made, 2)),
        local,
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
    )
    gap = ((bottom - top) @ down)[:, None]
    # The lid's shadow on the ball, and a thin one of the lower lid: what lies between them is lit.
    lit = np.concatenate([top + np.minimum(plate.width * 0.10, 0.4 * gap) * down, (bottom - 0.04 * gap * down)[::-1]])
    light = soften(fill_polygon(lit, *window), max(1.0, plate.width * 0.045))
    depth = min(_DEEPEST, 0.6 * max(pose.lid + 0.6 * pose.squint, 0) + 0.3 * abs(pose.widen) + 0.15 * made)
    if depth > 0.01:
        # Skin reddens the light that reaches a shaded eye.
        gains = [cv2.convertScaleAbs(light, alpha=part, beta=255 * (1 - part)) for part in depth * _SHADOW_TINT]
        ball = cv2.multiply(ball, cv2.merge([*gains, np.full_like(light, 255)]), scale=1 / 255)
    mask = fill_polygon(np.concatenate([top, bottom[::-1]]), *window)
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.6), np.uint8)
    # Fades in from the photo's own eye, so that nothing pops.
    over(view, np.asarray(ball, np.uint8), min(1.0, pose.activity * 8), soft)


_balls: WeakKeyDictionary[EyePlate, tuple[tuple[float, float, float], Pixels]] = WeakKeyDictionary()
"""The last ball of each eye: a gaze is held far longer than it moves. Goes with its rig; nobody's eyes are kept."""


def _looking(plate: EyePlate, gaze_x: float, gaze_y: float, made: float) -> Pixels:
    """The ball with its iris moved by the gaze; at ``made`` 0 the photo's own pixels."""
    kept = _balls.get(plate)
    if kept is not None and kept[0] == (gaze_x, gaze_y, made):
        return kept[1]
    size = plate.iris.shape[1::-1]
    shift = np.array([[1, 0, gaze_x * plate.radius], [0, 1, gaze_y * plate.radius]])
    ball = plate.sclera.copy()
    iris = cv2.warpAffine(plate.iris, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    over(ball, np.asarray(iris, np.uint8))
    if made < 1:
        over(ball, plate.photo, 1 - made, plate.opening)
    ball.setflags(write=False)
    _balls[plate] = (gaze_x, gaze_y, made), ball
    return ball


def _draw_lid(  # noqa: PLR0917
    view: Pixels,
    plate: EyePlate,
    pose: EyePose,
    shut: float,
    curves: tuple[Points, Points, Points, Points],
    local: Matrix,
    window: tuple[int, int, int, int],
    down: Points,
) -> None:
    x0, y0, width, height = window
    top, bottom, fold, cover = curves
    closing = ramp(0.1, 0.45, pose.lid)
    skin = cv2.warpAffine(plate.lid, local, (width, height), borderMode=cv2.BORDER_REPLICATE)
    feather = max(1.0, plate.width * 0.045)
    below_fold = fill_polygon(np.concatenate([fold, (bottom + down * plate.width * 0.3)[::-1]]), x0, y0, width, height)
    soft = soften(below_fold, feather)
    # Beyond the corners only the feather ends the skin: a cut there would leave a block of the photo's lashes.
    aside = np.array([down[1], -down[0]]) * plate.width * 0.25
    edge = np.concatenate([cover[:1] - aside, cover, cover[-1:] + aside])
    above_lash = fill_polygon(np.concatenate([edge - down * plate.width, edge[::-1]]), *window)
    mask = np.asarray(cv2.multiply(soft, above_lash, scale=1 / 255), np.uint8)
    over(view, np.asarray(skin, np.uint8), closing, mask)
    ink = np.empty((height, width, 4), np.uint8)
    ink[..., :3], ink[..., 3] = np.rint(plate.lash), 255
    over(view, ink, 0.9 * closing, lash_line(top, down, plate.width, plate.side, shut, window))
