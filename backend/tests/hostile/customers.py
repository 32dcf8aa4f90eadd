"""Somebody who uses the service over its socket as it is meant to be used."""

from __future__ import annotations

import time
from typing import Any, Self

import httpx

from tests.hostile.service import Service
from tests.media.photos import jpeg


class Customer:
    """An account; after ``settle`` it has a photo and a finished sticker."""

    def __init__(self, service: Service, device_id: str, *, balance: int | None = None) -> None:
        self.service = service
        self.account = service.sign_in(device_id, balance=balance)
        self.headers = self.account.headers
        self.client = service.client(headers=self.headers)
        self.photo_id = ""
        self.image_url = ""
        self.task_id = ""

    def __enter__(self) -> Self:
        return self

    def settle(self) -> Self:
        """Upload a photo and order a sticker."""
        photo = self.upload(jpeg()).json()["data"]
        self.photo_id, self.image_url = photo["photo_id"], photo["image_url"]
        self.task_id = self.order()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Any request; ``path`` is the whole one, as the OpenAPI has it."""
        return self.client.request(method, f"{self.service.url}{path}", **request)

    def upload(self, content: bytes, name: str = "photo.jpg", content_type: str = "image/jpeg") -> httpx.Response:
        return self.client.post("/emoji/upload", files={"file": (name, content, content_type)})

    def order(self, **changes: Any) -> str:
        """A finished sticker; its task's id."""
        body = {"photo_id": self.photo_id, "driven_id": "wink"} | changes
        answer = self.client.post("/emoji/create", json=body)
        assert answer.status_code == 200, answer.text
        task_id: str = answer.json()["data"]["id"]
        for _ in range(1000):
            task = self.client.get(f"/emoji/task/{task_id}").json()["data"]
            if task["status"] == "completed":
                return task_id
            time.sleep(0.01)
        raise AssertionError(f"never finished: {task}")
