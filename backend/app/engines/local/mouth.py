"""The mouth: what shows between the lips, the seam of lips that close over teeth, the tongue that comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from app.engines.local.contours import parted, taper_of
from app.engines.local.lips import SEAM
from app.engines.local.mouth_plate import MouthPlate, mouth_plate
from app.engines.local.raster import blit, catmull_rom, fill_polygon, over, ramp, soften

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Points = NDArray[np.float64]
    Matrix = NDArray[np.float64]

_CURVE = 4
PARTING_UNITS = ("jaw", "pucker", "press", "sneer", "lip_down", "close", "neutral")
"""Units that part the lips or bring them together.

Smiles, frowns and shifts move both alike: the photo's own mouth goes with them and nothing needs to be drawn.
"""


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
        activity = max(abs(self.weights.get(unit, 0.0)) for unit in PARTING_UNITS)
        # Lips that the mesh sees apart though they are shut, or that part by a pixel as they close: no mouth opens.
        close, jaw = self.weights.get("close", 0.0), self.weights.get("jaw", 0.0)
        slack = 2.2 * ramp(0.4, 0.9, close) * (1 - ramp(0.1, 0.3, jaw))
        slack = max(slack, 0.8 * self.plate.rest_gap / self.scale)
        opened = self.shape.open_px / self.scale
        if activity > 0.01 and opened > 0.6 + slack:
            self._interior(min(1.0, activity * 7) * ramp(0.4 + slack, 1.6 + 1.6 * slack, opened))
        pout = self._pout()
        self._seam(1 - pout)
        if self.tongue_out > 0.02:
            self._tongue_on_lip()

    def _interior(self, opacity: float) -> None:
        shape, plate = self.shape, self.plate
        window = _window(np.concatenate([shape.upper, shape.lower]), 6 * self.scale, self.canvas.shape[0])
        if window is None:
            return
        x0, y0, width, height = window
        inside = fill_polygon(np.concatenate([shape.upper, shape.lower[::-1]]), x0, y0, width, height)
        layer = self._cavity(window)
        opened = shape.open_px / plate.height
        middle = len(shape.upper) // 2
        middle_top, middle_bottom = shape.upper[middle], shape.lower[middle]
        jaw = self.weights.get("jaw", 0.0)
        hanging = ramp(0.03, 0.3, self.tongue_out)
        if opened > 0.05 and hanging < 1:
            self._resting_tongue(layer, window, middle_bottom, 0.92 * (1 - hanging))
        if hanging > 0:
            blit(layer, plate.tongue, self._hung(window), hanging)
        shows = 0.85 * ramp(0.5, 0.9, jaw) * ramp(0.06, 0.12, opened) * (1 - hanging)
        if shows > 0:
            # Only their tips stand over the lip.
            self._arch(layer, window, plate.lower_teeth, shape.lower, middle_bottom - self.down * plate.height * 0.019,
                       (plate.width * 0.72, plate.height * 0.036), shows, 0.45)  # fmt: skip
        if plate.own is not None:
            self._own_teeth(layer, window)
        else:
            top = self.rigid[:, :2] @ plate.seam + self.rigid[:, 2] - self.down * plate.height * 0.012
            # The arch belongs to the skull, yet a lifted lip must not show its upper edge.
            lifted = (middle_top - top) @ self.down - plate.height * 0.006
            top = top + self.down * max(lifted, 0) - self.down * plate.height * 0.004
            self._arch(layer, window, plate.upper_teeth, shape.upper, top,
                       (plate.width, plate.height * 0.060), ramp(0.012, 0.045, opened))  # fmt: skip
        self._shade(layer, inside, window, opened, jaw)
        soft = np.asarray(cv2.GaussianBlur(inside, (0, 0), 0.75), np.uint8)
        over(self.canvas[y0 : y0 + height, x0 : x0 + width], layer, opacity, soft)

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

    def _own_teeth(self, layer: Pixels, window: tuple[int, int, int, int]) -> None:
        """The photo's own teeth ride with the skull; a mouth that widens shows a little more of them."""
        plate = self.plate
        if plate.own is None:
            return
        across = float(np.linalg.norm(self.shape.upper[-1] - self.shape.upper[0]))
        wider = float(np.clip(across / plate.inner_width, 0.92, 1.14))
        middle = plate.own_origin + (np.array(plate.own.shape[1::-1]) - 1) / 2
        linear = self.rigid[:, :2] @ np.diag([wider, 1 + (wider - 1) * 0.4])
        # They follow a lip that lifts a little: gums are seen less than a skull would show them.
        lip = self.shape.upper[len(self.shape.upper) // 2]
        lifted = float((self.rigid[:, :2] @ plate.seam + self.rigid[:, 2] - lip) @ self.down) / plate.height
        there = self.rigid[:, :2] @ middle + self.rigid[:, 2] - window[:2]
        there = there - self.down * plate.height * float(np.clip(0.6 * (lifted - 0.004), 0, 0.022))
        blit(layer, plate.own, np.column_stack([linear, there - linear @ (middle - plate.own_origin)]))

    def _arch(  # noqa: PLR0917
        self,
        layer: Pixels,
        window: tuple[int, int, int, int],
        sprite: Pixels,
        lip: Points,
        top: Points,
        size: tuple[float, float],
        opacity: float,
        follow: float = 0.85,
    ) -> None:
        """A drawn arch, its top middle at ``top``, bent along a lip: a straight one bares black at the corners."""
        x0, y0, width, height = window
        x = (np.arange(width) + x0 - top[0]).astype(np.float32)
        y = (np.arange(height) + y0 - top[1]).astype(np.float32)[:, None]
        bend = (lip - lip[len(lip) // 2]) @ self.down * follow
        bent = np.interp(x * self.right[0], (lip - top) @ self.right, bend)
        rows, columns = sprite.shape[:2]
        to_column, to_row = columns / size[0], rows / size[1]
        at_x = x * (self.right[0] * to_column) + y * (self.right[1] * to_column) + (columns - 1) / 2
        at_y = (x * self.down[0] - bent) * to_row + y * (self.down[1] * to_row)
        drawn = cv2.remap(
            sprite, at_x.astype(np.float32), at_y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        over(layer, np.asarray(drawn, np.uint8), opacity)

    def _resting_tongue(self, layer: Pixels, window: tuple[int, int, int, int], bottom: Points, opacity: float) -> None:
        """The tongue on the floor of an open mouth: the hanging tongue's sprite, upside down and foreshortened."""
        plate = self.plate
        rise = min(self.shape.open_px * 0.42, 0.085 * plate.height)
        sprite = plate.tongue
        height, width = sprite.shape[:2]
        size = (plate.width * 0.64, plate.height * 0.17)
        linear = np.column_stack([self.right * size[0] / width, -self.down * size[1] / height])
        tip = bottom - self.down * rise
        corner = tip - linear @ np.array([(width - 1) / 2, height - 1.0])
        blit(layer, sprite, np.column_stack([linear, corner - window[:2]]), opacity)

    def _shade(
        self, layer: Pixels, inside: Pixels, window: tuple[int, int, int, int], opened: float, jaw: float
    ) -> None:
        """Occlusion under the upper lip and along the rim: without it teeth lie on the face like paper."""
        x0, y0, width, height = window
        upper = self.shape.upper
        depth = ramp(0, 0.03, opened) if self.plate.own is None else 0.6 * ramp(0.05, 0.6, jaw)
        if depth < 0.01:
            return
        whole = fill_polygon(np.concatenate([upper, upper[::-1] + self.down * 3 * height]), x0, y0, width, height)
        under = np.asarray(soften(whole, max(1.0, self.plate.height * 0.018)), np.uint8)
        # A tongue that hangs over the lower lip has no rim there.
        rim = soften(inside if self.tongue_out < 0.02 else whole, max(1.0, self.plate.height * 0.012))
        lip_gain = cv2.convertScaleAbs(under, alpha=0.52 * depth, beta=255 * (1 - 0.52 * depth))
        rim_gain = cv2.convertScaleAbs(rim, alpha=0.50 * depth, beta=255 * (1 - 0.45 * depth))
        gain = cv2.multiply(lip_gain, rim_gain, scale=1 / 255)
        # Light between lips has been on flesh: shade there is red, a grey one makes teeth look dead.
        red = cv2.convertScaleAbs(gain, alpha=0.8, beta=51)
        cv2.multiply(layer, cv2.merge([red, gain, gain, np.full_like(gain, 255)]), dst=layer, scale=1 / 255)

    def _pout(self) -> float:
        """Drawn lips over those that pucker for a kiss; returns how far they cover the photo's, 0..1."""
        weights, plate, shape = self.weights, self.plate, self.shape
        pucker = weights.get("pucker", 0.0)
        strength = ramp(0.35, 1.0, pucker) * ramp(0.3, 0.9, weights.get("close", 0.0) if plate.own is not None else 1.0)
        strength *= 1 - ramp(0.02, 0.05, shape.open_px / plate.height)
        if strength < 0.02:
            return 0.0
        middle = len(shape.upper) // 2
        across = shape.upper[-1] - shape.upper[0]
        breadth = float(np.linalg.norm(across))
        right = across / max(breadth, 1e-6)
        centre = (shape.upper[middle] + shape.lower[middle]) / 2
        rows, columns = plate.pout.shape[:2]
        tall = plate.height * (0.108 + 0.030 * min(pucker, 1.3))
        linear = np.column_stack([right * breadth * 1.10 / columns, self.down * tall / rows])
        corner = centre - linear @ np.array([(columns - 1) / 2, (rows - 1) * SEAM])
        blit(self.canvas, plate.pout, np.column_stack([linear, corner]), 0.78 * strength)
        return strength

    def _seam(self, share: float) -> None:
        """A warm dark line where lips have just closed over the photo's teeth, which leave no seam of their own."""
        strength = share * ramp(0.5, 0.95, self.weights.get("close", 0.0))
        strength *= 1 - ramp(1.5, 5.0, self.shape.open_px / self.scale)
        if strength < 0.02 or self.plate.own is None:
            return
        line = (self.shape.upper + self.shape.lower) / 2
        window = _window(line, 8 * self.scale, self.canvas.shape[0])
        if window is None:
            return
        x0, y0, width, height = window
        breadth = taper_of(len(line), 0.0, 0.9)[:, None] * self.plate.height
        view = self.canvas[y0 : y0 + height, x0 : x0 + width]
        ink = np.full((height, width, 4), 255, np.uint8)
        bare = 1 - ramp(0.4, 0.9, self.weights.get("neutral", 0.0))
        if bare > 0.02:
            # Without ``neutral`` the photo's teeth still lie under the lips and show in slivers.
            wide = self.down * taper_of(len(line), 0.0, 0.5)[:, None] * self.plate.height * 0.0085
            band = fill_polygon(np.concatenate([line - wide, (line + wide)[::-1]]), x0, y0, width, height)
            band = np.asarray(cv2.GaussianBlur(band, (0, 0), max(0.8, self.plate.height * 0.0040)), np.uint8)
            ink[..., :3] = np.rint(self.plate.lip * (0.92, 0.86, 0.86))
            over(view, ink, bare * strength, band)
        half = np.concatenate([line - self.down * breadth * 0.0030, (line + self.down * breadth * 0.0042)[::-1]])
        core = fill_polygon(half, x0, y0, width, height)
        mask = cv2.GaussianBlur(core, (0, 0), max(0.7, self.plate.height * 0.0032))
        shade = soften(core, max(1.2, self.plate.height * 0.0100))
        both = cv2.addWeighted(mask, 0.55, shade, 0.80, 0)
        ink[..., :3] = np.rint(self.plate.lip * (0.44, 0.28, 0.26))
        over(view, ink, 0.9 * strength, np.asarray(both, np.uint8))

    def _hung(self, window: tuple[int, int, int, int]) -> Matrix:
        """Where the tongue hangs: (2, 3), its sprite's px to the window's; its root lies deep under the upper lip."""
        plate, shape = self.plate, self.shape
        turn = np.radians(self.weights.get("tongue.turn", 0.0))
        right = self.right * np.cos(turn) + self.down * np.sin(turn)
        down = -self.right * np.sin(turn) + self.down * np.cos(turn)
        middle = len(shape.upper) // 2
        gap = max(float((shape.lower[middle] - shape.upper[middle]) @ self.down), 0.0)
        across = float(np.linalg.norm(shape.upper[-1] - shape.upper[0]))
        breadth = min(plate.width * 0.58, across * 0.74)
        # A turned root must not come out from under the lip with a corner.
        inside = max(gap * 0.88, plate.height * 0.03) + 0.5 * breadth * abs(np.sin(turn))
        root = shape.lower[middle] - down * inside
        size = (breadth, inside + plate.height * 0.150 * self.tongue_out)
        height, width = plate.tongue.shape[:2]
        linear = np.column_stack([right * size[0] / width, down * size[1] / height])
        return np.column_stack([linear, root - linear @ np.array([(width - 1) / 2, 0.0]) - window[:2]])

    def _tongue_on_lip(self) -> None:
        """What of the tongue lies on the lower lip and hangs over it, with the shade that it casts."""
        plate = self.plate
        sprite, hung = plate.tongue, self._hung((0, 0, 0, 0))
        height, width = sprite.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float) @ hung[:, :2].T + hung[:, 2]
        window = _window(np.concatenate([corners, self.shape.lower]), 12 * self.scale, self.canvas.shape[0])
        if window is None:
            return
        x0, y0, w, h = window
        lip = self.shape.lower - self.down * 0.8 * self.scale
        side = self.right * 4 * w
        edge = np.concatenate([lip[:1] - side, lip, lip[-1:] + side])
        below = fill_polygon(np.concatenate([edge, (edge + self.down * 4 * h)[::-1]]), x0, y0, w, h)
        mask = np.asarray(cv2.GaussianBlur(below, (0, 0), 0.8), np.uint8)
        hung[:, 2] -= (x0, y0)
        cast = hung.copy()
        margin = (np.array(plate.tongue_shadow.shape[1::-1]) - sprite.shape[1::-1]) / 2
        cast[:, 2] += self.down * plate.height * 0.012 - hung[:, :2] @ margin
        view = self.canvas[y0 : y0 + h, x0 : x0 + w]
        out = min(1.0, 3 * self.tongue_out)
        # The shade starts a little below the tongue's own edge, which would else show as a line across it.
        shaded = np.zeros_like(mask)
        step = round(3 * self.scale)
        shaded[step:] = mask[:-step]
        blit(view, plate.tongue_shadow, cast, 0.55 * out, shaded)
        blit(view, sprite, hung, 1.0, mask)


def _window(points: Points, margin: float, size: int) -> tuple[int, int, int, int] | None:
    """The canvas rectangle (x0, y0, width, height) round points, or None when hardly any of it is on the canvas."""
    x0, y0 = np.maximum(np.floor(points.min(0) - margin), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(points.max(0) + margin), size).astype(int)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    return int(x0), int(y0), int(x1 - x0), int(y1 - y0)


__all__ = ["PARTING_UNITS", "MouthPainter", "MouthPlate", "MouthShape", "mouth_plate", "mouth_shape"]
