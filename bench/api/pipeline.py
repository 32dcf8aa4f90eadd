"""The way of a photo and of a task through a real worker: how long each waits, and how many a machine makes."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.api.seeding import Person
    from bench.api.stage import Program, Stage

PORTRAIT = Path(__file__).resolve().parents[2] / "backend" / "tests" / "fixtures" / "astronaut.png"
_SINGLE_CORE = Path(__file__).with_name("single_core.py")
_BOUNDARY = "aipic-bench-boundary"
_PATIENCE_SECONDS = 300.0
QUICK_STICKERS = {"EMOJI_SIZE": "128", "EMOJI_FORMATS": "webp"}
"""For the worker whose claims are timed: what follows a claim does not matter there, and should not last."""


@dataclass
class Peaks:
    """The most memory that each kind of process has had, MB."""

    backend: float = 0.0
    worker_parent: float = 0.0
    worker_child: float = 0.0

    def see_backend(self, service: Program) -> None:
        """Take in the service's processes as they are now."""
        self.backend = max(self.backend, *(peak_mb(pid) for pid in service.children()))

    def see_worker(self, worker: Program) -> None:
        """Take in a worker's processes as they are now."""
        self.worker_parent = max(self.worker_parent, peak_mb(worker.pid))
        self.worker_child = max(self.worker_child, *(peak_mb(pid) for pid in worker.children()))


@dataclass
class Journeys:
    """Times in ms, and stickers a minute."""

    uploads: list[float] = field(default_factory=list)
    engine_prepares: float = 0.0
    claims: list[float] = field(default_factory=list)
    worker_per_minute: float = 0.0
    core_per_minute: float = 0.0


def peak_mb(pid: int) -> float:
    """A process's peak resident memory, MB of a million bytes; where the system does not keep it, what it has now."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


def make_upload(target: Path) -> None:
    """A JPEG of 12 megapixels: the portrait enlarged, with a sensor's grain, so that it is as long as a phone's."""
    with Image.open(PORTRAIT) as portrait:
        picture = portrait.convert("RGB").resize((4000, 4000), Image.Resampling.BICUBIC).crop((0, 0, 4000, 3000))
    grain = np.random.default_rng(0).normal(0.0, 3.0, (3000, 4000, 1)).astype(np.float32)
    pixels = np.clip(np.asarray(picture, np.float32) + grain, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(target, "JPEG", quality=90)


def multipart(file: bytes) -> tuple[bytes, dict[str, str]]:
    """A form with one file, and the header that tells its kind."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + file + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}


class Caller:
    """One caller on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._keys = 0

    def call(self, method: str, path: str, person: Person, body: bytes = b"", **headers: str) -> tuple[Any, float]:
        """The ``data`` of the answer, and the milliseconds until it was there; a refusal ends the bench."""
        start = time.perf_counter()
        self._connection.request(method, f"/api/v1{path}", body or None, {**person.headers, **headers})
        answer = self._connection.getresponse()
        content = answer.read()
        spent = (time.perf_counter() - start) * 1e3
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"{method} {path}: {answer.status} {content.decode('utf-8', 'replace')}")
        return json.loads(content)["data"], spent

    def create(self, person: Person, photo_id: str, driven_id: str) -> str:
        """Order a sticker; the task's id."""
        self._keys += 1
        body = json.dumps({"photo_id": photo_id, "driven_id": driven_id}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"caller-{self._keys}"}
        task, _ = self.call("POST", "/emoji/create", person, body, **headers)
        return str(task["id"])

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def time_uploads(caller: Caller, person: Person, upload: bytes, count: int, told: Callable[[], None]) -> list[Any]:
    """Upload again and again; the answers with their milliseconds, without the first, which warms everything."""
    body, headers = multipart(upload)
    answers = []
    for _ in range(count + 1):
        answers.append(caller.call("POST", "/emoji/upload", person, body, **headers))
        told()
    return answers[1:]


def time_claims(stage: Stage, order: Callable[[], str], count: int, told: Callable[[], None]) -> list[float]:
    """From a task's creation to its claim, ms by the database's clock; each begins when the worker has nothing to do.

    ``order`` creates a task and returns its id.
    """
    tasks = []
    for _ in range(count + 1):
        tasks.append(order())
        time.sleep(0.1)  # nobody asks while it is claimed
        _until(lambda: _status(stage, tasks[-1]) == "completed", f"task {tasks[-1]} does not get done")
        told()
    chosen = ", ".join(f"'{task_id}'" for task_id in tasks[1:])  # the first one warmed everything
    rows = stage.sql(
        f"SELECT extract(epoch FROM started_at - created_at) * 1000 FROM emoji_tasks WHERE id IN ({chosen})"
    )
    return [float(row) for row in rows.splitlines()]


def queue_stickers(caller: Caller, person: Person, photo_id: str, templates: Sequence[str]) -> list[str]:
    """Order one of each while nobody works."""
    return [caller.create(person, photo_id, driven_id) for driven_id in templates]


def time_queue(stage: Stage, tasks: Sequence[str], told: Callable[[int], None]) -> float:
    """Wait until all are made; stickers a minute, from the first claim to the last result."""
    chosen = ", ".join(f"'{task_id}'" for task_id in tasks)
    where = f"FROM emoji_tasks WHERE id IN ({chosen})"

    def all_done() -> bool:
        done, failed = (int(word) for word in stage.sql(f"SELECT {_COUNTS} {where}").split("|"))
        if failed:
            raise SystemExit(f"{failed} stickers failed")
        told(done)
        time.sleep(0.4)
        return done == len(tasks)

    _until(all_done, "the queue does not get empty")
    span = float(stage.sql(f"SELECT extract(epoch FROM max(finished_at) - min(started_at)) {where}"))
    return len(tasks) * 60 / span


_COUNTS = "count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed')"


def single_core(**plan: Any) -> Mapping[str, float]:
    """The engine alone, in a process that is pinned to one core; for the ``plan`` see ``single_core.py``."""
    command = [sys.executable, str(_SINGLE_CORE)]
    done = subprocess.run(command, input=json.dumps(plan), stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _status(stage: Stage, task_id: str) -> str:
    return stage.sql(f"SELECT status FROM emoji_tasks WHERE id = '{task_id}'")


def _until(condition: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(problem)
        time.sleep(0.02)
