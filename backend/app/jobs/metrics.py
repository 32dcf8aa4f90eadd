"""Measures of jobs."""

from __future__ import annotations

from prometheus_client import Gauge, Histogram

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

JOB_SECONDS = Histogram(
    "aipic_job_seconds", "How long jobs ran, by name and outcome.", ["job", "outcome"], buckets=_BUCKETS
)
JOBS_RUNNING = Gauge("aipic_jobs_running", "Jobs that run now.", ["job"], multiprocess_mode="livesum")
