"""Eyes: the ball under the lids, the closing lid, the lash line.

The photo shows only what its own lids left free. The plate of an eye holds the rest: a sclera with the iris taken
out, a whole iris, and the skin of a closed lid, made once per photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.contours import parted, taper_of
from app.engines.local.matte import bleed
from app.engines.local.raster import catmull_rom, fill_polygon, over, ramp, smoothstep
from app.engines.local.topology import Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]
    Matrix = NDArray[np.float64]

_PLATE_IN_WIDTHS = 1.9
_CURVE = 4
# Luminance of an eye's white under a light that makes skin middle grey.
_SCLERA_GREY = np.array([212.0, 207.0, 202.0])


@dataclass(frozen=True, slots=True, eq=False)
class EyePlate:
    """One eye, as a square cut from the canvas at ``origin`` (x, y px).

    ``photo``, ``sclera``, ``lid`` RGBA u8 (n, n, 4), opaque; ``iris`` premultiplied RGBA u8; ``opening`` u8 the
    photo's own opening; ``lash`` RGB of the darkest lash; ``width`` corner to corner px; ``radius`` of the iris.
    """

    origin: Points
    photo: Pixels
    sclera: Pixels
    iris: Pixels
    lid: Pixels
    opening: Pixels
    lash: Points
    width: float
    radius: float

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
    outline = np.concatenate([catmull_rom(upper, _CURVE), catmull_rom(lower, _CURVE)[::-1]])
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
    sclera = _sclera(photo, inside & (distance > radius * 1.12), light)
    iris = _iris(photo, inside & (distance < radius * 1.15), distance, radius)
    rim = photo[(cv2.dilate(opening, np.ones((5, 5), np.uint8)) > 0) & (opening < 30)].reshape(-1, 3)
    darkest = rim[np.argsort(rim.sum(1))[: max(1, len(rim) // 16)]]
    lash = np.minimum(darkest.mean(0), 56) if len(rim) else np.full(3, 30.0)
    return EyePlate(
        origin=origin.astype(np.float64),
        photo=_opaque(photo),
        sclera=_opaque(sclera),
        iris=iris,
        lid=_opaque(_closed_lid(pixels, face, side, (x0, y0, width_px, height_px))),
        opening=np.asarray(cv2.GaussianBlur(np.where(inside, 255, 0).astype(np.uint8), (0, 0), 0.8), np.uint8),
        lash=lash,
        width=width,
        radius=radius,
    )


def _opaque(rgb: Pixels) -> Pixels:
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def _sclera(photo: Pixels, white: NDArray[np.bool_], light: float) -> Pixels:
    """The white of the eye carried on under iris and lids: the photo's own, else lit like the skin."""
    guess = _SCLERA_GREY * light
    if white.sum() <= 12:
        return np.broadcast_to(guess, photo.shape).astype(np.uint8)
    brightness = photo.mean(2)
    bright = np.percentile(brightness[white], 65)
    typical = photo[white & (brightness >= bright)].astype(np.float64).mean(0)
    # Whites that squinting lids shade would look grey once the eye opens.
    typical *= max(1.0, 0.80 * guess.mean() / max(typical.mean(), 1.0))
    # Lashes that reach into the opening are no white.
    white &= brightness > 0.72 * bright
    filled = bleed(photo, white.astype(np.float32)).astype(np.float64)
    made = 0.35 * filled + 0.65 * typical
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
    colour = np.where(seen[..., None], photo, made)
    alpha = 1 - smoothstep(radius * 0.98, radius * 1.14, distance)
    return np.dstack([colour * alpha[..., None], alpha * 255]).astype(np.uint8)


def _closed_lid(pixels: Pixels, face: FaceFrame, side: Side, box: tuple[int, int, int, int]) -> Pixels:
    """Skin where the eye was: the colours round the eye carried inward, rounded by light, with the cheek's grain.

    Stretching the few pixels of an open eye's upper lid over the whole eye gives smears instead.
    """
    x0, y0, width, height = box
    photo = pixels[y0 : y0 + height, x0 : x0 + width]
    upper, lower = face.points[list(mesh.EYE_UPPER[side])], face.points[list(mesh.EYE_LOWER[side])]
    ring = np.concatenate(
        [
            catmull_rom(face.points[list(mesh.LID_HALO_UPPER[side])], _CURVE),
            catmull_rom(face.points[list(mesh.LID_HALO_LOWER[side])], _CURVE)[::-1],
        ]
    )
    eye_width = float(np.linalg.norm(upper[0] - upper[-1]))
    hole = cv2.dilate(fill_polygon(ring, x0, y0, width, height), _ellipse(eye_width * 0.05)) > 0
    grey = photo.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    nearby = (cv2.dilate(hole.astype(np.uint8), _ellipse(eye_width * 0.22)) > 0) & ~hole
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


def _ellipse(radius: float) -> Pixels:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


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
    top, bottom = _lid_curves(plate, pose, upper, lower, down)
    # A shut lid hides what the skin's own warp leaves of the eye below its edge.
    edge = catmull_rom(lower, _CURVE)
    reaches = np.where(((edge - top) @ down > 0)[:, None], edge, top)
    cover = top + (reaches - top) * ramp(0.78, 0.97, pose.lid + 0.4 * pose.squint)
    fold = catmull_rom(crease, _CURVE)
    everything = np.concatenate([top, bottom, fold])
    reach = plate.width * 0.16 + 3
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
        _draw_ball(view, plate, pose, top, bottom, local, window, down)
    if pose.lid > 0.1:
        _draw_lid(view, plate, pose, (top, bottom, fold, cover), local, window, down)


def _lid_curves(plate: EyePlate, pose: EyePose, upper: Points, lower: Points, down: Points) -> tuple[Points, Points]:
    """Smooth lid lines that never cross; shutting lids lose the photo's own dents."""
    top, bottom = catmull_rom(upper, _CURVE), catmull_rom(lower, _CURVE)
    if pose.lid > 0.3:
        share = ramp(0.3, 0.8, pose.lid)
        top = _smoothed(top, plate.width, down, share)
        bottom = _smoothed(bottom, plate.width, down, share)
    top, bottom = parted(top, bottom, down, plate.width * 0.02)
    # Shares of the gap leave a slit on deep-set eyes; a shut eye is shut.
    shut = ramp(0.78, 0.97, pose.lid + 0.4 * pose.squint)
    line = top * 0.35 + bottom * 0.65
    return top + (line - top) * shut, bottom + (line - bottom) * shut


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


def _draw_ball(  # noqa: PLR0917
    view: Pixels,
    plate: EyePlate,
    pose: EyePose,
    top: Points,
    bottom: Points,
    local: Matrix,
    window: tuple[int, int, int, int],
    down: Points,
) -> None:
    x0, y0, width, height = window
    ball = cv2.warpAffine(_looking(plate, pose), local, (width, height), borderMode=cv2.BORDER_REPLICATE)
    mask = fill_polygon(np.concatenate([top, bottom[::-1]]), x0, y0, width, height)
    shadow = 255 - fill_polygon(np.concatenate([top, top[::-1] + down * plate.width * 2]), x0, y0, width, height)
    shadow = np.asarray(cv2.GaussianBlur(shadow, (0, 0), max(1.0, plate.width * 0.05)), np.uint8)
    # The lid's shadow on the ball: deeper as it comes down, and a wide eye needs some or it stares.
    depth = 0.5 * min(1.0, max(pose.lid, 0) * 1.2 + abs(pose.widen) * 0.55)
    if depth > 0.01:
        gain = cv2.convertScaleAbs(shadow, alpha=-depth, beta=255)
        ball = cv2.multiply(ball, cv2.merge([gain, gain, gain, np.full_like(gain, 255)]), scale=1 / 255)
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.6), np.uint8)
    # Fades in from the photo's own eye, so that nothing pops.
    over(view, np.asarray(ball, np.uint8), min(1.0, pose.activity * 8), soft)


def _looking(plate: EyePlate, pose: EyePose) -> Pixels:
    """The ball with its iris moved by the gaze; the photo's own pixels while it looks where the photo looked."""
    away = min(1.0, (abs(pose.gaze_x) + abs(pose.gaze_y)) * 6)
    size = plate.iris.shape[1::-1]
    shift = np.array([[1, 0, pose.gaze_x * plate.radius], [0, 1, pose.gaze_y * plate.radius]])
    made = plate.sclera.copy()
    iris = cv2.warpAffine(plate.iris, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    over(made, np.asarray(iris, np.uint8))
    if away < 1:
        over(made, plate.photo, 1 - away, plate.opening)
    return made


def _draw_lid(  # noqa: PLR0917
    view: Pixels,
    plate: EyePlate,
    pose: EyePose,
    curves: tuple[Points, Points, Points, Points],
    local: Matrix,
    window: tuple[int, int, int, int],
    down: Points,
) -> None:
    x0, y0, width, height = window
    top, bottom, fold, cover = curves
    closing = ramp(0.1, 0.55, pose.lid)
    skin = cv2.warpAffine(plate.lid, local, (width, height), borderMode=cv2.BORDER_REPLICATE)
    feather = max(1.0, plate.width * 0.045)
    below_fold = fill_polygon(np.concatenate([fold, (bottom + down * plate.width * 0.3)[::-1]]), x0, y0, width, height)
    soft = cv2.GaussianBlur(below_fold, (0, 0), feather)
    above_lash = fill_polygon(np.concatenate([fold - down * plate.width, cover[::-1]]), x0, y0, width, height)
    mask = np.asarray(cv2.multiply(soft, above_lash, scale=1 / 255), np.uint8)
    over(view, np.asarray(skin, np.uint8), closing, mask)
    _draw_lash(view, plate, pose, top, window, down)


def _draw_lash(  # noqa: PLR0917
    view: Pixels, plate: EyePlate, pose: EyePose, top: Points, window: tuple[int, int, int, int], down: Points
) -> None:
    x0, y0, width, height = window
    taper = taper_of(len(top), 0.10, 0.5)
    thick = (plate.width * 0.045 * taper)[:, None] * down
    line = fill_polygon(np.concatenate([top - thick * 0.7, (top + thick * 0.5)[::-1]]), x0, y0, width, height)
    line = np.asarray(cv2.GaussianBlur(line, (0, 0), max(0.6, plate.width * 0.012)), np.uint8)
    ink = np.empty((height, width, 4), np.uint8)
    ink[..., :3], ink[..., 3] = np.rint(plate.lash), 255
    over(view, ink, 0.85 * ramp(0.15, 0.8, pose.lid), np.asarray(line, np.uint8))
