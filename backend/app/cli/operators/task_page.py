"""A task's record laid out for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.operators.layout import (
    entry_as_data,
    json_time,
    print_columns,
    print_entries,
    print_pairs,
    spoken_span,
    spoken_time,
)
from app.cli.sizes import human_bytes
from app.cli.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.cli.language import Lang
    from app.ops.task_record import FileRecord, TaskRecord


def print_record(record: TaskRecord, attempts: int, lang: Lang) -> None:
    """On one screen; ``attempts`` is how many a task gets."""
    print(text(lang, "title.task", id=record.task.id))
    print_pairs(list(_pairs(record, attempts, lang)))
    print(text(lang, "title.entries") if record.entries else text(lang, "title.no_entries"))
    print_entries(record.entries, lang)
    files = [*record.files, *([record.photo_file] if record.photo_file else [])]
    if files:
        print(text(lang, "title.files"))
        print_columns([_file_row(file, lang) for file in files], right=(1,))
    if record.strays:
        print(text(lang, "title.strays"))
        for key in record.strays:
            print(f"  {key}")


def _pairs(record: TaskRecord, attempts: int, lang: Lang) -> Iterator[tuple[str, str]]:
    task, user = record.task, record.user

    def pair(name: str, value: object) -> tuple[str, str]:
        return text(lang, f"label.{name}"), str(value)

    yield pair("status", f"{text(lang, f'status.{task.status}')}  {task.progress} %")
    if task.error is not None:
        yield pair("error", f"{task.error.get('code')}: {(task.error.get('message') or {}).get(lang, '')}")
    caption = text(lang, "own_caption") if task.caption is None else (task.caption or text(lang, "no_caption"))
    yield pair("template", f"{task.driven_id}  ·  {task.engine}  ·  {task.language}  ·  {caption}")
    deleted = "" if user.deleted_at is None else "  " + text(lang, "deleted_at", time=spoken_time(user.deleted_at))
    yield pair("owner", f"{user.id}  {user.nickname}{deleted}")
    yield pair("request", task.request_id)
    yield pair("key", task.idempotency_key or "—")
    yield pair("cost", task.points_cost)
    yield pair("attempts", text(lang, "attempts", count=task.attempt, most=attempts))
    yield pair("lease", _lease(record, lang))
    due = "—" if task.next_enqueue_at is None else spoken_time(task.next_enqueue_at)
    yield pair("queue", text(lang, "queued_again", count=task.enqueues, due=due))
    yield pair("created", spoken_time(task.created_at))
    waited = (task.started_at or task.finished_at or record.now) - task.created_at
    yield pair("waited", f"{spoken_span(waited, lang)}  → {spoken_time(task.started_at)}")
    if task.started_at is not None:
        took = (task.finished_at or record.now) - task.started_at
        yield pair("rendered", f"{spoken_span(took, lang)}  → {spoken_time(task.finished_at)}")
    yield pair("deadline", spoken_time(task.deadline_at))
    if task.result is not None:
        facts = task.result
        yield pair("result", f"{facts['width']}×{facts['height']}  {facts['duration_ms'] / 1000:.2f} s")
    if task.liked_at is not None:
        yield pair("liked", spoken_time(task.liked_at))
    if task.deleted_at is not None:
        yield pair("deleted", spoken_time(task.deleted_at))
    yield pair("photo", _photo(record, lang))


def _lease(record: TaskRecord, lang: Lang) -> str:
    task = record.task
    if task.lease_until is None:
        return text(lang, "lease.none")
    left = task.lease_until - record.now
    state = "lease.held" if left.total_seconds() > 0 else "lease.dead"
    return text(lang, state, span=spoken_span(left, lang), token=task.lease_token)


def _photo(record: TaskRecord, lang: Lang) -> str:
    photo = record.photo
    parts = [str(photo.id), text(lang, f"photo.{photo.status}"), f"{photo.width}×{photo.height}"]
    if photo.deleted_at is not None:
        parts.append(text(lang, "deleted_at", time=spoken_time(photo.deleted_at)))
    else:
        parts.append(text(lang, "kept_until", time=spoken_time(photo.expires_at)))
    return "  ".join(parts)


def _file_row(file: FileRecord, lang: Lang) -> tuple[str, str, str, str]:
    state = text(lang, f"file.{file.state}", found="" if file.found_bytes is None else human_bytes(file.found_bytes))
    return file.name, human_bytes(file.noted_bytes), state, file.key


def as_data(record: TaskRecord) -> dict[str, object]:
    """The same for ``--json``."""
    task, photo = record.task, record.photo
    times = ("created_at", "started_at", "finished_at", "deadline_at", "next_enqueue_at", "lease_until")
    ended = task.finished_at or record.now
    return {
        "id": str(task.id),
        "user_id": str(task.user_id),
        "status": str(task.status),
        "progress": task.progress,
        "type": task.type,
        "driven_id": task.driven_id,
        "engine": task.engine,
        "language": task.language,
        "caption": task.caption,
        "error": task.error,
        "request_id": task.request_id,
        "idempotency_key": task.idempotency_key,
        "points_cost": task.points_cost,
        "attempt": task.attempt,
        "enqueues": task.enqueues,
        "lease_token": None if task.lease_token is None else str(task.lease_token),
        **{name: json_time(getattr(task, name)) for name in (*times, "liked_at", "deleted_at")},
        "waited_seconds": round(((task.started_at or ended) - task.created_at).total_seconds(), 3),
        "rendered_seconds": None if task.started_at is None else round((ended - task.started_at).total_seconds(), 3),
        "result": None if task.result is None else {name: task.result[name] for name in task.result if name != "files"},
        "entries": [entry_as_data(entry) for entry in record.entries],
        "files": [_file_as_data(file) for file in record.files],
        "stray_files": list(record.strays),
        "photo": {
            "id": str(photo.id),
            "status": str(photo.status),
            "width": photo.width,
            "height": photo.height,
            "expires_at": json_time(photo.expires_at),
            "deleted_at": json_time(photo.deleted_at),
            "file": None if record.photo_file is None else _file_as_data(record.photo_file),
        },
    }


def _file_as_data(file: FileRecord) -> dict[str, object]:
    return {
        "name": file.name,
        "key": file.key,
        "bytes": file.noted_bytes,
        "state": str(file.state),
        "found_bytes": file.found_bytes,
    }
