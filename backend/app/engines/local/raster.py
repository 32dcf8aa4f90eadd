"""Drawing on a premultiplied RGBA canvas: sprites, antialiased polygons, smooth curves.

A canvas and a sprite are u8 arrays (height, width, 4) in RGBA order whose colour is already multiplied by
alpha/255, so no channel exceeds alpha. Everything here stays in u8 and in the touched region, because an effect
is drawn many times a frame: a 100 px sprite costs about 50 microseconds.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Canvas = NDArray[np.uint8]
    Sprite = NDArray[np.uint8]
    Mask = NDArray[np.uint8]
    Points = NDArray[np.float64]
    Matrix = NDArray[np.float64]
    Outline = NDArray[np.float64] | Sequence[Sequence[float]]

Scalar = TypeVar("Scalar", np.uint8, np.float32)

_BAND_PIXELS = 1 << 14
"""Large layers are laid in bands of about this many pixels: the work buffers stay in the cache and off mmap."""

_VISIBLE = 1.0 / 512.0
"""Below this opacity a sprite could not change any u8 value."""


def blit(canvas: Canvas, sprite: Sprite, matrix: Matrix, opacity: float = 1.0, mask: Mask | None = None) -> None:
    """Lay a sprite over a canvas, in place.

    Args:
        canvas: u8 (h, w, 4), premultiplied RGBA; changed in the touched region only.
        sprite: u8 (sh, sw, 4), premultiplied RGBA; outside it counts as transparent.
        matrix: float (2, 3), sprite pixels to canvas pixels, pixel centres at integers.
        opacity: 0 to 1, multiplies the sprite.
        mask: u8 (h, w) of the canvas or None; multiplies the sprite, 255 lets it through.
    """
    opacity = min(opacity, 1.0)
    if opacity < _VISIBLE:
        return
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix[0, 0] == 1.0 == matrix[1, 1] and matrix[0, 1] == 0.0 == matrix[1, 0] and not (matrix[:, 2] % 1.0).any():
        _blit_whole(canvas, sprite, (int(matrix[0, 2]), int(matrix[1, 2])), opacity, mask)
        return
    sprite, matrix = _reduced(sprite, matrix)
    box = _touched(sprite, matrix, canvas.shape[1], canvas.shape[0])
    if box is None:
        return
    x0, y0, x1, y1 = box
    local = matrix.copy()
    local[0, 2] -= x0
    local[1, 2] -= y0
    layer = cv2.warpAffine(sprite, local, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    over(canvas[y0:y1, x0:x1], np.asarray(layer, np.uint8), opacity, None if mask is None else mask[y0:y1, x0:x1])


def _blit_whole(canvas: Canvas, sprite: Sprite, corner: tuple[int, int], opacity: float, mask: Mask | None) -> None:
    """Lay a sprite over whole pixels: nothing to sample."""
    x, y = corner
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + sprite.shape[1], canvas.shape[1]), min(y + sprite.shape[0], canvas.shape[0])
    if x1 > x0 and y1 > y0:
        part = sprite[y0 - y : y1 - y, x0 - x : x1 - x]
        over(canvas[y0:y1, x0:x1], part, opacity, None if mask is None else mask[y0:y1, x0:x1])


def over(canvas: Canvas, layer: Canvas, opacity: float = 1.0, mask: Mask | None = None) -> None:
    """Lay a layer of the canvas' own shape over it, in place; arguments as in :func:`blit`."""
    rows = max(_BAND_PIXELS // max(canvas.shape[1], 1), 1)
    for top in range(0, canvas.shape[0], rows):
        band = slice(top, top + rows)
        _over_band(canvas[band], layer[band], opacity, None if mask is None else mask[band])


def _over_band(canvas: Canvas, layer: Canvas, opacity: float, mask: Mask | None) -> None:
    if mask is not None:
        # The opacity rides on the multiplication that the mask needs anyway.
        layer = np.asarray(cv2.multiply(layer, _four(mask), scale=opacity / 255.0), np.uint8)
    elif opacity < 1.0:
        layer = np.asarray(cv2.convertScaleAbs(layer, alpha=opacity), np.uint8)
    hidden = cv2.bitwise_not(cv2.extractChannel(layer, 3))
    kept = cv2.multiply(canvas, _four(np.asarray(hidden, np.uint8)), scale=1.0 / 255.0)
    cv2.add(kept, layer, dst=canvas)


def _four(plane: Mask) -> Canvas:
    return np.asarray(cv2.merge((plane, plane, plane, plane)), np.uint8)


def placed(
    sprite: Sprite,
    centre: ArrayLike,
    scale: float,
    angle: float = 0.0,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> Matrix:
    """Return the matrix that puts a sprite's middle at ``centre``.

    Args:
        sprite: u8 (sh, sw, 4).
        centre: (x, y) in canvas pixels.
        scale: canvas pixels per sprite pixel.
        angle: degrees, clockwise on the screen.
        stretch: further factors along the sprite's own x and y, before it is turned; negative mirrors.

    Returns:
        float64 (2, 3) for :func:`blit`.
    """
    height, width = sprite.shape[:2]
    x, y = np.asarray(centre, dtype=np.float64)[:2]
    radians = np.radians(angle)
    cosine, sine = np.cos(radians) * scale, np.sin(radians) * scale
    a, b = cosine * stretch[0], -sine * stretch[1]
    c, d = sine * stretch[0], cosine * stretch[1]
    middle_x, middle_y = (width - 1) / 2.0, (height - 1) / 2.0
    return np.array(
        [[a, b, x - a * middle_x - b * middle_y], [c, d, y - c * middle_x - d * middle_y]],
        dtype=np.float64,
    )


def remap(picture: NDArray[Scalar], at: NDArray[np.float32], border: int = cv2.BORDER_REPLICATE) -> NDArray[Scalar]:
    """Return a picture or plane sampled bilinearly at ``at``, float32 (h, w, 2), x and y in its own pixels."""
    # OpenCV takes one map of both coordinates, which its type hints leave out.
    sampled = cv2.remap(picture, at, None, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[call-overload]
    return np.asarray(sampled, picture.dtype)


def fill_polygon(  # noqa: PLR0917 - a window reads best in this order
    points: ArrayLike, x0: int, y0: int, width: int, height: int, shift: int = 4
) -> Mask:
    """Return the antialiased coverage of a polygon inside a window of the canvas.

    Args:
        points: (n, 2) canvas pixels, closed by itself; fewer than three points cover nothing.
        x0: left edge of the window.
        y0: top edge of the window.
        width: of the window.
        height: of the window.
        shift: fractional bits that the corners keep.

    Returns:
        u8 (height, width), 255 inside. The soft edge is one pixel wide outside the line (OpenCV draws the
        line itself too), so the area is about half a pixel larger all round than the polygon's own.
    """
    mask = np.zeros((height, width), dtype=np.uint8)
    corners = np.asarray(points, dtype=np.float64)
    if len(corners) < 3:
        return mask
    unit = 1 << shift
    fixed = np.rint(corners * unit).astype(np.int32)
    fixed[:, 0] -= x0 * unit
    fixed[:, 1] -= y0 * unit
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, shift)
    return mask


def soften(mask: NDArray[Scalar], sigma: float) -> NDArray[Scalar]:
    """Return a mask blurred as by a Gaussian of ``sigma`` px; u8 or float32, (h, w) or (h, w, n).

    Two box filters of the same variance: for u8 OpenCV's own Gaussian takes ten times as long from 2 px on.
    """
    if sigma < 1.0:
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), mask.dtype)
    width = 2 * round((np.sqrt(6 * sigma * sigma + 1) - 1) / 2) + 1
    return np.asarray(cv2.blur(cv2.blur(mask, (width, width)), (width, width)), mask.dtype)


def disc(radius: float) -> Mask:
    """Return the round structuring element of a radius in px, one at least: u8 (n, n), n odd."""
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def smoothstep(lo: float, hi: float, x: ArrayLike) -> NDArray[np.float64]:
    """Return 0 at ``lo``, 1 at ``hi`` and a cubic with flat ends between; ``lo`` > ``hi`` falls instead of rising."""
    u = np.clip((np.asarray(x, dtype=np.float64) - lo) / (hi - lo), 0.0, 1.0)
    result: NDArray[np.float64] = u * u * (3.0 - 2.0 * u)
    return result


def ramp(lo: float, hi: float, x: float) -> float:
    """Return :func:`smoothstep` of one number; a frame asks dozens of times, and an array costs ten times as much."""
    u = (x - lo) / (hi - lo)
    if u <= 0.0:
        return 0.0
    return 1.0 if u >= 1.0 else u * u * (3.0 - 2.0 * u)


def catmull_rom(points: Outline, per_segment: int, *, closed: bool = False) -> Points:
    """Return a smooth curve through points (uniform Catmull-Rom spline).

    Args:
        points: (n, d), n at least 2; the curve passes through each.
        per_segment: samples from one point up to (not including) the next.
        closed: joins the last point to the first.

    Returns:
        float64 ((n - 1) * per_segment + 1, d), or (n * per_segment, d) when closed.
    """
    knots = np.asarray(points, dtype=np.float64)
    curve: Points = _catmull_rom_matrix(len(knots), per_segment, closed) @ knots
    return curve


@cache
def _catmull_rom_matrix(count: int, per_segment: int, closed: bool) -> NDArray[np.float64]:
    """The spline as one linear map from its points to its samples: a frame draws dozens of curves."""
    knots = np.eye(count)
    if closed:
        ring = np.concatenate((knots[-1:], knots, knots[:2]))
    else:
        # Mirrored end points: the curve leaves its ends in the direction of the first chord.
        ring = np.concatenate((2.0 * knots[:1] - knots[1:2], knots, 2.0 * knots[-1:] - knots[-2:-1]))
    u = np.arange(per_segment, dtype=np.float64) / per_segment
    powers = np.stack((np.ones_like(u), u, u * u, u * u * u), axis=1)
    weights = np.array([[0.0, 2.0, 0.0, 0.0], [-1.0, 0.0, 1.0, 0.0], [2.0, -5.0, 4.0, -1.0], [-1.0, 3.0, -3.0, 1.0]])
    quads = np.stack((ring[:-3], ring[1:-2], ring[2:-1], ring[3:]), axis=1)
    matrix: NDArray[np.float64] = np.matmul(powers @ weights / 2.0, quads).reshape(-1, count)
    if not closed:
        matrix = np.concatenate((matrix, knots[-1:]))
    matrix.setflags(write=False)
    return matrix


def _reduced(sprite: Sprite, matrix: Matrix) -> tuple[Sprite, Matrix]:
    """Average blocks of a sprite that shrinks by 2 or more: bilinear sampling would skip pixels and shimmer."""
    across = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    down = float(np.hypot(matrix[0, 1], matrix[1, 1]))
    height, width = sprite.shape[:2]
    factor_x = _block(across, width)
    factor_y = _block(down, height)
    if factor_x == 1 and factor_y == 1:
        return sprite, matrix
    size = (-(-width // factor_x), -(-height // factor_y))
    pad_x, pad_y = size[0] * factor_x - width, size[1] * factor_y - height
    if pad_x or pad_y:
        sprite = np.asarray(cv2.copyMakeBorder(sprite, 0, pad_y, 0, pad_x, cv2.BORDER_CONSTANT), np.uint8)
    smaller = np.asarray(cv2.resize(sprite, size, interpolation=cv2.INTER_AREA), np.uint8)
    # The middle of a block of f pixels lies at f * i + (f - 1) / 2.
    reduced = matrix.copy()
    reduced[:, 2] += matrix[:, 0] * (factor_x - 1) / 2.0 + matrix[:, 1] * (factor_y - 1) / 2.0
    reduced[:, 0] *= factor_x
    reduced[:, 1] *= factor_y
    return smaller, reduced


def _block(scale: float, extent: int) -> int:
    return 1 if scale > 0.5 else min(int(1.0 / max(scale, 1e-6)), extent)


def _touched(sprite: Sprite, matrix: Matrix, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Return the canvas box [x0, y0, x1, y1) that the placed sprite can reach, or None when it is outside."""
    (a, b, tx), (c, d, ty) = matrix.tolist()
    right, bottom = float(sprite.shape[1]), float(sprite.shape[0])
    if not (-1e6 < a + b + c + d + tx + ty < 1e6) or abs(a * d - b * c) < 1e-9:
        return None
    xs = (tx - a - b, tx + a * right - b, tx - a + b * bottom, tx + a * right + b * bottom)
    ys = (ty - c - d, ty + c * right - d, ty - c + d * bottom, ty + c * right + d * bottom)
    x0, x1 = max(int(min(xs)) - 1, 0), min(int(max(xs)) + 2, width)
    y0, y1 = max(int(min(ys)) - 1, 0), min(int(max(ys)) + 2, height)
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None
