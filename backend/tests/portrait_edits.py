"""Ways to spoil a portrait, or to change it without harm, that follow the geometry of its face.

Every edit takes an RGB picture and the face found in it and returns a new picture. Lengths are fractions of the
face height (forehead to chin), so that a large and a small photo are spoilt alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engines.local import topology
from app.engines.local.topology import Side

if TYPE_CHECKING:
    from app.engines.local.detect import Face

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
Colour = tuple[int, int, int]

# Drawing in sixteenths of a pixel keeps shapes the same on small photos.
_SHIFT = 4


def face_height(face: Face) -> float:
    line = face.landmarks[topology.CHIN, :2] - face.landmarks[topology.FOREHEAD_TOP, :2]
    return float(np.linalg.norm(line))


def gaussian_blur(image: Pixels, face: Face, sigma: float) -> Pixels:
    return _u8(cv2.GaussianBlur(image, (0, 0), sigma * face_height(face)))


def motion_blur(image: Pixels, face: Face, length: float, angle: float) -> Pixels:
    pixels = max(3, round(length * face_height(face)))
    kernel = np.zeros((pixels, pixels), np.float32)
    middle = (pixels - 1) / 2
    step = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * middle
    cv2.polylines(kernel, [_fixed_array(np.stack([middle - step, middle + step]))], False, 1.0, 1, cv2.LINE_AA, _SHIFT)
    return _u8(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))


def brightness(image: Pixels, factor: float) -> Pixels:
    return _u8(np.clip(image.astype(np.float32) * factor, 0, 255))


def grey(image: Pixels) -> Pixels:
    return _u8(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def jpeg(image: Pixels, quality: int) -> Pixels:
    _, coded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _u8(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB))


def noise(image: Pixels, sigma: float) -> Pixels:
    grain = np.random.default_rng(7).normal(0, sigma, image.shape)
    return _u8(np.clip(image + grain, 0, 255))


def mirrored(image: Pixels) -> Pixels:
    return np.ascontiguousarray(image[:, ::-1])


def scaled(image: Pixels, factor: float) -> Pixels:
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    return _u8(cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC))


def rolled(image: Pixels, face: Face, degrees: float) -> Pixels:
    """Turned clockwise about the face, the edge repeated."""
    centre = face.landmarks[topology.NOSE_TIP, :2]
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), -degrees, 1.0)
    return _u8(cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE))


def cropped(image: Pixels, left: float, top: float, right: float, bottom: float) -> Pixels:
    height, width = image.shape[:2]
    x1, y1 = max(0, round(left)), max(0, round(top))
    x2, y2 = min(width, round(right)), min(height, round(bottom))
    return image[y1:y2, x1:x2].copy()


def cut_at(image: Pixels, face: Face, edge: str) -> Pixels:
    """Cropped so that the picture's ``edge`` runs through the face."""
    height, width = image.shape[:2]
    points = face.landmarks[:, :2]
    mouth, chin = points[topology.LOWER_LIP_MIDDLE], points[topology.CHIN]
    brow, top = points[topology.BROW_CENTRE], points[topology.FOREHEAD_TOP]
    if edge == "chin":
        return cropped(image, 0, 0, width, (mouth[1] + chin[1]) / 2)
    if edge == "forehead":
        return cropped(image, 0, (brow[1] + top[1]) / 2, width, height)
    side = topology.SIDE_RIGHT if edge == "left" else topology.SIDE_LEFT
    eye = topology.EYE_OUTER_RIGHT if edge == "left" else topology.EYE_OUTER_LEFT
    x = points[side, 0] * 0.35 + points[eye, 0] * 0.65
    return cropped(image, x, 0, width, height) if edge == "left" else cropped(image, 0, 0, x, height)


def close_up(image: Pixels, face: Face, margin: float) -> Pixels:
    """Cropped to the face with ``margin`` face heights round its oval."""
    oval = face.landmarks[list(topology.OVAL), :2]
    reach = margin * face_height(face)
    left, top = oval.min(axis=0) - reach
    right, bottom = oval.max(axis=0) + reach
    return cropped(image, left, top, right, bottom)


def far_away(image: Pixels, share: float, face: Face) -> Pixels:
    """On a wider canvas, so that the face is only ``share`` of the long side."""
    side = max(*image.shape[:2], round(face_height(face) / share))
    rows, columns = side - image.shape[0], side - image.shape[1]
    return _u8(
        cv2.copyMakeBorder(
            image,
            rows // 2,
            rows - rows // 2,
            columns // 2,
            columns - columns // 2,
            cv2.BORDER_CONSTANT,
            value=(150, 160, 150),
        )
    )


def mouth_mask(image: Pixels, face: Face, colour: Colour) -> Pixels:
    """A cloth mask from the middle of the nose to under the chin, with folds and shading."""
    points = face.landmarks[:, :2]
    jaw = [454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234]
    under = points[jaw] + (points[jaw] - points[topology.NOSE_TIP]) * 0.04
    outline = np.concatenate([points[[117, 50, 197, 280, 346]], under])
    outline = cv2.convexHull(outline.astype(np.float32)).reshape(-1, 2).astype(np.float64)
    cloth = np.empty_like(image)
    cloth[:] = colour
    height = face_height(face)
    for fold in (0.25, 0.45, 0.65):
        start, end = points[234] * (1 - fold) + points[172] * fold, points[454] * (1 - fold) + points[397] * fold
        middle = points[topology.NOSE_TIP] * (1 - fold) + points[topology.CHIN] * fold
        curve = np.array([start, middle, end])
        darker = tuple(int(c * 0.8) for c in colour)
        cv2.polylines(cloth, [_fixed_array(curve)], False, darker, max(1, round(height * 0.012)), cv2.LINE_AA, _SHIFT)
    return _pasted(image, cloth, outline, face, shade=0.35)


def hand_over_mouth(image: Pixels, face: Face) -> Pixels:
    """Four fingers and a palm in the face's own colour, laid over the mouth from the picture's left."""
    points, height = face.landmarks[:, :2], face_height(face)
    right, down = _axes(face)
    skin = _skin(image, face)
    mouth = points[[topology.UPPER_LIP_MIDDLE, topology.LOWER_LIP_MIDDLE]].mean(axis=0)
    edited = image
    palm = mouth - right * 0.5 * height + down * 0.16 * height
    edited = _pasted(
        edited, _flat(image, skin), _ellipse(palm, right, down, 0.3 * height, 0.26 * height), face, shade=0.4
    )
    for index in range(4):
        centre = mouth + down * height * (-0.13 + 0.095 * index) + right * height * (0.0 if index in {1, 2} else -0.06)
        finger = _ellipse(centre, right, down, 0.4 * height, 0.058 * height)
        tone = tuple(int(c * (0.92 + 0.03 * (index % 2))) for c in skin)
        edited = _pasted(edited, _flat(image, tone), finger, face, shade=0.3)
        darker = tuple(int(c * 0.55) for c in skin)
        cv2.polylines(edited, [_fixed_array(finger)], True, darker, max(1, round(height * 0.01)), cv2.LINE_AA, _SHIFT)
    return edited


def panel_over_half(image: Pixels, face: Face) -> Pixels:
    """A dark flat thing, such as a telephone, over the right half of the face."""
    right, down = _axes(face)
    height = face_height(face)
    centre = face.landmarks[topology.NOSE_TIP, :2] - right * 0.36 * height - down * 0.05 * height
    corners = np.array([[-0.3, -0.62], [0.3, -0.62], [0.3, 0.62], [-0.3, 0.62]]) * height
    outline = centre + corners[:, :1] * right + corners[:, 1:] * down
    return _pasted(image, _flat(image, (38, 40, 46)), outline, face, shade=0.1)


def dark_lenses(image: Pixels, face: Face) -> Pixels:
    edited = image
    height = face_height(face)
    right, down = _axes(face)
    for centre, width in _eyes(face):
        lens = _ellipse(centre + down * 0.15 * width, right, down, width * 0.82, width * 0.62)
        edited = _pasted(edited, _flat(image, (16, 16, 20)), lens, face, shade=0.0)
    inner = face.landmarks[[133, 362], :2]
    cv2.polylines(edited, [_fixed_array(inner)], False, (16, 16, 20), max(1, round(height * 0.03)), cv2.LINE_AA, _SHIFT)
    return edited


def clear_glasses(image: Pixels, face: Face) -> Pixels:
    edited = image.copy()
    height = face_height(face)
    right, down = _axes(face)
    thickness = max(1, round(height * 0.018))
    for centre, width in _eyes(face):
        rim = _ellipse(centre + down * 0.15 * width, right, down, width * 0.82, width * 0.6)
        cv2.polylines(edited, [_fixed_array(rim)], True, (42, 34, 30), thickness, cv2.LINE_AA, _SHIFT)
    inner = face.landmarks[[133, 362], :2] * 0.85 + face.landmarks[[133, 362], :2].mean(axis=0) * 0.15
    cv2.polylines(edited, [_fixed_array(inner)], False, (42, 34, 30), thickness, cv2.LINE_AA, _SHIFT)
    return edited


def closed_eyes(image: Pixels, face: Face, sides: tuple[Side, ...] = (Side.RIGHT, Side.LEFT)) -> Pixels:
    """Lids in the colour of the skin under the eye, with a lash line along the lower lid."""
    edited = image
    for side in sides:
        upper = face.landmarks[list(topology.EYE_UPPER[side]), :2]
        lower = face.landmarks[list(topology.EYE_LOWER[side]), :2]
        under = face.landmarks[list(topology.LID_HALO_LOWER[side][2:7]), :2]
        width = float(np.linalg.norm(upper[0] - upper[-1]))
        down = _axes(face)[1]
        outline = np.concatenate([upper - down * 0.12 * width, lower[::-1] + down * 0.1 * width])
        spots = np.clip(under.round().astype(int), 0, [image.shape[1] - 1, image.shape[0] - 1])
        lid = np.median(image[spots[:, 1], spots[:, 0]].astype(float), axis=0)
        tone = (int(lid[0]), int(lid[1]), int(lid[2]))
        edited = _pasted(edited, _flat(image, tone), outline, face, shade=0.1, feather=0.03 * width)
        lashes = _fixed_array(lower + down * 0.03 * width)
        thickness = max(1, round(width * 0.05))
        cv2.polylines(edited, [lashes], False, tuple(int(c * 0.35) for c in tone), thickness, cv2.LINE_AA, _SHIFT)
    return edited


def side_by_side(image: Pixels, other: Pixels) -> Pixels:
    height = min(image.shape[0], other.shape[0])
    return np.hstack([scaled(each, height / each.shape[0])[:height] for each in (image, other)])


def _eyes(face: Face) -> list[tuple[Points, float]]:
    """Centre and width of both eyes."""
    pairs = (face.landmarks[[33, 133], :2], face.landmarks[[362, 263], :2])
    return [(pair.mean(axis=0), float(np.linalg.norm(pair[1] - pair[0]))) for pair in pairs]


def _axes(face: Face) -> tuple[Points, Points]:
    across = face.landmarks[topology.EYE_OUTER_LEFT, :2] - face.landmarks[topology.EYE_OUTER_RIGHT, :2]
    right = across / np.linalg.norm(across)
    return right, np.array([-right[1], right[0]])


def _skin(image: Pixels, face: Face) -> Colour:
    spots = face.landmarks[[50, 280, 205, 425, 151], :2].round().astype(int)
    spots = np.clip(spots, 0, [image.shape[1] - 1, image.shape[0] - 1])
    red, green, blue = np.median(image[spots[:, 1], spots[:, 0]].astype(float), axis=0)
    return int(red), int(green), int(blue)


def _ellipse(centre: Points, right: Points, down: Points, along: float, across: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)[:, None]
    return centre + np.cos(angles) * along * right + np.sin(angles) * across * down


def _flat(image: Pixels, colour: tuple[int, ...]) -> Pixels:
    painted = np.empty_like(image)
    painted[:] = colour
    return painted


def _pasted(
    image: Pixels, paint: Pixels, outline: Points, face: Face, *, shade: float, feather: float | None = None
) -> Pixels:
    """``paint`` laid over the outline, keeping ``shade`` of the photo's own broad light and shadow."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_fixed_array(outline)], 255, cv2.LINE_AA, _SHIFT)
    soft = max(0.6, 0.004 * face_height(face)) if feather is None else max(0.6, feather)
    alpha = cv2.GaussianBlur(mask, (0, 0), soft)[:, :, None].astype(np.float32) / 255
    light = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 0.1 * face_height(face)).astype(
        np.float32
    )
    gain = 1 + shade * (light / max(float(light[mask > 0].mean()) if mask.any() else 1.0, 1.0) - 1)
    mixed = image * (1 - alpha) + np.clip(paint * gain[:, :, None], 0, 255) * alpha
    return _u8(mixed.round())


def _fixed_array(points: Points) -> NDArray[np.int32]:
    return np.asarray(np.round(points * 2**_SHIFT), np.int32)


def _u8(values: object) -> Pixels:
    return np.asarray(values).astype(np.uint8)
