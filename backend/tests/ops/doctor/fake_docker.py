"""A `docker` on PATH that answers what a test has written down; real processes, real exit codes."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

PROGRAM = """#!{python} -IS
import json, os, sys, time
home = {home!r}
words = " ".join(sys.argv[1:])
given = sys.stdin.read()
with open(home + "/calls", "a") as calls:
    calls.write(words + "\\n")
answers = json.load(open(home + "/answers.json"))
found = max((key for key in answers if words.startswith(key)), key=len, default=None)
answer = answers[found] if found is not None else {{"code": 1, "err": "fake docker has no answer to: " + words}}
for needed, instead in answer.get("unless", {{}}).items():
    if not os.environ.get(needed):
        answer = instead
        break
time.sleep(answer.get("seconds", 0))
if answer.get("really"):
    import subprocess
    program = sys.argv[sys.argv.index("-c") + 1]
    sys.exit(subprocess.run([{python!r}, "-I", "-c", program], input=given, text=True).returncode)
sys.stdout.write(answer.get("out", ""))
sys.stderr.write(answer.get("err", ""))
sys.exit(answer.get("code", 0))
"""


class FakeDocker:
    """Its answers by the beginning of the command; the longest that fits wins."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.answers: dict[str, dict[str, Any]] = {}
        home.mkdir(parents=True, exist_ok=True)
        program = home / "docker"
        program.write_text(PROGRAM.format(python=sys.executable, home=str(home)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.says("version", {"Client": {"Version": "28.0.0"}, "Server": {"Version": "28.0.0", "Arch": "arm64"}})
        self.says("info", {"OperatingSystem": "Docker Desktop", "RegistryConfig": {"Mirrors": []}})
        self.says("compose version", "2.30.1\n")
        self.says("compose ps", "")
        self.says("context ls", {"Name": "desktop-linux", "Current": True})
        self.says("image inspect", "[]", code=1)
        self.says("network inspect", "[]", code=1)
        self.says("volume ls", "")
        self.says("ps", "")
        self.says("system df", {"Type": "Images", "Reclaimable": "2.5GB (50%)"})

    def says(self, words: str, out: object = "", **more: Any) -> None:
        """Answer with text, or with JSON of anything else."""
        self.answers[words] = {"out": out if isinstance(out, str) else json.dumps(out), **more}
        (self.home / "answers.json").write_text(json.dumps(self.answers))

    def calls(self) -> list[str]:
        path = self.home / "calls"
        return path.read_text().splitlines() if path.exists() else []
