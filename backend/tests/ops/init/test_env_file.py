"""The same values for every reader, and not a character more changed than asked for."""

from __future__ import annotations

import io
import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from app.ops.init.env_file import EnvFile, Unwritable, read_env, write_env

EXAMPLE = (Path(__file__).parents[4] / ".env.example").read_text("utf-8")
AWKWARD = [
    *("plain", "", "a b", " edge ", "#x", "a #b", "$HOME", "$$", "p$x'y", "it's", 'say "so"', "'q'", '"q"', "`id`"),
    *("back\\slash", "tab?=&;|<>", "密码", "p@ss:w/r%d=x", "a'b\"c$d", "!history", "~", "{}", "$(id)", "\\n"),
]
# What at least one of the readers gives a meaning to.
SIGNS = st.sampled_from("'\"$\\`#{}= ")


def by_dotenv(content: str) -> dict[str, str | None]:
    return dict(dotenv_values(stream=io.StringIO(content)))


class TestRoundTrip:
    @pytest.mark.parametrize("value", AWKWARD)
    def test_of_awkward_passwords(self, value: str) -> None:
        file = EnvFile(EXAMPLE).with_values({"POSTGRES_PASSWORD": value})
        assert file["POSTGRES_PASSWORD"] == value
        assert by_dotenv(file.content) == {**by_dotenv(EXAMPLE), "POSTGRES_PASSWORD": value}

    @given(st.text(SIGNS | st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12))
    def test_of_anything_that_is_not_refused(self, value: str) -> None:
        try:
            file = EnvFile("A=1\nX=old # why\nB='2'\n").with_values({"X": value})
        except Unwritable:
            return
        assert file["X"] == value
        assert by_dotenv(file.content) == {"A": "1", "X": value, "B": "2"}
        assert file.content.endswith(" # why\nB='2'\n")

    @pytest.mark.parametrize("value", ["a\nb", "${HOME}", "end\\", "a\\'b", "two\\\\", "\x00", "\t"])
    def test_what_readers_disagree_about_is_refused(self, value: str) -> None:
        with pytest.raises(Unwritable) as refused:
            EnvFile().with_values({"X": value})
        assert value not in str(refused.value)

    @pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command, though no Engine")
    def test_by_compose_as_well(self, tmp_path: Path) -> None:
        values = {f"V{number}": value for number, value in enumerate(AWKWARD)}
        (tmp_path / ".env").write_text(EnvFile().with_values(values).content, "utf-8")
        asked = "".join(f"      I{name}: ${{{name}}}\n" for name in values)
        (tmp_path / "docker-compose.yml").write_text(
            f"services:\n  x:\n    image: x\n    env_file: .env\n    environment:\n{asked}"
        )
        done = subprocess.run(
            ["docker", "compose", "-p", "x", "config", "--format", "json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        if "is not a docker command" in done.stderr or "unknown" in done.stderr:
            pytest.skip("this docker has no compose")
        assert done.returncode == 0, done.stderr
        # Compose doubles the dollar signs of what it prints, so that it can read it again.
        seen = json.loads(done.stdout)["services"]["x"]["environment"]
        told = {name: (value or "").replace("$$", "$") for name, value in seen.items()}
        assert told == values | {f"I{name}": value for name, value in values.items()}


class TestChanges:
    def test_the_example_keeps_all_but_the_values(self) -> None:
        file = EnvFile(EXAMPLE).with_values({"POSTGRES_SERVER": "db", "SECRET_KEY": "k", "REDIS_PORT": "1"})
        lines = zip(EXAMPLE.split("\n"), file.content.split("\n"), strict=True)
        assert [(before, after) for before, after in lines if before != after] == [
            ("SECRET_KEY=", "SECRET_KEY=k"),
            ("#POSTGRES_SERVER=host.docker.internal", "POSTGRES_SERVER=db"),
            ("REDIS_PORT=6379", "REDIS_PORT=1"),
        ]

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", "X=new\n"),
            ("A=1", "A=1\nX=new\n"),
            ("A=1\r\n", "A=1\r\nX=new\r\n"),
            ("X=1\nX=2\n", "X=1\nX=new\n"),
            ("#X=1\nX=2\n", "#X=1\nX=new\n"),
            ("#X=1\n", "X=new\n"),
            ("# X=1\n", "# X=1\nX=new\n"),
            (" export X = 'old' # why\r\n", " export X = new # why\r\n"),
            ("A='one\nX=inside\n'\nX=\n", "A='one\nX=inside\n'\nX=new\n"),
            ("# it's\nX=1\n", "# it's\nX=new\n"),
            ("#A='it\nX=1\nB='2'\n", "#A='it\nX=new\nB='2'\n"),
            ("XX=1\nX=\n", "XX=1\nX=new\n"),
            ("X='' # why", "X=new # why"),
        ],
    )
    def test_in_one_file(self, before: str, after: str) -> None:
        assert EnvFile(before).with_values({"X": "new"}).content == after

    @pytest.mark.parametrize(
        "content",
        ["A=1 # x\r\nexport B = 'x\ny' # c\n", "A=\nB=''\n", "A=\"q\\\"r\"\nB='s\\'t'\n", "A=a#b\n", EXAMPLE],
    )
    def test_read_as_python_dotenv_does(self, content: str) -> None:
        assert EnvFile(content).values() == by_dotenv(content)


def test_written_as_a_whole_for_nobody_else(tmp_path: Path) -> None:
    target, path = tmp_path / "real", tmp_path / ".env"
    target.write_bytes(b"# caf\xe9\nA=1\n")
    target.chmod(0o644)
    path.symlink_to(target)
    write_env(path, read_env(path).with_values({"B": "2"}))
    assert path.is_symlink()
    assert target.read_bytes() == b"# caf\xe9\nA=1\nB=2\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == [".env", "real"]
