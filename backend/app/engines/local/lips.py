"""Puckered lips, drawn in a photo's own lip colour: a premultiplied RGBA sprite, made once per photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sprite = NDArray[np.uint8]
    Colour = NDArray[np.float64]

SEAM = 0.46
"""Where the line between the lips lies, as a share of the sprite's height."""
_TOP, _BOTTOM = 1.12, 1.32
_CREASES = ((-0.62, 0.05), (-0.36, 0.04), (-0.13, 0.035), (0.09, 0.04), (0.33, 0.035), (0.58, 0.05))


def pout_sprite(width: int, height: int, colour: Colour, light: float) -> Sprite:
    """Lips pushed forward for a kiss: a bow above, a full roll below, fine creases, a wet light.

    Upscaled photo lips cannot give this: a smile has stretched them thin. The rim is soft, so that the photo's own
    lips run into it.

    Args:
        width: px of the sprite from corner to corner; ``height`` likewise.
        height: px.
        colour: the photo's lips, RGB.
        light: the skin's luminance 0..1, for the highlights.

    Returns:
        premultiplied RGBA u8 (height, width, 4).
    """
    width, height = max(width, 24), max(height, 20)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u = (x - (width - 1) / 2) / (width / 2)
    v = y / (height - 1) * (_TOP + _BOTTOM) - _TOP
    at = np.clip(np.abs(u), 0, 1)
    v = v - 0.10 * np.exp(-((u / 0.22) ** 2)) + 0.05 * np.exp(-(((at - 0.42) / 0.2) ** 2)) - 0.06 * at**2
    bow = 0.80 + 0.26 * np.exp(-(((at - 0.30) / 0.22) ** 2)) - 0.14 * np.exp(-((u / 0.13) ** 2))
    upper = bow * (1 - at**1.9) ** 0.8
    lower = 1.10 * (1 - at**2.2) ** 0.62
    reach = np.where(v < 0, upper, lower)
    share = np.abs(v) / np.maximum(reach, 1e-3)
    alpha = np.clip((1 - share) * np.maximum(reach, 0.05) * 3.6, 0, 1) * np.clip((1 - at) * 7, 0, 1)
    relief = np.where(
        v < 0,
        0.80 + 0.22 * np.sin(np.pi * np.clip(share, 0, 1) * 0.85),
        0.86 + 0.24 * np.sin(np.pi * np.clip(0.12 + 0.80 * share, 0, 1)) - 0.16 * np.clip(share - 0.6, 0, 1),
    )
    for centre, spread in _CREASES:
        place = centre * (1 + 0.25 * np.clip(share, 0, 1))
        relief = relief - 0.055 * np.exp(-(((u - place) / spread) ** 2)) * np.clip(1.15 - share, 0, 1)
    seam = np.exp(-((v / (0.085 - 0.045 * at)) ** 2)) * np.clip((1 - at) * 2.2, 0, 1)
    contact = np.exp(-((v / 0.26) ** 2))
    relief = relief * (1 - 0.55 * seam) * (1 - 0.16 * contact)
    warm = np.array([1.03, 0.95, 0.96]) - (seam * 0.10)[..., None] * np.array([0.0, 1.0, 0.9])
    wet = np.exp(-(((u + 0.16) / 0.24) ** 2) - ((v - 0.52) / 0.15) ** 2)
    wet = wet + 0.35 * np.exp(-(((u - 0.30) / 0.12) ** 2) - ((v - 0.46) / 0.13) ** 2)
    wet = wet + 0.30 * np.exp(-(((at - 0.27) / 0.12) ** 2) - ((v + 0.62) / 0.12) ** 2)
    rgb = np.clip(colour * relief[..., None] * warm + (wet * 74 * light)[..., None], 0, 255) * alpha[..., None]
    sharp = np.dstack([rgb, alpha * 255]).astype(np.float32)
    sprite = np.asarray(cv2.GaussianBlur(sharp, (0, 0), max(0.8, width * 0.007)), np.float32)
    sprite[..., :3] = np.minimum(sprite[..., :3], sprite[..., 3:])
    return np.asarray(np.rint(sprite), np.uint8)
