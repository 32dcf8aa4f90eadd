from __future__ import annotations

import pytest

from app.ops.doctor.checks import env
from tests.ops.doctor.conftest import PASSWORD, MakeSetup, codes, config, only
from tests.ops.doctor.fake_docker import FakeDocker


def test_no_file(docker: FakeDocker, make_setup: MakeSetup) -> None:
    found = only(env.env_there(make_setup()))
    assert codes([found]) == ["FAIL D06"]
    assert found.command
    assert found.command.en == "./aipic init"


def test_no_file_and_no_docker_is_fine_for_up(make_setup: MakeSetup) -> None:
    assert codes(env.env_there(make_setup())) == ["WARN D06"]


def test_a_folder_in_its_place(make_setup: MakeSetup) -> None:
    setup = make_setup()
    setup.env_path.mkdir()
    assert codes(env.env_there(setup)) == ["FAIL D06"]


def test_others_can_read_it(make_setup: MakeSetup) -> None:
    setup = make_setup("A=1\n")
    assert codes(env.env_there(setup)) == []
    setup.env_path.chmod(0o644)
    assert codes(env.env_there(setup)) == ["WARN D13"]


@pytest.mark.parametrize(
    ("content", "level", "word"),
    [
        (b"\xef\xbb\xbfDOMAIN=localhost\n", "WARN", "BOM"),
        (b"DOMAIN=localhost\r\nENGINE=local\r\n", "WARN", "CRLF (lines 1, 2)"),
        (b"A=1\nDOMAIN=localhost \n", "WARN", "spaces at the end (line 2)"),
        (b"export DOMAIN=localhost\n", "WARN", "export"),
        (b"DOMAIN = localhost\n", "WARN", "round ="),
        (b"DOMAIN= localhost\n", "WARN", "round ="),
        ("DOMAIN=“localhost”\n".encode(), "FAIL", "curly"),
        (b"DOMAIN=localhost", "WARN", "no line end"),
    ],
)
def test_bytes(make_setup: MakeSetup, content: bytes, level: str, word: str) -> None:
    found = only(env.env_bytes(make_setup(content)))
    assert codes([found]) == [f"{level} D07"]
    assert word in found.what.en
    assert found.command
    assert found.command.zh == "./aipic doctor --fix"


@pytest.mark.parametrize("content", ["A=1\n", "# a comment  with = and 'quotes\nA='x y'\n\nB=\n", "", "A=x # said\n"])
def test_clean(make_setup: MakeSetup, content: str) -> None:
    setup = make_setup(content)
    assert codes([*env.env_bytes(setup), *env.env_values(setup)]) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("A='abc", "D08"),
        ('A="abc', "D08"),
        ('A=abc"', "D08"),
        ("""A='"abc"'""", "D08"),
        ("POSTGRES_PASSWORD=abc$def", "D09"),
        ('POSTGRES_PASSWORD="abc${def}"', "D09"),
        ("DOMAIN=x$UNKNOWN", "D09"),
    ],
)
def test_values(make_setup: MakeSetup, line: str, code: str) -> None:
    found = only(env.env_values(make_setup(f"B=1\n{line}\n")))
    assert codes([found]) == [f"FAIL {code}"]
    assert "2" in found.what.zh
    assert "def" not in f"{found}"


@pytest.mark.parametrize(
    "lines",
    ["A='abc$def'", "POSTGRES_PASSWORD=abc$1def", "DOMAIN=x\nPUBLIC_URL=https://api.${DOMAIN}", "A=it's", 'A="x"'],
)
def test_values_that_are_right(make_setup: MakeSetup, lines: str) -> None:
    assert codes(env.env_values(make_setup(lines + "\n"))) == []


def test_twice(make_setup: MakeSetup) -> None:
    found = only(env.env_values(make_setup("DOMAIN=a\nENGINE=local\nDOMAIN=b\n")))
    assert found.code == "D10"
    assert "1, 3" in str(found.cause)


def test_misspelt(make_setup: MakeSetup) -> None:
    found = only(env.env_keys(make_setup("POSTGRES_PASWORD=x\nMY_OWN=1\nCOMPOSE_FILE=a.yml\n")))
    assert found.code == "D11"
    assert found.cause
    assert "POSTGRES_PASSWORD" in found.cause.en


def test_shell_beats_the_file(make_setup: MakeSetup) -> None:
    setup = make_setup(
        f"POSTGRES_PASSWORD={PASSWORD}\nDOMAIN=x\n", environment={"POSTGRES_PASSWORD": "other-secret-9876"}
    )
    found = only(env.env_keys(setup))
    assert found.code == "D12"
    assert found.command
    assert found.command.en == "unset POSTGRES_PASSWORD"
    assert "other-secret" not in str(found)
    assert PASSWORD not in str(found)
    assert "17" in str(found.cause)
    assert "76" in str(found.cause)


def test_shell_that_compose_does_not_heed(docker: FakeDocker, make_setup: MakeSetup) -> None:
    """Compose answers alike with either value: containers take the file's."""
    docker.says("compose config", config(backend={}))
    found = only(env.env_keys(make_setup("EMOJI_COST=10\n", environment={"EMOJI_COST": "20"})))
    assert found.code == "D12"
    assert found.cause
    assert "./aipic up" in found.cause.en
