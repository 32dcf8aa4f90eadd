"""Somebody who uses the service over HTTP."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Self

import httpx

from tests.docker.engine import ROOT
from tests.docker.stack import until

PHOTO = ROOT / "backend" / "tests" / "fixtures" / "astronaut.png"


class Customer:
    """An account with a photo."""

    def __init__(self, url: str, **options: Any) -> None:
        self.client = httpx.Client(base_url=f"{url}/api/v1", timeout=30, **options)
        signed_in = self.data(self.client.post("/auth/login", json={"device_id": secrets.token_hex(16)}))
        self.client.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        self.photo_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def data(self, answer: httpx.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def upload(self, photo: Path = PHOTO) -> None:
        answer = self.client.post("/emoji/upload", files={"file": (photo.name, photo.read_bytes())})
        self.photo_id = self.data(answer)["photo_id"]

    def order(self, template: str = "wink") -> str:
        answer = self.client.post(
            "/emoji/create",
            json={"photo_id": self.photo_id, "driven_id": template},
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )
        task_id: str = self.data(answer)["id"]
        return task_id

    def task(self, task_id: str) -> Any:
        return self.data(self.client.get(f"/emoji/task/{task_id}"))

    def finished(self, task_ids: list[str], seconds: float) -> list[Any]:
        """The tasks once none of them is under way."""
        over = {"completed", "failed", "canceled"}

        def look() -> list[Any] | None:
            tasks = [self.task(task_id) for task_id in task_ids]
            return tasks if all(task["status"] in over for task in tasks) else None

        found: list[Any] = until(look, seconds)
        return found
