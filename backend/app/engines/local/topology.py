"""Which points of the 468-point face mesh mean what.

Indices are those of MediaPipe's canonical face model. Left and right are the person's own: the right eye is
on the picture's left. Every contour runs from the picture's left to its right, so upper and lower contours of
one opening pair up index by index.
"""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """A side of the face, the person's own."""

    RIGHT = "right"
    LEFT = "left"


FOREHEAD_TOP = 10
CHIN = 152
NOSE_BRIDGE = 168
BROW_CENTRE = 9
GLABELLA = 8
NOSE_TIP = 4
CHEEK_RIGHT, CHEEK_LEFT = 50, 280
SIDE_RIGHT, SIDE_LEFT = 234, 454
MOUTH_RIGHT, MOUTH_LEFT = 61, 291
EYE_OUTER_RIGHT, EYE_OUTER_LEFT = 33, 263
UPPER_LIP_MIDDLE, LOWER_LIP_MIDDLE = 13, 14

LIPS_UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LIPS_LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
LIPS_UPPER_MIDDLE = (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306)
LIPS_LOWER_MIDDLE = (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306)
LIPS_UPPER_NEAR = (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292)
LIPS_LOWER_NEAR = (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292)
LIPS_UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LIPS_LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LIP_CORNERS = (61, 76, 62, 78, 291, 306, 292, 308)

EYE_UPPER = {
    Side.RIGHT: (33, 246, 161, 160, 159, 158, 157, 173, 133),
    Side.LEFT: (362, 398, 384, 385, 386, 387, 388, 466, 263),
}
EYE_LOWER = {
    Side.RIGHT: (33, 7, 163, 144, 145, 153, 154, 155, 133),
    Side.LEFT: (362, 382, 381, 380, 374, 373, 390, 249, 263),
}
"""Lid contours, outer to inner corner for the right eye, inner to outer for the left: both left to right."""

LID_HALO_UPPER = {
    Side.RIGHT: (130, 247, 30, 29, 27, 28, 56, 190, 243),
    Side.LEFT: (463, 414, 286, 258, 257, 259, 260, 467, 359),
}
LID_HALO_LOWER = {
    Side.RIGHT: (130, 25, 110, 24, 23, 22, 26, 112, 243),
    Side.LEFT: (463, 341, 256, 252, 253, 254, 339, 255, 359),
}
LID_RIM_UPPER = {
    Side.RIGHT: (226, 113, 225, 224, 223, 222, 221, 189, 244),
    Side.LEFT: (464, 413, 441, 442, 443, 444, 445, 342, 446),
}
BROW = {
    Side.RIGHT: (46, 53, 52, 65, 55, 70, 63, 105, 66, 107),
    Side.LEFT: (276, 283, 282, 295, 285, 300, 293, 334, 296, 336),
}
BROW_INNER_END = {Side.RIGHT: 107, Side.LEFT: 336}
BROW_OUTER_END = {Side.RIGHT: 70, Side.LEFT: 300}
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip

IRIS_LIDS = {
    Side.RIGHT: (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
    Side.LEFT: (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
}
"""Mesh points that the iris network's first 16 contour points refine, in that network's order."""
IRIS_HALO = {
    Side.RIGHT: (
        130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190,
        226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189,
    ),
    Side.LEFT: (
        359, 255, 339, 254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414,
        446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442, 441, 413,
    ),
}  # fmt: skip
"""Lid rings around those points; they follow the refined lids with a decay."""
