"""The parts of the client that can be looked at alone."""

from __future__ import annotations

import asyncio
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.cli.failure import Failure
from app.cli.remote import following
from app.cli.remote.address import read_address
from app.cli.remote.connection import Connection
from app.cli.remote.device import device_file, device_id
from app.cli.remote.events import EventReader
from app.cli.remote.service import Service
from app.cli.remote.troubles import Refused, Unreachable
from app.cli.whole_file import replacing
from tests.cli.remote.conftest import listening
from tests.cli.remote.foreign import answering, http

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request

TASK = "01a20de7-cd4d-7071-b90f-00a0e4524af2"


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "url", "name"),
        [
            ("http://localhost:8000", "http://localhost:8000", "http://localhost:8000"),
            (" HTTP://LocalHost:8000/ ", "http://localhost:8000", "http://localhost:8000"),
            ("http://127.0.0.1:8000/api/v1/", "http://127.0.0.1:8000", "http://localhost:8000"),
            ("http://[::1]:8000", "http://[::1]:8000", "http://localhost:8000"),
            ("https://Example.com:443/stickers/", "https://example.com/stickers", "https://example.com/stickers"),
            ("http://example.com:80", "http://example.com", "http://example.com"),
            ("https://表情.example", "https://表情.example", "https://表情.example"),
        ],
    )
    def test_spellings(self, given: str, url: str, name: str) -> None:
        address = read_address(given)
        assert (address.url, address.name) == (url, name)
        assert address.api == f"{url}/api/v1"
        assert address.is_loopback == ("localhost" in name)


class TestEvents:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
    def test_pieces_of_any_size(self, size: int) -> None:
        stream = (
            ": ping\r\n\r\nevent: task\r\ndata: {“\u2028”}\r\n\r\ndata:a\ndata: b\n\n"
            "event: x\rdata: c\r\rid: 1\nretry: 5\n\ndata\n\ndata: lost"
        ).encode()
        reader = EventReader()
        pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
        found = [(event.name, event.data) for piece in pieces for event in reader.feed(piece)]
        assert found == [("task", "{“\u2028”}"), ("message", "a\nb"), ("x", "c"), ("message", "")]

    def test_what_is_no_stream_of_events_does_not_fill_the_memory(self) -> None:
        reader = EventReader()
        assert list(reader.feed(b"x" * 999_999)) == []
        with pytest.raises(ValueError, match="without end"):
            list(reader.feed(b"xx"))


class TestDevice:
    @pytest.fixture(autouse=True)
    def _own_configuration(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        monkeypatch.delenv("AIPIC_DEVICE_ID", raising=False)

    def test_one_for_each_server(self) -> None:
        first, second = device_id("http://a"), device_id("http://b")
        assert first != second
        assert len(first) == 43
        assert (device_id("http://a"), device_id("http://b")) == (first, second)
        assert stat.S_IMODE(device_file().stat().st_mode) == 0o600
        assert stat.S_IMODE(device_file().parent.stat().st_mode) == 0o700

    def test_two_first_calls_at_once(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(device_id, ["http://a"] * 32))) == 1

    def test_a_file_that_others_may_read_is_closed(self) -> None:
        device_id("http://a")
        device_file().chmod(0o644)
        device_id("http://a")
        assert stat.S_IMODE(device_file().stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"servers": {"http://a": 5}}', '{"servers": {"a": "short"}}'])
    def test_a_broken_file_is_left_as_it_is(self, content: str) -> None:
        device_file().parent.mkdir(parents=True)
        device_file().write_text(content)
        with pytest.raises(Failure, match="device_file_broken"):
            device_id("http://a")
        assert device_file().read_text() == content

    def test_where_nothing_can_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "config").write_text("a file where the folder should be")
        with pytest.raises(Failure, match="device_file"):
            device_id("http://a")

    def test_without_a_setting_it_is_in_the_home(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        for value in ("", "relative/folder"):
            monkeypatch.setenv("XDG_CONFIG_HOME", value)
            assert device_file() == tmp_path / ".config" / "ai-pic" / "device.json"


class TestWholeFile:
    def test_all_or_nothing(self, tmp_path: Path) -> None:
        target = tmp_path / "a.webp"
        target.write_text("old")

        def interrupted() -> None:
            with replacing(target) as file:
                file.write(b"half")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert target.read_text() == "old"
        with replacing(target) as file:
            file.write(b"new")
        assert target.read_text() == "new"
        assert list(tmp_path.iterdir()) == [target]

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="output_unwritable"), replacing(tmp_path / "none" / "a"):
            pass


def connection(port: int, told: list[tuple[str, float]] | None = None) -> Connection:
    address = read_address(f"http://127.0.0.1:{port}")
    return Connection(address, "en", lambda why, seconds: (told if told is not None else []).append((why, seconds)))


class TestPatience:
    async def test_a_gateway_without_its_service(self) -> None:
        async with answering(http("502 Bad Gateway", "<html>nginx</html>")) as port, connection(port) as ours:
            with pytest.raises(Failure, match="service_away"):
                await ours.call("GET", "/config", patience=2)

    async def test_a_service_that_was_there_and_is_not(self) -> None:
        told: list[tuple[str, float]] = []
        async with answering(http("200 OK", '{"code": 0, "message": "", "data": 1}')) as port:
            ours = connection(port, told)
            assert await ours.call("GET", "/config") == 1
        async with ours:
            with pytest.raises(Unreachable, match="server_down"):
                await ours.call("GET", "/config", patience=5)
        assert told == [("waiting_away", 2.0)]

    async def test_a_no_is_a_no(self) -> None:
        answer = http("402 Payment Required", '{"code": 402001, "message": "Not enough.", "data": null}')
        async with answering(answer) as port, connection(port) as ours:
            with pytest.raises(Refused) as caught:
                await ours.call("POST", "/emoji/create")
        assert (caught.value.code, caught.value.message) == (402001, "Not enough.")


def task(status: str, progress: int = 0) -> dict[str, Any]:
    return {"id": TASK, "status": status, "progress": progress, "error": None, "result": None}


class TestFollowing:
    """Against a service that tells of one task, over a socket."""

    async def follow(self, events: Any, states: list[dict[str, Any]]) -> tuple[list[tuple[str, int]], str]:
        async def read(_: Request) -> Response:
            data = states.pop(0) if len(states) > 1 else states[0]
            return Response(json.dumps({"code": 0, "message": "", "data": data}), media_type="application/json")

        prefix = f"/api/v1/emoji/task/{TASK}"
        app = Starlette(routes=[Route(f"{prefix}/events", events), Route(prefix, read)])
        seen: list[tuple[str, int]] = []
        async with listening(app) as url, connection(int(url.rpartition(":")[2])) as ours:
            ended = await following.follow(Service(ours), TASK, lambda one: seen.append((one.status, one.progress)))
        return seen, ended.status

    async def test_by_events(self) -> None:
        async def events(_: Request) -> Response:
            async def stream() -> AsyncIterator[str]:
                for state in (task("pending"), task("processing", 40), task("completed", 100)):
                    yield f": ping\r\n\r\nevent: task\r\ndata: {json.dumps(state)}\r\n\r\n"

            return StreamingResponse(stream(), media_type="text/event-stream")

        seen, ended = await self.follow(events, [task("failed")])
        assert seen == [("pending", 0), ("processing", 40), ("completed", 100)]
        assert ended == "completed"

    async def test_where_a_proxy_holds_events_back_it_asks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(following, "_FIRST_SECONDS", 0.2)
        monkeypatch.setattr(following, "_ASK_SECONDS", 0.05)
        asked = 0

        async def events(_: Request) -> Response:
            nonlocal asked
            asked += 1

            async def stream() -> AsyncIterator[str]:
                await asyncio.sleep(1)
                yield ""

            return StreamingResponse(stream(), media_type="text/event-stream")

        states = [task("processing", share) for share in (10, 20, 30, 40)]
        seen, ended = await self.follow(events, [*states, task("completed", 100)])
        assert seen == [("processing", share) for share in (10, 20, 30, 40)] + [("completed", 100)]
        assert ended == "completed"
        assert asked == 3  # then it knows

    async def test_a_stream_that_lasts_only_so_long_is_opened_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(following, "_ASK_SECONDS", 0.05)
        progress = iter(range(10, 100, 10))

        async def events(_: Request) -> Response:
            share = next(progress)
            body = f"event: task\ndata: {json.dumps(task('completed' if share == 60 else 'processing', share))}\n\n"
            return Response(body, media_type="text/event-stream")

        seen, _ = await self.follow(events, [task("processing", 1)])
        assert [share for _, share in seen if share > 1] == [10, 20, 30, 40, 50, 60]

    async def test_events_that_make_no_sense(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(following, "_ASK_SECONDS", 0.05)

        async def events(_: Request) -> Response:
            return Response("event: task\ndata: nonsense\n\n", media_type="text/event-stream")

        _, ended = await self.follow(events, [task("processing", 1), task("cancelled")])
        assert ended == "cancelled"
