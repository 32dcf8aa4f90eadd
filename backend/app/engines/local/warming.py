"""What a fork server loads once, so that none of its children has to."""

from __future__ import annotations

import cv2
import numpy as np
import pillow_heif  # noqa: F401 - libheif, else loaded by the first who needs it
from PIL import Image

from app.engines.local import networks
from app.engines.local.catalog import load_templates
from app.engines.local.font import find_font


def warm() -> None:
    """Load networks, templates, font and readers of pictures; let networks make their buffers, OpenCV its tables.

    With one thread: then there is nothing in this process that a fork could leave half done, and a pool of children
    fills the cores anyway.
    """
    cv2.setNumThreads(1)
    networks.face_candidates(np.zeros((networks.DETECTOR_SIZE, networks.DETECTOR_SIZE, 3), np.uint8))
    networks.mesh(np.zeros((networks.MESH_SIZE, networks.MESH_SIZE, 3), np.uint8))
    networks.iris(np.zeros((networks.IRIS_SIZE, networks.IRIS_SIZE, 3), np.uint8))
    networks.segmentation(np.zeros((networks.SEGMENTATION_SIZE, networks.SEGMENTATION_SIZE, 3), np.uint8))
    square = np.ones((256, 256), np.float32)
    cv2.gemm(square, square, 1, None, 0)  # type: ignore[call-overload]  # its work space: for want of it, it crashes
    cv2.cvtColor(np.zeros((1, 1, 3), np.float32), cv2.COLOR_RGB2LAB)
    Image.preinit()
    load_templates()
    find_font()


__all__ = ["warm"]
