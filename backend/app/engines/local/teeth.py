"""Drawn teeth and tongue, coloured and lit from the photo: premultiplied RGBA sprites, made once per photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sprite = NDArray[np.uint8]
    Colour = NDArray[np.float64]
    Plane = NDArray[np.float64]

# Seen widths of one side's teeth from the middle outward, and their lengths, relative to the first.
_UPPER_WIDTHS, _UPPER_LENGTHS = (1.0, 0.80, 0.84, 0.66, 0.60, 0.50), (1.0, 0.93, 0.97, 0.89, 0.82, 0.70)
_LOWER_WIDTHS, _LOWER_LENGTHS = (0.62, 0.64, 0.70, 0.66, 0.60, 0.50), (0.90, 0.92, 0.95, 0.90, 0.80, 0.70)
_ARCH = 1.25
_GUM = np.array([165.0, 90.0, 95.0]) / 255


def teeth_sprite(width: int, height: int, colour: Colour, light_ratio: float, *, upper: bool) -> Sprite:
    """An arch of twelve teeth, the gum edge at the top (upper) or the bottom (lower).

    Args:
        width: px of the sprite; ``height`` likewise.
        height: px.
        colour: RGB of a lit front tooth.
        light_ratio: light on the person's right cheek over that on the left; the arch is shaded alike.
        upper: which jaw.

    Returns:
        premultiplied RGBA u8 (height, width, 4).
    """
    width, height = max(width, 40), max(height, 16)
    widths, lengths = (_UPPER_WIDTHS, _UPPER_LENGTHS) if upper else (_LOWER_WIDTHS, _LOWER_LENGTHS)
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    angles = ends / ends[-1] * _ARCH
    edges = np.sin(angles) / np.sin(_ARCH) * 0.5 * width
    all_y, all_x = np.mgrid[:height, :width].astype(np.float64)
    if not upper:
        all_y = height - 1 - all_y
    rgb, alpha = np.zeros((height, width, 3)), np.zeros((height, width))
    for side in (-1, 1):
        for i, length in enumerate(lengths):
            first, last = sorted((width / 2 + side * edges[i], width / 2 + side * edges[i + 1]))
            middle, breadth = (first + last) / 2, last - first
            own = slice(max(int(first) - 2, 0), int(last) + 3)
            x, y = all_x[:, own], all_y[:, own]
            u = (x - middle) / (breadth / 2 + 1e-3)
            arc = 0.10 * height * ((middle - width / 2) / (width / 2)) ** 2
            reach = height * 0.93 * length - arc * 2
            tooth = np.clip(reach - 0.11 * breadth * np.abs(u) ** 4 - y, 0, 1)
            tooth *= np.clip(breadth / 2 - np.abs(x - middle) + 0.9, 0, 1)
            v = np.clip(y / reach, 0, 1)
            # The arch turns away into the dark of the cheeks.
            turned = 0.22 + 0.78 * np.cos(min(_ARCH, (angles[i] + angles[i + 1]) / 2)) ** 1.15
            lit = 1 - 0.12 * np.clip(light_ratio - 1, -1, 1) * side * (i + 0.5) / len(lengths)
            # Teeth touch: what parts them is a soft shade at the neck, hardly any in the upper half of the crown.
            round_ = 1 - (0.16 - 0.06 * v) * np.abs(u) ** 6 - 0.04 * u * u
            shade = round_ * (0.97 + 0.05 * np.exp(-(((v - 0.5) / 0.3) ** 2)))
            shade *= 1 - 0.07 * np.clip((v - 0.82) / 0.18, 0, 1)
            gum = np.clip(1 - y / (height * (0.13 + 0.09 * u * u)), 0, 1)[..., None]
            colours = colour * (shade * turned * lit)[..., None]
            colours = colours * (1 - 0.7 * gum) + _GUM * colour.mean() * turned * 0.7 * gum
            rgb[:, own] = rgb[:, own] * (1 - tooth[..., None]) + colours * tooth[..., None]
            alpha[:, own] = np.maximum(alpha[:, own], tooth)
    return _finished(rgb, alpha, soften=1.3)


def tongue_sprite(width: int, height: int, colour: Colour, light: float) -> Sprite:
    """A tongue that hangs from its top edge: darker at the root, a groove, two bulges, wet highlights.

    ``colour`` RGB of the lit tongue, ``light`` the skin's luminance 0..1. Premultiplied RGBA u8.
    """
    width, height = max(width, 30), max(height, 30)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    v, u = y / (height - 1), (x - (width - 1) / 2) / (width / 2)
    tip = np.clip(1 - (np.clip(v - 0.55, 0, 1) / 0.45) ** 2.3, 0, 1) ** 0.5 * 0.86
    half = np.where(v < 0.55, 0.86 + 0.10 * np.sin(np.clip(v / 0.55, 0, 1) * np.pi), tip)
    alpha = np.clip((half - np.abs(u)) * width / 2 + 0.5, 0, 1)
    edge = np.clip(np.abs(u) / np.maximum(half, 0.02), 0, 1)
    relief = 0.60 + 0.48 * np.sqrt(np.clip(1 - edge**2.4, 0, 1))
    relief *= 1 - 0.26 * np.exp(-((u / 0.055) ** 2)) * np.clip(1 - v / 0.85, 0, 1) * np.clip(v * 6 + 0.4, 0, 1)
    relief *= 1 + 0.11 * np.exp(-(((np.abs(u) - 0.36) / 0.2) ** 2) - ((v - 0.55) / 0.35) ** 2)
    # The root comes out of the mouth's dark.
    relief *= (0.30 + 0.70 * np.clip(v / 0.42, 0, 1) ** 0.8) * (1 - 0.20 * np.clip((v - 0.8) / 0.2, 0, 1))
    # One flat colour reads as plastic: the root is deeper red, the rim and the tip pinker, papillae in between.
    warm = np.clip(1 - v / 0.5, 0, 1)[..., None] * np.array([0.02, -0.10, -0.08])
    rim = (edge**3)[..., None] * np.array([0.03, -0.05, -0.02])
    papillae = cv2.GaussianBlur(np.random.default_rng(7).standard_normal((height, width)), (0, 0), 1.1)
    relief *= 1 + 0.035 * papillae / papillae.std()
    rgb = colour * (1 + warm + rim) * relief[..., None]
    shine = np.exp(-(((u + 0.28) / 0.10) ** 2) - ((v - 0.66) / 0.13) ** 2)
    shine += 0.55 * np.exp(-(((u - 0.30) / 0.07) ** 2) - ((v - 0.58) / 0.16) ** 2)
    rgb = np.clip(rgb + (shine * 85 * light)[..., None], 0, 255) * alpha[..., None]
    return _finished(rgb, alpha, soften=0.7)


def contact_shadow(sprite: Sprite) -> Sprite:
    """The soft shade of something that lies on skin: its outline in dark red, blurred; premultiplied RGBA u8.

    Larger than the sprite by the same margin on every side, so that no edge cuts the blur.
    """
    spread = max(1.0, sprite.shape[1] * 0.03)
    margin = int(np.ceil(3 * spread))
    outline = cv2.copyMakeBorder(sprite[..., 3], margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    soft = cv2.GaussianBlur(outline, (0, 0), spread).astype(np.float64)
    return np.dstack([*(soft * (level / 255) for level in (40, 14, 16)), soft]).astype(np.uint8)


def cavity_texture(light: float, side: int = 64) -> Sprite:
    """The inside of an open mouth, u across and v down: dark in the depth, red at its walls; opaque RGBA u8."""
    v, u = np.mgrid[:side, :side] / (side - 1)
    u = u * 2 - 1
    walls = np.array([104.0, 44.0, 46.0]) * (0.30 + 0.70 * light)
    deep = np.array([28.0, 10.0, 14.0]) * (0.5 + 0.5 * light)
    depth = np.clip(0.15 + 0.85 * np.exp(-(((v - 0.42) / 0.34) ** 2) - (u / 0.62) ** 2), 0, 1)[..., None]
    rgb = walls * (1 - depth) + deep * depth
    return np.dstack([np.rint(rgb), np.full((side, side), 255)]).astype(np.uint8)


def _finished(premultiplied: Plane, alpha: Plane, soften: float) -> Sprite:
    sharp = np.dstack([np.clip(premultiplied, 0, 255), alpha * 255])
    sprite = np.asarray(cv2.GaussianBlur(sharp, (0, 0), soften), np.float64)
    sprite[..., :3] = np.minimum(sprite[..., :3], sprite[..., 3:])
    return np.asarray(np.rint(sprite), np.uint8)
