"""Where the faces of a picture are: boxes, landmarks, irises, pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.engines.local import networks, topology
from app.engines.local.crop import MeshCrop, cut, to_picture, view_around
from app.engines.local.networks import Candidate, Pixels, Points, require_picture
from app.engines.local.search import searches
from app.engines.local.topology import Side

Box = tuple[int, int, int, int]
"""[x1, y1, x2, y2] in whole pixels of the picture, the second corner exclusive."""

# The mesh's crop against the box of its points (or, in the first round, of the detector), as the network was trained.
_MESH_MARGIN = 1.5
# Two rounds settle an upright face; more are for one whose first crop was turned wrongly.
_VIEW_REACH = 1.2
_LEAST_ROUNDS, _MOST_ROUNDS = 2, 5
_SETTLED_TURN, _SETTLED_GROWTH = np.radians(4.0), 0.05
# The iris network's crop against the width of the eye.
_IRIS_MARGIN = 2.3
# How far round the eye, in its widths, the mesh follows the refined lids.
_LID_REACH = 0.25
# Under these, what the detector saw does not count as a face with landmarks.
_FACE_SCORE = 0.55
_FACE_PRESENCE = 0.5
_SURE_SCORE = 0.6
# A pass whose best face scores less may have mistaken hair for a face, as happens when the photo stands on its head:
# the other passes are tried as well.
_CONTENT_SCORE = 0.8
# By how much a later pass must be surer: faces of covered mouths score little in every pass.
_CLEARLY_SURER = 0.1
# A crowd would cost seconds; nobody needs more faces than this to choose from.
_MOST_FACES = 20
# The face box reaches from above the brows to the chin, the extended one is the cloud API's: from its published
# sample, 2.2 times as large and its centre 6 % of the face higher.
_EXTENDED_SIDE = 2.2
_EXTENDED_RISE = 0.06
# What the mesh reads as pitch on faces that look straight ahead: its forehead point lies in front of the chin.
_REST_PITCH = 4.0


@dataclass(frozen=True, slots=True)
class Iris:
    """``centre`` (2,) and ``radius`` in the picture's pixels."""

    centre: Points
    radius: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees: yaw + turns to the picture's right, pitch + nods down, roll + tilts clockwise."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face with its landmarks.

    ``box`` is square unless the picture's edge cuts it, brows to chin. ``extended_box`` is always square: 2.2 times
    the uncut face box, moved and if need be shrunk to lie inside the picture. ``score`` is the detector's
    confidence, ``presence`` the mesh's, both 0..1. ``landmarks`` (468, 3) are pixels of the picture, z too,
    negative towards the viewer; the lids are the iris network's. ``crop`` is what the mesh was read from.
    """

    box: Box
    extended_box: Box
    score: float
    presence: float
    landmarks: Points
    iris_left: Iris
    iris_right: Iris
    pose: Pose
    crop: MeshCrop


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What was found in a picture of ``width`` x ``height`` px.

    ``faces`` come largest first. ``unmeshed`` are score and box of what the detector is sure of while the mesh
    denies a face: mostly covered faces.
    """

    width: int
    height: int
    faces: tuple[Face, ...]
    unmeshed: tuple[tuple[float, Box], ...]


def detect(image: Pixels, *, thorough: bool = False, rival: float | None = None) -> Detection:
    """Find the faces of an RGB picture, uint8 (height, width, 3).

    One pass over the whole picture finds faces from about an eighth of its long side. ``thorough`` also searches
    overlapping tiles, for small faces and to count people; that happens by itself when the first pass finds
    nothing. ``rival`` searches just so far that faces of this share of the largest one's width are found: enough for
    the gate against several people, and quicker. Raises ``ValueError`` for any other kind of array.
    """
    require_picture(image)
    height, width = image.shape[:2]
    best = Detection(width, height, (), ())
    for candidates in searches(image, thorough=thorough, rival=rival):
        found = _meshed(image, candidates[:_MOST_FACES])
        if _certainty(found) > _certainty(best) + (_CLEARLY_SURER if best.faces else 0.0):
            best = found
        if best.faces and _certainty(best) >= _CONTENT_SCORE:
            break
    return best


def _certainty(found: Detection) -> float:
    """Score of the surest face; what has no mesh counts only where nothing has."""
    if found.faces:
        return max(face.score for face in found.faces)
    return max((score for score, _ in found.unmeshed), default=0.0) - 1


def _meshed(image: Pixels, candidates: list[Candidate]) -> Detection:
    """The faces among some candidates."""
    height, width = image.shape[:2]
    faces, unmeshed = [], []
    for candidate in candidates:
        landmarks, presence, crop = _read_mesh(image, candidate)
        if presence >= _FACE_PRESENCE and candidate.score >= _FACE_SCORE:
            faces.append(_face(image, candidate.score, presence, landmarks, crop))
        elif candidate.score >= _SURE_SCORE:
            unmeshed.append((candidate.score, _whole(candidate.box, width, height)))
    faces.sort(key=lambda face: -_face_side(face.landmarks))
    return Detection(width, height, tuple(faces), tuple(unmeshed))


def _read_mesh(image: Pixels, candidate: Candidate) -> tuple[Points, float, MeshCrop]:
    """Mesh of a candidate: landmarks in the picture, presence, and the crop they were read from."""
    right_eye, left_eye = candidate.keypoints[:2]
    corners = candidate.box.reshape(2, 2)
    side = float((corners[1] - corners[0]).max())
    first = MeshCrop(corners.mean(axis=0), max(side * _MESH_MARGIN, 1.0), _angle(left_eye - right_eye))
    view = view_around(image, first, networks.MESH_SIZE, reach=_VIEW_REACH)
    crop = view.crop(first)
    landmarks, presence = read_landmarks(view.pixels, crop)
    for rounds in range(1, _MOST_ROUNDS):
        following = _crop_around(landmarks)
        if rounds >= _LEAST_ROUNDS and _alike(crop, following):
            break
        crop = following
        landmarks, presence = read_landmarks(view.pixels, crop)
    return view.picture_points(landmarks), presence, view.picture_crop(crop)


def _alike(first: MeshCrop, second: MeshCrop) -> bool:
    turn = abs(np.angle(np.exp(1j * (second.angle - first.angle))))
    return bool(turn < _SETTLED_TURN and abs(second.side / first.side - 1) < _SETTLED_GROWTH)


def read_landmarks(image: Pixels, crop: MeshCrop) -> tuple[Points, float]:
    """The mesh of one crop in the picture's pixels (468, 3), and the network's belief in a face, 0..1."""
    points, presence = networks.mesh(cut(image, crop, networks.MESH_SIZE))
    depth = points[:, 2] * (crop.side / networks.MESH_SIZE)
    return np.column_stack([to_picture(points[:, :2], crop, networks.MESH_SIZE), depth]), presence


def _crop_around(landmarks: Points) -> MeshCrop:
    """The square that the mesh wants: upright along the outer eye corners, round all points."""
    angle = _angle(landmarks[topology.EYE_OUTER_LEFT] - landmarks[topology.EYE_OUTER_RIGHT])
    cosine, sine = np.cos(angle), np.sin(angle)
    upright = np.array([[cosine, sine], [-sine, cosine]])
    points = landmarks[:, :2] @ upright.T
    low, high = points.min(axis=0), points.max(axis=0)
    return MeshCrop(upright.T @ ((low + high) / 2), max(float((high - low).max()) * _MESH_MARGIN, 1.0), angle)


def _face(image: Pixels, score: float, presence: float, mesh: Points, crop: MeshCrop) -> Face:
    height, width = image.shape[:2]
    landmarks = mesh.copy()
    iris_right = _refine_eye(image, mesh, landmarks, Side.RIGHT, crop.angle)
    iris_left = _refine_eye(image, mesh, landmarks, Side.LEFT, crop.angle)
    landmarks.flags.writeable = False
    box = _face_square(landmarks)
    return Face(
        box=_whole(box, width, height),
        extended_box=_extended(box, width, height),
        score=score,
        presence=presence,
        landmarks=landmarks,
        iris_left=iris_left,
        iris_right=iris_right,
        pose=_pose(landmarks),
        crop=crop,
    )


def _refine_eye(image: Pixels, mesh: Points, landmarks: Points, side: Side, angle: float) -> Iris:
    """Move the lids of ``landmarks``, and with a decay the rings round them, to where the iris network sees them."""
    lids, halo = list(topology.IRIS_LIDS[side]), list(topology.IRIS_HALO[side])
    corners = mesh[[topology.EYE_UPPER[side][0], topology.EYE_UPPER[side][-1]], :2]
    eye_width = max(float(np.linalg.norm(corners[1] - corners[0])), 1.0)
    crop = MeshCrop(corners.mean(axis=0), eye_width * _IRIS_MARGIN, angle)
    pixels = cut(image, crop, networks.IRIS_SIZE)
    mirrored = side is Side.LEFT  # the network knows right eyes only
    contour, rim = networks.iris(pixels[:, ::-1] if mirrored else pixels)
    points = np.concatenate([contour[: len(lids)], rim])
    if mirrored:
        points[:, 0] = networks.IRIS_SIZE - 1 - points[:, 0]
    points = to_picture(points, crop, networks.IRIS_SIZE)
    refined, rim = points[: len(lids)], points[len(lids) :]
    correction = refined - mesh[lids, :2]
    landmarks[lids, :2] = refined
    distance = np.linalg.norm(mesh[halo, None, :2] - mesh[None, lids, :2], axis=2)
    weights = np.exp(-((distance / (_LID_REACH * eye_width)) ** 2))
    share = weights.max(axis=1) / np.maximum(weights.sum(axis=1), 1e-6)
    landmarks[halo, :2] += (weights @ correction) * share[:, None]
    diameters = np.linalg.norm(rim[[1, 2]] - rim[[3, 4]], axis=1)
    centre = rim[0].copy()
    centre.flags.writeable = False
    return Iris(centre, float(diameters.mean() / 2))


def _pose(landmarks: Points) -> Pose:
    """Angles of the frame that the outer eye corners and the line from forehead to chin span."""
    across = _unit(landmarks[topology.EYE_OUTER_LEFT] - landmarks[topology.EYE_OUTER_RIGHT])
    down = landmarks[topology.CHIN] - landmarks[topology.FOREHEAD_TOP]
    down = _unit(down - across * (across @ down))
    roll = np.arctan2(across[1], across[0])
    yaw = np.arctan2(across[2], np.hypot(across[0], across[1]))
    pitch = np.arctan2(down[2], np.hypot(down[0], down[1]))
    return Pose(float(np.degrees(yaw)), float(np.degrees(pitch)) - _REST_PITCH, float(np.degrees(roll)))


def _face_side(landmarks: Points) -> float:
    """Side of the face's square: the mean of its width and of brow to chin, whichever way it is turned."""
    width = np.linalg.norm(landmarks[topology.SIDE_LEFT, :2] - landmarks[topology.SIDE_RIGHT, :2])
    length = np.linalg.norm(landmarks[topology.CHIN, :2] - landmarks[topology.FOREHEAD_TOP, :2])
    return float(max(width, 0.8 * length))


def _face_square(landmarks: Points) -> Points:
    """The square [x1, y1, x2, y2] over brows to chin, in real pixels, not yet cut by the picture's edge."""
    oval = landmarks[list(topology.OVAL), :2]
    half = _face_side(landmarks) / 2
    chin, top = landmarks[topology.CHIN, :2], landmarks[topology.FOREHEAD_TOP, :2]
    axis = _unit(chin - top)
    across = (oval.min(axis=0) + oval.max(axis=0)) / 2
    centre = chin - axis * half
    # On an upright face the middle of the oval is the better x; on one that lies on its side, the better y.
    centre += (across - centre) * np.array([abs(axis[1]), abs(axis[0])])
    return np.concatenate([centre - half, centre + half])


def _whole(box: Points, width: int, height: int) -> Box:
    """The box in whole pixels inside the picture, at least one pixel large."""
    x1, y1, x2, y2 = (round(float(v)) for v in box)
    x1, y1 = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    return x1, y1, max(min(x2, width), x1 + 1), max(min(y2, height), y1 + 1)


def _extended(box: Points, width: int, height: int) -> Box:
    """The square of a face box that is animated: kept square, so it moves inward first and shrinks second."""
    face = float(box[2] - box[0])
    side = max(min(round(face * _EXTENDED_SIDE), width, height), 1)
    left = round(float(box[0] + box[2]) / 2 - side / 2)
    top = round(float(box[1] + box[3]) / 2 - _EXTENDED_RISE * face - side / 2)
    left, top = min(max(left, 0), width - side), min(max(top, 0), height - side)
    return left, top, left + side, top + side


def _angle(across: Points) -> float:
    return float(np.arctan2(across[1], across[0]))


def _unit(vector: Points) -> Points:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
