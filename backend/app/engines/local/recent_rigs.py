"""Rigs of the last few photos: a photo's second sticker costs only its frames."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from app.engines.local.errors import PhotoRefused
from app.engines.local.failures import no_such_face
from app.engines.local.photo import load_photo
from app.engines.local.preparing import KINDS, find_faces
from app.engines.local.rig import build_rig

if TYPE_CHECKING:
    from pathlib import Path

    from app.engines.local.rig import Rig

_MOST: Final = 3
"""A rig of 512 px has seven megabytes."""


class RecentRigs:
    """A small cache. A photo is known by its bytes: a service has another path for it each time it fetches it."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[bytes, int], Rig] = OrderedDict()

    def look_up(self, photo: Path, size: int) -> StoredPhoto:
        """A photo whose rig, of ``size`` px, is wanted.

        Raises:
            PhotoRefused: the file cannot be read.
        """
        try:
            data = photo.read_bytes()
        except OSError as error:
            raise PhotoRefused("unreadable_file") from error
        return StoredPhoto(self, data, size)

    def __contains__(self, key: tuple[bytes, int]) -> bool:
        return key in self._kept

    def get(self, key: tuple[bytes, int]) -> Rig:
        """A kept one, which counts as used."""
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: tuple[bytes, int], rig: Rig) -> None:
        """Keep one more; the one that was not used for longest goes."""
        while len(self._kept) >= self._most:
            self._kept.popitem(last=False)
        self._kept[key] = rig


class StoredPhoto:
    """The bytes of a photo and the way to its rig."""

    def __init__(self, kept: RecentRigs, data: bytes, size: int) -> None:
        self._kept, self._data, self._size = kept, data, size
        self._key = hashlib.sha256(data).digest(), size
        self.has_rig = self._key in kept
        """Whether the rig costs nothing any more."""

    def rig(self) -> Rig:
        """Kept from before, or built now.

        Raises:
            PhotoRefused: the photo cannot be read.
            InputRefused: it shows no face.
        """
        if self._key in self._kept:
            return self._kept.get(self._key)
        photo = load_photo(self._data, kinds=KINDS)
        detection = find_faces(photo.pixels)
        if not detection.faces:
            raise no_such_face("face_covered" if detection.unmeshed else "no_face")
        rig = build_rig(photo.pixels, detection.faces[0], alpha=photo.alpha, size=self._size)
        self._kept.keep(self._key, rig)
        return rig
