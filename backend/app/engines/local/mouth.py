"""The mouth: what shows between the lips, the seam of lips that close over teeth, the tongue that comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local import topology as mesh
from app.engines.local.contours import parted, taper_of
from app.engines.local.raster import blit, catmull_rom, fill_polygon, over, ramp
from app.engines.local.teeth import cavity_texture, teeth_sprite, tongue_sprite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from app.engines.local.geometry import FaceFrame

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]
    Matrix = NDArray[np.float64]

_CURVE = 4
_OVERSAMPLED = 2
MOUTH_UNITS = (
    "jaw", "smile_right", "smile_left", "pucker", "frown", "press", "sneer", "lip_down", "mouth_shift", "close",
    "neutral",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class MouthPlate:
    """What one photo's mouth needs, made once.

    ``own`` is the photo's own mouth interior, premultiplied RGBA u8 of the rectangle at ``own_origin``, or None
    when the photo shows no teeth; all other sprites are drawn and coloured from the photo.
    """

    own: Pixels | None
    own_origin: Points
    upper_teeth: Pixels
    lower_teeth: Pixels
    tongue: Pixels
    tongue_colour: Points
    cavity: Pixels
    lip: Points
    seam: Points
    width: float
    inner_width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class MouthShape:
    """The posed inner lips of one frame: smooth curves (n, 2) canvas px that never cross, and their gap px."""

    upper: Points
    lower: Points
    gap: NDArray[np.float64]

    @property
    def open_px(self) -> float:
        """The largest gap."""
        return float(self.gap.max())


def mouth_shape(upper: Points, lower: Points, down: Points) -> MouthShape:
    """Inner-lip curves of a frame from posed mesh points (11, 2) each."""
    top, bottom = catmull_rom(upper, _CURVE), catmull_rom(lower, _CURVE)
    top, bottom = parted(top, bottom, down, float(np.linalg.norm(top[-1] - top[0])) * 0.01)
    return MouthShape(top, bottom, np.maximum((bottom - top) @ down, 0))


def mouth_plate(pixels: Pixels, face: FaceFrame, skin: Points, light: float, light_ratio: float) -> MouthPlate:
    """Sprites of one photo's mouth.

    ``pixels`` RGB u8 canvas; ``skin`` mean RGB of lit skin; ``light`` its luminance 0..1; ``light_ratio`` right
    cheek over left.
    """
    points = face.points
    inner = np.concatenate(
        [
            catmull_rom(points[list(mesh.LIPS_UPPER_INNER)], 3),
            catmull_rom(points[list(mesh.LIPS_LOWER_INNER)], 3)[::-1],
        ]
    )
    x0, y0 = np.floor(inner.min(0) - 8).astype(int)
    x1, y1 = np.ceil(inner.max(0) + 8).astype(int)
    x0, y0 = max(int(x0), 0), max(int(y0), 0)
    part = pixels[y0 : int(y1), x0 : int(x1)]
    inside = fill_polygon(inner, x0, y0, part.shape[1], part.shape[0])
    enamel = _enamel(part, inside > 200, light) if face.toothy else np.zeros(part.shape[:2], bool)
    shown = float(enamel.sum() / max((inside > 200).sum(), 1))
    has_teeth = shown > 0.35
    tint = skin / skin.mean()
    colour = (
        np.percentile(part[enamel].astype(np.float64), 70, axis=0)
        if has_teeth
        else np.array([240.0, 232.0, 216.0]) * np.clip(0.30 + 0.74 * light, 0.30, 1) * (0.75 + 0.25 * tint)
    )
    colour = np.clip(colour, 0, 250)
    width = 2 * face.mouth_half_width
    lip_at = np.clip(points[[17, 16, 15, 84, 314]].astype(int), 0, pixels.shape[0] - 1)
    lip = pixels[lip_at[:, 1], lip_at[:, 0]].astype(np.float64).mean(0)
    tongue = np.array([208.0, 92.0, 100.0]) * (0.32 + 0.75 * light) * 0.62 + lip * 0.38
    return MouthPlate(
        own=_own_interior(part, inside, enamel) if has_teeth else None,
        own_origin=np.array([x0, y0], float),
        upper_teeth=teeth_sprite(
            int(width * 1.05) * _OVERSAMPLED, int(face.height * 0.062) * _OVERSAMPLED, colour, light_ratio, upper=True
        ),
        lower_teeth=teeth_sprite(
            int(width * 0.8) * _OVERSAMPLED,
            int(face.height * 0.045) * _OVERSAMPLED,
            colour * 0.8,
            light_ratio,
            upper=False,
        ),
        tongue=tongue_sprite(
            int(width * 0.75) * _OVERSAMPLED, int(face.height * 0.30) * _OVERSAMPLED, np.clip(tongue, 0, 235), light
        ),
        tongue_colour=tongue,
        cavity=cavity_texture(light),
        lip=lip,
        seam=(points[mesh.UPPER_LIP_MIDDLE] + points[12]) / 2,
        width=width,
        inner_width=float(np.linalg.norm(points[308] - points[78])),
        height=face.height,
    )


def _enamel(part: Pixels, inside: NDArray[np.bool_], light: float) -> NDArray[np.bool_]:
    """Where the photo shows teeth: bright and hardly coloured, inside the lips."""
    hsv = cv2.cvtColor(part, cv2.COLOR_RGB2HSV)
    bright = (hsv[..., 1] < 112) & (hsv[..., 2] > 95 * max(0.5, light)) & inside
    closed = cv2.morphologyEx(bright.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return np.asarray((closed > 0) & inside)


def _own_interior(part: Pixels, inside: Pixels, enamel: NDArray[np.bool_]) -> Pixels:
    """The photo's mouth from the upper lip down to the lower edge of its teeth, gums and gaps included."""
    alpha = np.zeros(part.shape[:2], np.float32)
    within = inside > 60
    for column in np.flatnonzero(enamel.any(0)):
        rows = np.flatnonzero(enamel[:, column])
        first = np.flatnonzero(within[:, column])[0]
        alpha[first : rows[-1] + 1, column] = 1
    soft = np.asarray(cv2.GaussianBlur(cv2.erode(alpha, np.ones((2, 2), np.uint8)), (0, 0), 1.0), np.float32)
    return np.dstack([part * soft[..., None], soft * 255]).astype(np.uint8)


class MouthPainter:
    """Paints one frame's mouth; holds what the steps share.

    ``axes`` are the skull's right and down unit vectors in this frame, ``rigid`` (2, 3) carries rest canvas px to
    posed canvas px at the mouth.
    """

    def __init__(  # noqa: PLR0917 - as many things meet in a mouth
        self,
        canvas: Pixels,
        plate: MouthPlate,
        shape: MouthShape,
        weights: Mapping[str, float],
        rigid: Matrix,
        axes: tuple[Points, Points],
    ) -> None:
        self.canvas, self.plate, self.shape, self.weights, self.rigid = canvas, plate, shape, weights, rigid
        self.right, self.down = axes
        self.scale = canvas.shape[0] / 512
        self.tongue_out = weights.get("tongue.out", 0.0)

    def paint(self) -> None:
        """Interior, seam and tongue, as far as this frame shows them."""
        activity = max((abs(self.weights.get(unit, 0.0)) for unit in MOUTH_UNITS), default=0.0)
        if activity > 0.01 and self.shape.open_px > 0.6 * self.scale:
            self._interior(min(1.0, activity * 7))
        self._seam()
        if self.tongue_out > 0.02:
            self._tongue()

    def _interior(self, strength: float) -> None:
        shape, plate = self.shape, self.plate
        window = _window(np.concatenate([shape.upper, shape.lower]), 6 * self.scale, self.canvas.shape[0])
        if window is None:
            return
        x0, y0, width, height = window
        inside = fill_polygon(np.concatenate([shape.upper, shape.lower[::-1]]), x0, y0, width, height)
        layer = self._cavity(window)
        opened = shape.open_px / plate.height
        middle_top, middle_bottom = shape.upper[len(shape.upper) // 2], shape.lower[len(shape.lower) // 2]
        jaw = self.weights.get("jaw", 0.0)
        if self.tongue_out < 0.05:
            if opened > 0.05:
                self._resting_tongue(layer, window, middle_bottom)
            shows = ramp(0.5, 1.0, jaw) if plate.own is not None else ramp(0.07, 0.13, opened)
            self._put(
                layer,
                window,
                plate.lower_teeth,
                middle_bottom - self.down * plate.height * 0.020,
                (plate.width * 0.66, plate.height * 0.036),
                0.85 * shows,
            )
        if plate.own is not None:
            self._own_teeth(layer, window)
        else:
            top = self.rigid[:, :2] @ plate.seam + self.rigid[:, 2] - self.down * plate.height * 0.012
            # The arch belongs to the skull, yet a lifted lip must not show its upper edge.
            lifted = (middle_top - top) @ self.down - plate.height * 0.006
            top = top + self.down * max(lifted, 0) - self.down * plate.height * 0.004
            self._arch(layer, window, top, ramp(0.008, 0.03, opened))
        self._shade(layer, inside, window, opened, jaw)
        soft = np.asarray(cv2.GaussianBlur(inside, (0, 0), 0.75), np.uint8)
        seen = ramp(0.4, 1.6, shape.open_px / self.scale)
        over(self.canvas[y0 : y0 + height, x0 : x0 + width], layer, seen * strength, soft)

    def _cavity(self, window: tuple[int, int, int, int]) -> Pixels:
        shape, texture = self.shape, self.plate.cavity
        x0, y0, width, height = window
        across = shape.upper[-1] - shape.upper[0]
        top = shape.upper[len(shape.upper) // 2]
        side = texture.shape[0] - 1
        linear = np.column_stack([across / side, self.down * max(shape.open_px, 1) / side])
        corner = top - across / 2
        matrix = np.column_stack([linear, corner - (x0, y0)])
        return np.asarray(cv2.warpAffine(texture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)

    def _put(  # noqa: PLR0917
        self,
        layer: Pixels,
        window: tuple[int, int, int, int],
        sprite: Pixels,
        top: Points,
        size: tuple[float, float],
        opacity: float,
    ) -> None:
        """Blit a sprite whose top middle stands at ``top`` (canvas px), ``size`` px wide and tall."""
        height, width = sprite.shape[:2]
        linear = np.column_stack([self.right * size[0] / width, self.down * size[1] / height])
        corner = top - linear @ np.array([(width - 1) / 2, 0.0])
        blit(layer, sprite, np.column_stack([linear, corner - window[:2]]), opacity)

    def _own_teeth(self, layer: Pixels, window: tuple[int, int, int, int]) -> None:
        """The photo's own teeth ride with the skull; a mouth that widens shows a little more of them."""
        plate = self.plate
        if plate.own is None:
            return
        across = float(np.linalg.norm(self.shape.upper[-1] - self.shape.upper[0]))
        wider = float(np.clip(across / plate.inner_width, 1.0, 1.14))
        middle = plate.own_origin + (np.array(plate.own.shape[1::-1]) - 1) / 2
        linear = self.rigid[:, :2] @ np.diag([wider, 1 + (wider - 1) * 0.4])
        there = self.rigid[:, :2] @ middle + self.rigid[:, 2] - window[:2]
        blit(layer, plate.own, np.column_stack([linear, there - linear @ (middle - plate.own_origin)]))

    def _arch(self, layer: Pixels, window: tuple[int, int, int, int], top: Points, opacity: float) -> None:
        """The drawn upper arch, bent along the lifted lip: a straight one bares a black gap at the corners."""
        x0, y0, width, height = window
        plate, sprite = self.plate, self.plate.upper_teeth
        x, y = np.meshgrid(np.arange(width) + x0 - top[0], np.arange(height) + y0 - top[1])
        along, below = x * self.right[0] + y * self.right[1], x * self.down[0] + y * self.down[1]
        lip = self.shape.upper
        bend = (lip - lip[len(lip) // 2]) @ self.down * 0.85
        below = below - np.interp(along, (lip - top) @ self.right, bend)
        rows, columns = sprite.shape[:2]
        at_x = (along / plate.width * columns + (columns - 1) / 2).astype(np.float32)
        at_y = (below / (plate.height * 0.074) * rows).astype(np.float32)
        drawn = cv2.remap(sprite, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        over(layer, np.asarray(drawn, np.uint8), opacity)

    def _resting_tongue(self, layer: Pixels, window: tuple[int, int, int, int], bottom: Points) -> None:
        """The tongue on the floor of an open mouth: the hanging tongue's sprite, upside down and foreshortened."""
        plate = self.plate
        rise = min(self.shape.open_px * 0.42, 0.085 * plate.height)
        sprite = plate.tongue
        height, width = sprite.shape[:2]
        size = (plate.width * 0.64, plate.height * 0.17)
        linear = np.column_stack([self.right * size[0] / width, -self.down * size[1] / height])
        tip = bottom - self.down * rise
        corner = tip - linear @ np.array([(width - 1) / 2, height - 1.0])
        blit(layer, sprite, np.column_stack([linear, corner - window[:2]]), 0.92)

    def _shade(
        self, layer: Pixels, inside: Pixels, window: tuple[int, int, int, int], opened: float, jaw: float
    ) -> None:
        """Occlusion under the upper lip and along the rim: without it teeth lie on the face like paper."""
        x0, y0, width, height = window
        upper = self.shape.upper
        depth = ramp(0, 0.03, opened) if self.plate.own is None else 0.6 * ramp(0.05, 0.6, jaw)
        if depth < 0.01:
            return
        under = fill_polygon(np.concatenate([upper, upper[::-1] + self.down * 3 * height]), x0, y0, width, height)
        under = np.asarray(cv2.GaussianBlur(under, (0, 0), max(1.0, self.plate.height * 0.018)), np.uint8)
        rim = cv2.GaussianBlur(inside, (0, 0), max(1.0, self.plate.height * 0.012))
        lip_gain = cv2.convertScaleAbs(under, alpha=0.62 * depth, beta=255 * (1 - 0.62 * depth))
        rim_gain = cv2.convertScaleAbs(rim, alpha=0.55 * depth, beta=255 * (1 - 0.50 * depth))
        gain = cv2.multiply(lip_gain, rim_gain, scale=1 / 255)
        cv2.multiply(layer, cv2.merge([gain, gain, gain, np.full_like(gain, 255)]), dst=layer, scale=1 / 255)

    def _seam(self) -> None:
        """A dark line where lips have just closed over the photo's teeth, which leave no seam of their own."""
        strength = ramp(0.5, 0.95, self.weights.get("close", 0.0))
        strength *= 1 - ramp(0.6, 2.5, self.shape.open_px / self.scale)
        if strength < 0.02 or self.plate.own is None:
            return
        line = (self.shape.upper + self.shape.lower) / 2
        window = _window(line, 8 * self.scale, self.canvas.shape[0])
        if window is None:
            return
        x0, y0, width, height = window
        taper = taper_of(len(line), 0.15, 0.6)[:, None] * self.plate.height * 0.0055
        mask = fill_polygon(
            np.concatenate([line - self.down * taper, (line + self.down * taper)[::-1]]), x0, y0, width, height
        )
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.8, self.plate.height * 0.0042)), np.uint8)
        ink = np.empty((height, width, 4), np.uint8)
        ink[..., :3], ink[..., 3] = np.rint(self.plate.lip * (0.46, 0.34, 0.34)), 255
        over(self.canvas[y0 : y0 + height, x0 : x0 + width], ink, 0.7 * strength, np.asarray(mask, np.uint8))

    def _tongue(self) -> None:
        plate, shape = self.plate, self.shape
        turn = np.radians(self.weights.get("tongue.turn", 0.0))
        right = self.right * np.cos(turn) + self.down * np.sin(turn)
        down = -self.right * np.sin(turn) + self.down * np.cos(turn)
        middle = len(shape.upper) // 2
        gap = max(float((shape.lower[middle] - shape.upper[middle]) @ self.down), 0.0)
        root = shape.upper[middle] + self.down * gap * 0.32
        across = float(np.linalg.norm(shape.upper[-1] - shape.upper[0]))
        size = (min(plate.width * 0.65, across * 0.80), gap * 0.68 + plate.height * 0.165 * self.tongue_out)
        sprite = plate.tongue
        height, width = sprite.shape[:2]
        linear = np.column_stack([right * size[0] / width, down * size[1] / height])
        matrix = np.column_stack([linear, root - linear @ np.array([(width - 1) / 2, 0.0])])
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float) @ linear.T + matrix[:, 2]
        window = _window(np.concatenate([corners, shape.upper]), 8 * self.scale, self.canvas.shape[0])
        if window is None:
            return
        x0, y0, w, h = window
        mask = self._tongue_mask(window)
        local = matrix.copy()
        local[:, 2] -= (x0, y0)
        view = self.canvas[y0 : y0 + h, x0 : x0 + w]
        shadow = np.zeros_like(sprite)
        shadow[..., :3] = (np.array([34, 14, 18]) * (sprite[..., 3:] / 255.0)).astype(np.uint8)
        shadow[..., 3] = sprite[..., 3]
        below = local.copy()
        below[:, 2] += self.down * plate.height * 0.016
        blit(view, shadow, below, 0.38 * self.tongue_out, mask)
        blit(view, sprite, local, 1.0, mask)

    def _tongue_mask(self, window: tuple[int, int, int, int]) -> Pixels:
        """Inside the mouth, and everywhere below the lower lip's inner edge: the tongue lies on that lip."""
        shape = self.shape
        x0, y0, width, height = window
        reach = self.down * 4 * height
        side = self.right * 4 * width
        lower = np.concatenate([shape.lower[:1] - side, shape.lower, shape.lower[-1:] + side])
        below = fill_polygon(np.concatenate([lower, (lower + reach)[::-1]]), x0, y0, width, height)
        inside = fill_polygon(np.concatenate([shape.upper, shape.lower[::-1]]), x0, y0, width, height)
        return np.asarray(cv2.GaussianBlur(cv2.max(below, inside), (0, 0), 0.8), np.uint8)


def _window(points: Points, margin: float, size: int) -> tuple[int, int, int, int] | None:
    """The canvas rectangle (x0, y0, width, height) round points, or None when hardly any of it is on the canvas."""
    x0, y0 = np.maximum(np.floor(points.min(0) - margin), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(points.max(0) + margin), size).astype(int)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    return int(x0), int(y0), int(x1 - x0), int(y1 - y0)
