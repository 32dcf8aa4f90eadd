"""The whole way: signed in, uploaded, ordered, followed, fetched."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.remote.conftest import DEVICE, Running, Shell

pytestmark = pytest.mark.usefixtures("worker")


async def test_one_sticker(aipic: Shell, running: Running, photo: Path) -> None:
    said = await aipic("make", "--server", running.url, photo, "-t", "wink", "-o", "deep/wink.webp")
    assert (said.code, said.err) == (0, "")
    line, total, left = said.out.splitlines()
    size = photo.stat().st_size
    assert line == f"deep/wink.webp  512×512  2.00 s  {round(size / 1000)} KB"
    assert total.startswith("1 made in ")
    assert left == "Points left: 90"
    assert (aipic.folder / "deep" / "wink.webp").read_bytes() == photo.read_bytes()
    assert [path.name for path in (aipic.folder / "deep").iterdir()] == ["wink.webp"]
    [task] = await running.tasks()
    assert (task.status, task.driven_id, task.caption, task.language) == ("completed", "wink", None, "zh")


@pytest.mark.parametrize(("name", "format_name"), [("a.gif", "gif"), ("a.MP4", "mp4"), ("b/", "webp")])
async def test_the_suffix_picks_the_format(
    aipic: Shell, running: Running, photo: Path, name: str, format_name: str
) -> None:
    said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", name)
    assert said.code == 0, said.err
    [task] = await running.tasks()
    fetched = [path for _, path in running.weather.seen if "/media/" in path]
    assert fetched == ["/api/v1/media/" + (task.result or {})["files"][format_name]["key"]]


async def test_several_with_a_sheet(aipic: Shell, running: Running, photo: Path) -> None:
    said = await aipic("make", photo, "--server", running.url, "--lang", "zh")
    assert (said.code, said.err) == (0, "")
    folder = aipic.folder / "stickers" / "me and you"
    assert sorted(path.name for path in folder.iterdir()) == ["angry.webp", "love.webp", "sheet.png", "wink.webp"]
    lines = said.out.splitlines()
    assert [line.split("  ")[0] for line in lines[:4]] == [
        f"stickers/me and you/{name}" for name in ("wink.webp", "love.webp", "angry.webp", "sheet.png")
    ]
    assert lines[-2].startswith("共 3 个，用时 ")
    assert lines[-1] == "剩余积分：70"
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.format == "PNG"


async def test_names_in_either_language_and_all(aipic: Shell, running: Running, photo: Path) -> None:
    said = await aipic("make", photo, "--server", running.url, "-t", "眨眼，ANGRY", "-f", "gif", "-o", "out")
    assert said.code == 0, said.err
    # The fake engine calls all three alike, so the first stands for the name.
    assert sorted(path.name for path in (aipic.folder / "out").iterdir()) == ["angry.gif", "sheet.png", "wink.gif"]
    said = await aipic("make", photo, "--server", running.url, "-t", "all", "-o", "all")
    assert len(list((aipic.folder / "all").glob("*.webp"))) == 3


async def test_words_go_along(aipic: Shell, running: Running, photo: Path) -> None:
    for index, (options, words, lang) in enumerate(
        [
            (("--caption", " 你  好 "), "你 好", "zh"),
            (("--no-caption",), "", "zh"),
            (("--lang", "en"), None, "en"),
        ]
    ):
        said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", f"{index}.webp", *options)
        assert said.code == 0, said.err
        task = (await running.tasks())[-1]
        assert (task.caption, task.language) == (words, lang)


class TestTheDevice:
    async def test_is_kept_and_opens_the_same_account(self, aipic: Shell, running: Running, photo: Path) -> None:
        for left in (90, 80):
            said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", "a.webp")
            assert said.out.endswith(f"Points left: {left}\n")
        assert len(await running.users()) == 1
        assert stat.S_IMODE(aipic.devices.stat().st_mode) == 0o600
        kept = json.loads(aipic.devices.read_text())["servers"]
        assert list(kept) == [running.url.replace("127.0.0.1", "localhost")]

    async def test_the_environment_comes_first_and_is_not_kept(
        self, aipic: Shell, running: Running, photo: Path
    ) -> None:
        options = ("--server", running.url, "-t", "wink", "-o", "a.webp")
        assert (await aipic("make", photo, *options, AIPIC_DEVICE_ID=DEVICE)).code == 0
        assert not aipic.devices.exists()
        assert (await aipic("make", photo, *options)).code == 0
        assert len(await running.users()) == 2

    async def test_one_that_is_none(self, aipic: Shell, running: Running, photo: Path) -> None:
        said = await aipic("make", photo, "--server", running.url, AIPIC_DEVICE_ID="short")
        assert said.code == 2
        assert said.err == "AIPIC_DEVICE_ID takes 16 to 128 ASCII characters without spaces\n"


async def test_it_tells_nobody_more_than_it_must(aipic: Shell, running: Running, photo: Path) -> None:
    said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", "a.webp")
    assert said.code == 0, said.err
    for path, headers in running.weather.headers:
        signed = path.startswith(("/api/v1/emoji", "/api/v1/points"))
        assert ("authorization" in headers) == signed, path
    assert running.weather.seen[0] == ("GET", "/api/v1/config")  # before any secret: it may be a foreign server


class TestRefusals:
    async def test_a_photo_without_a_face(self, aipic: Shell, running: Running, photo: Path) -> None:
        photo.write_bytes(photo.read_bytes() + b"no-face")
        said = await aipic("make", photo, "--server", running.url, "-t", "wink")
        assert (said.code, said.out) == (2, "")
        assert said.err == "This photo cannot be used:\n✗ No face was found.\n"
        assert await running.tasks() == []
        assert await running.balance() == 100
        assert not (aipic.folder / "stickers").exists()

    async def test_a_broken_photo(self, aipic: Shell, running: Running, photo: Path) -> None:
        photo.write_bytes(photo.read_bytes() + b"refuse-me")
        said = await aipic("make", photo, "--server", running.url, "-t", "wink")
        assert (said.code, said.err) == (2, "The picture is broken.\n")

    async def test_what_is_no_photo(self, aipic: Shell, running: Running, photo: Path) -> None:
        photo.write_text("<html>hello</html>" * 100)
        said = await aipic("make", photo, "--server", running.url, "-t", "wink", "--lang", "zh")
        assert said.code == 2
        assert "不支持这种文件" in said.err

    async def test_a_sticker_that_fails_costs_nothing(self, aipic: Shell, running: Running, photo: Path) -> None:
        said = await aipic("make", photo, "--server", running.url, "-t", "wink", "-o", "a.webp", "--caption", "fail")
        assert said.code == 2
        assert said.err.startswith("Wink: failed. It could not be made.")
        assert said.err.endswith("1 failed.\n")
        assert said.out == "Points left: 100\n"
        assert not (aipic.folder / "a.webp").exists()

    async def test_points_that_do_not_suffice(self, aipic: Shell, running: Running, photo: Path) -> None:
        options = ("--server", running.url, "-o", "out/")
        assert (await aipic("make", photo, *options, "-t", "wink")).code == 0
        await running.give(-65)
        said = await aipic("make", photo, *options)
        assert said.code == 2
        [user] = await running.users()
        assert said.err == (
            "Not enough points: 30 are needed, 25 are there, enough for 2. None were taken.\n"
            f"  Choose fewer with -t, or have the operator add some: ./aipic user grant {user.id} 5\n"
        )
        assert await running.balance() == 25
        await running.give(-20)
        said = await aipic("make", photo, *options, "-t", "wink", "--lang", "zh")
        assert said.err.startswith("积分不足：需要 10，现有 5。没有扣除积分。\n  请管理员增加：./aipic user grant ")

    async def test_nothing_is_sent_for_wishes_that_contradict(
        self, aipic: Shell, running: Running, photo: Path
    ) -> None:
        for arguments, words in (
            (("-o", "a.png"), "This service does not make apng; it makes: webp, gif, mp4"),
            (("-f", "webm", "-o", "x"), "This service does not make webm"),
            (("-o", "a.jpg"), "The suffix of “a.jpg” is no format for stickers"),
            (("-o", "a.gif", "-f", "webp"), "contradict each other"),
            (("-t", "wnk"), "This service has no template “wnk”. Did you mean wink?"),
            (("-t", "zzzzzz"), "This service has no template “zzzzzz”"),
            (("-t", "mine.yaml"), "Template files work on this machine only"),
        ):
            said = await aipic("make", photo, "--server", running.url, "-t", "wink", *arguments)
            assert (said.code, said.out) == (2, ""), arguments
            assert words in said.err
        said = await aipic("make", photo, "--server", running.url, "-t", ",")
        assert said.err.startswith("-t names no template")
        assert {path for _, path in running.weather.seen} == {"/api/v1/config"}
        assert [path.name for path in aipic.folder.iterdir()] == [photo.name]

    async def test_a_photo_that_is_too_large(self, aipic: Shell, running: Running, photo: Path) -> None:
        photo.write_bytes(photo.read_bytes() + bytes(11_000_000))
        said = await aipic("make", photo, "--server", running.url, "-t", "wink")
        assert said.code == 2
        assert said.err.startswith("The photo is too large: 11.5 MB, and the service takes 10.5 MB at most\n  Scale")
        assert ("POST", "/api/v1/emoji/detect") not in running.weather.seen

    async def test_the_photo_itself_is_not_overwritten(self, aipic: Shell, running: Running, photo: Path) -> None:
        webp = photo.with_suffix(".webp")
        photo.rename(webp)
        said = await aipic("make", webp, "--server", running.url, "-t", "wink", "-o", webp)
        assert said.code == 2
        assert "is the photo itself" in said.err
