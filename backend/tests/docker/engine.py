"""A Docker Engine for these tests: the machine's own, or one that the lab brings up out of Debian's packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
LAB = Path(__file__).parent / "lab"


class NoEngine(Exception):
    """Why there is none, in words."""


def bring_up() -> str:
    """Make an Engine answer, and have the images that the project's files name; the environment tells docker of it.

    On a machine with an Engine of its own, its registry serves the images. Else the lab builds stand-ins for them,
    which needs root, Debian, and its packages. Raises NoEngine.
    """
    if not _answers():
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise NoEngine("no Docker Engine answers, and the lab needs root on Debian")
        done = subprocess.run(["bash", LAB / "up.sh"], capture_output=True, text=True, check=False, timeout=600)
        if done.returncode != 0:
            raise NoEngine(f"the lab did not come up: {done.stderr[-2000:]}")
        for name, value in re.findall(r"^export (\w+)=(.*)$", done.stdout, re.MULTILINE):
            os.environ[name] = value
    host = os.environ.get("DOCKER_HOST", "")
    if _is_lab(host):
        done = subprocess.run(
            ["bash", LAB / "images.sh", *images()], capture_output=True, text=True, check=False, timeout=900
        )
        if done.returncode != 0:
            raise NoEngine(f"the lab could not build its images: {done.stderr[-2000:]}")
    return host


def images() -> list[str]:
    """The images of others that the project's files name, with their defaults."""
    dockerfile = (ROOT / "backend" / "Dockerfile").read_text("utf-8")
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)", dockerfile, re.MULTILINE))
    bases = re.findall(r"^FROM (\S+/\S+)", dockerfile, re.MULTILINE)
    found = {re.sub(r"\$\{(\w+)\}", lambda name: defaults[name[1]], base) for base in bases}
    for file in ROOT.glob("docker-compose*.yml"):
        for image in re.findall(r"^\s+image: (\S+)", file.read_text("utf-8"), re.MULTILINE):
            found.add(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", image))
    return sorted(image for image in found if not image.startswith("backend:"))


def _answers() -> bool:
    if shutil.which("docker") is None:
        return False
    lab = Path(os.environ.get("DOCKER_LAB_ROOT", "/var/tmp/docker-lab")) / "docker.sock"
    if "DOCKER_HOST" not in os.environ and lab.exists():
        os.environ["DOCKER_HOST"] = f"unix://{lab}"
    done = subprocess.run(["docker", "version"], capture_output=True, check=False, timeout=30)
    if done.returncode != 0:
        os.environ.pop("DOCKER_HOST", None)
        done = subprocess.run(["docker", "version"], capture_output=True, check=False, timeout=30)
    return done.returncode == 0


def _is_lab(host: str) -> bool:
    return "docker-lab" in host
