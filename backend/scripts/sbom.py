"""A bill of materials in CycloneDX's JSON: every package that is installed here, on the standard output.

Run by the image's build with the interpreter of the environment that it describes.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from email.message import Message


def component(distribution: Distribution) -> dict[str, object]:
    """One package as CycloneDX 1.6 describes it."""
    metadata = cast("Message", distribution.metadata)
    name, version = str(metadata["Name"]), distribution.version
    described: dict[str, object] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(version)}",
    }
    licence = metadata.get("License-Expression")
    if licence:
        described["licenses"] = [{"expression": licence}]
    elif (short := metadata.get("License")) and "\n" not in short:
        described["licenses"] = [{"license": {"name": short}}]
    return described


def main() -> None:
    """Write it."""
    packages = sorted(distributions(), key=lambda distribution: distribution.metadata["Name"].lower())
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "ai-pic"}},
        "components": [
            {"type": "platform", "name": "python", "version": platform.python_version()},
            *map(component, packages),
        ],
    }
    json.dump(bill, sys.stdout, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
