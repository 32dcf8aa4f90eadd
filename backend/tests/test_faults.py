"""Every fault that services of this kind were seen to have has a test that carries its number."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
ABOUT_PURCHASES = range(16, 24)
"""They come with purchases."""
FAULTS = [number for number in range(1, 31) if number not in ABOUT_PURCHASES]
_TEST = re.compile(r"^ *(?:async )?def (test_fault_\w+)", re.MULTILINE)
_NUMBERS = re.compile(r"fault_(\d+)|_and_(\d+)(?=_)")


def test_none_falls_out() -> None:
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for name in _TEST.findall(path.read_text()):
            for number, other in _NUMBERS.findall(name):
                found[int(number or other)].append(f"{path.relative_to(TESTS)}::{name}")
    missing = [number for number in FAULTS if number not in found]
    assert not missing, f"no test is named after fault {missing}"
    unknown = [number for number in found if not 1 <= number <= 30]
    assert not unknown, f"there is no fault {unknown}"
