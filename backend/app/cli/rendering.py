"""Several stickers at once: a pool of processes, as wide as the machine, that tells its progress and stops cleanly."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from app.engines.local.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Event
    from pathlib import Path

    from app.cli.language import Lang
    from app.engines.local.encode import Encoded
    from app.engines.local.render import Background, Frame
    from app.engines.local.rig import Rig
    from app.engines.local.template import Template

_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Job:
    """One sticker to make. ``target`` None: only the key frame is wanted, nothing is encoded."""

    template: Template
    target: Path | None
    background: Background
    caption: str | None = None
    lang: Lang = "zh"
    fps: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of a job: the file and the key frame, or why not."""

    template: Template
    encoded: Encoded | None = None
    poster: Frame | None = None
    error: Exception | None = None


class _Stopped(Exception):
    """Raised inside a render when the caller has given up, so that unfinished files are taken away."""


def render_all(rig: Rig, jobs: Sequence[Job], progress: Callable[[int, int, int], None]) -> list[Outcome]:
    """Run all jobs on one rig; outcomes in the order of the jobs, failures among them.

    ``progress`` is called with the index of a job, frames done and frames in all. KeyboardInterrupt passes through
    after every worker has stopped and taken its unfinished file away.
    """
    width = min(os.cpu_count() or 1, len(jobs))
    if width == 1:
        return [_outcome(rig, job, partial(progress, index)) for index, job in enumerate(jobs)]
    return _in_pool(rig, jobs, progress, width)


def _in_pool(rig: Rig, jobs: Sequence[Job], progress: Callable[[int, int, int], None], width: int) -> list[Outcome]:
    context = multiprocessing.get_context("spawn")
    reports: SimpleQueue[tuple[int, int, int]] = context.SimpleQueue()
    stop = context.Event()
    outcomes: dict[int, Outcome] = {}
    with ProcessPoolExecutor(width, context, _prepare, (rig, reports, stop)) as pool:
        try:
            with _interrupts_held():
                futures = {pool.submit(_run, index, job): index for index, job in enumerate(jobs)}
            waiting: set[Future[Outcome]] = set(futures)
            while waiting:
                finished, waiting = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
                while not reports.empty():
                    progress(*reports.get())
                for future in finished:
                    outcomes[futures[future]] = _result(future, jobs[futures[future]])
        except BaseException:
            # The last worker may still be starting: the queue and the event must last until every worker has ended.
            stop.set()
            with _emptied(reports):
                pool.shutdown(cancel_futures=True)
            raise
    return [outcomes[index] for index in range(len(jobs))]


def _result(future: Future[Outcome], job: Job) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool as error:
        return Outcome(job.template, error=error)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while workers start; one that comes meanwhile is raised at the end.

    A terminal sends it to all, but only the parent decides and tells the workers: they inherit that it is blocked,
    from before their first line. Here any thread may still take it, hence the handler too: an interrupt within
    a start would leave a worker that the pool does not know, and that takes another one's call to end.
    """
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


@contextmanager
def _emptied(reports: SimpleQueue[tuple[int, int, int]]) -> Iterator[None]:
    """Throw reports away meanwhile: a worker that waits at a full pipe would never end."""
    over = threading.Event()

    def drain() -> None:
        while not over.wait(_POLL_SECONDS):
            while not reports.empty():
                reports.get()

    drainer = threading.Thread(target=drain, daemon=True)
    drainer.start()
    try:
        yield
    finally:
        over.set()
        drainer.join()


_shared: dict[str, Any] = {}
"""What a worker got when it started: the rig is sent once a process instead of once a job."""


def _prepare(rig: Rig, reports: SimpleQueue[tuple[int, int, int]], stop: Event) -> None:
    _shared.update(rig=rig, reports=reports, stop=stop)


def _run(index: int, job: Job) -> Outcome:
    def report(done: int, of: int) -> None:
        if _shared["stop"].is_set():
            raise _Stopped
        _shared["reports"].put((index, done, of))

    if _shared["stop"].is_set():
        raise _Stopped
    return _outcome(_shared["rig"], job, report)


def _outcome(rig: Rig, job: Job, report: Callable[[int, int], None]) -> Outcome:
    import cv2

    cv2.setNumThreads(1)
    try:
        return _made(rig, job, report)
    except (EngineError, OSError, ValueError, MemoryError, cv2.error) as error:
        # The others' stickers go on; what OpenCV could not allocate is its own kind of error.
        return Outcome(job.template, error=error)


def _made(rig: Rig, job: Job, report: Callable[[int, int], None]) -> Outcome:
    from app.engines.local.encode import encode
    from app.engines.local.render import frame_count, render, still

    count = frame_count(job.template, job.fps)
    if job.target is None:
        poster = still(rig, job.template, caption=job.caption, lang=job.lang, background=job.background, size=job.size)
        report(count, count)
        return Outcome(job.template, poster=poster)
    frames = render(
        rig,
        job.template,
        caption=job.caption,
        lang=job.lang,
        background=job.background,
        fps=job.fps,
        size=job.size,
        progress=report,
    )
    posters: list[Frame] = []
    kept = _keeping(round(job.template.poster * count) % count, frames, posters)
    encoded = encode(kept, job.target, fps=job.fps or job.template.fps)
    return Outcome(job.template, encoded, posters[0])


def _keeping(wanted: int, frames: Iterator[Frame], posters: list[Frame]) -> Iterator[Frame]:
    for index, frame in enumerate(frames):
        if index == wanted:
            posters.append(frame.copy())
        yield frame
