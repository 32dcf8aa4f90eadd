"""Measures of tasks."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

TASKS_CREATED = Counter("aipic_tasks_created", "Tasks that were charged and recorded.")
TASKS_ENDED = Counter("aipic_tasks_ended", "Tasks that ended, by status and error code.", ["status", "error"])
QUEUE_SECONDS = Histogram(
    "aipic_task_wait_seconds",
    "From the creation of a task to its first claim.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
RENDER_SECONDS = Histogram(
    "aipic_render_seconds",
    "How long renders took, by engine and outcome.",
    ["engine", "outcome"],
    buckets=(0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 120),
)
