"""How often a JPEG makes its decoder go over all pixels.

A progressive file does so some ten times, each time adding detail. Nothing but taste bounds the number, a pass over
an even picture needs sixty bytes, and costs as much as a whole decoding: 300 kB can keep a processor busy for minutes.
"""

from __future__ import annotations

import re
from typing import Final

MAX_SCANS: Final = 64
"""Encoders that try hard for the last per cent of size make some twenty."""

_START_OF_SCAN: Final = b"\xff\xda"
_END: Final = 0xD9
# In coded pixels FF is followed by 00, or by the number of a restart; elsewhere any number of FF may come first.
_MARKER: Final = re.compile(rb"\xff+([\x02-\xcf\xd8-\xfe])")
_BARE: Final = frozenset({0x01, 0xD8})


def too_many_scans(data: bytes) -> bool:
    """Whether there are more than MAX_SCANS up to the end of the picture; what is appended to it does not count."""
    if data.count(_START_OF_SCAN) <= MAX_SCANS:
        return False
    scans, offset = 0, 2
    while scans <= MAX_SCANS and (found := _MARKER.search(data, offset)) is not None:
        marker = found[1][0]
        if marker == _END:
            break
        scans += marker == _START_OF_SCAN[1]
        length = 0 if marker in _BARE else int.from_bytes(data[found.end() : found.end() + 2])
        offset = found.end() + length
    return scans > MAX_SCANS
