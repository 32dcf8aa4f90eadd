"""How a second process finds the database of this installation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.cli.failure import Failure
from app.cli.operators import commands
from app.cli.operators.installation import find_settings
from app.ops.embedded.ports import free_port
from app.ops.embedded.processes import identity
from app.ops.embedded.secrets import Secrets, load_secrets
from app.ops.up.state import Process, RunFolder, new_state
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from app.core.settings import Settings
    from app.ops.embedded.postgres import PostgresServer

BACKEND = Path(commands.__file__).parents[3]
KEY = "a-key-of-this-test-that-is-long-enough"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("POSTGRES_", "SECRET_", "AIPIC_")):
            monkeypatch.delenv(name)


def note_running(root: Path, server: PostgresServer, password: str = PASSWORD) -> None:
    """Leave what a running ``up`` leaves behind: who runs where, and the secrets."""
    assert server.pid is not None
    folder = root / ".data" / "run"
    folder.mkdir(parents=True)
    process = Process("postgres", server.pid, identity(server.pid) or "", 2, server.port)
    state = new_state("http://127.0.0.1:8000")
    RunFolder(folder).write(type(state)(**{**vars(state), "processes": [process]}))
    secrets = Secrets(postgres_password=password, secret_key=KEY)
    (root / ".data" / "secrets.json").write_text(json.dumps(vars(secrets)))


class TestTheEmbeddedDatabase:
    def test_is_found_while_it_runs(self, tmp_path: Path, postgres_server: PostgresServer) -> None:
        note_running(tmp_path, postgres_server)
        found = find_settings(tmp_path)
        assert found.POSTGRES_SERVER == "127.0.0.1"
        assert postgres_server.port == found.POSTGRES_PORT
        assert found.POSTGRES_PASSWORD.get_secret_value() == PASSWORD
        assert found.SECRET_KEY.get_secret_value() == KEY

    def test_settings_of_the_file_still_hold(self, tmp_path: Path, postgres_server: PostgresServer) -> None:
        note_running(tmp_path, postgres_server)
        (tmp_path / ".env").write_text(f"EMOJI_COST=3\nSECRET_KEY={KEY}2\nPOSTGRES_PORT=1\n")
        found = find_settings(tmp_path)
        assert found.EMOJI_COST == 3
        assert postgres_server.port == found.POSTGRES_PORT
        assert found.SECRET_KEY.get_secret_value() == KEY + "2"

    def test_nothing_was_ever_started(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="not_running"):
            find_settings(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_it_has_ended(self, tmp_path: Path, postgres_server: PostgresServer) -> None:
        note_running(tmp_path, postgres_server)
        state = tmp_path / ".data" / "run" / "state.json"
        state.write_text(state.read_text().replace(str(postgres_server.pid), "99999999"))
        with pytest.raises(Failure, match="not_running"):
            find_settings(tmp_path)

    def test_secrets_that_are_broken(self, tmp_path: Path, postgres_server: PostgresServer) -> None:
        note_running(tmp_path, postgres_server)
        (tmp_path / ".data" / "secrets.json").write_text("{}")
        with pytest.raises(Failure, match="secrets_broken"):
            find_settings(tmp_path)


class TestADatabaseThatIsNamed:
    def test_in_the_file(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text(f"POSTGRES_SERVER=db.example\nSECRET_KEY={KEY}\n")
        assert find_settings(tmp_path).POSTGRES_SERVER == "db.example"

    def test_in_the_environment_it_comes_first(
        self, tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        note_running(tmp_path, postgres_server)
        monkeypatch.setenv("POSTGRES_SERVER", "db.example")
        found = find_settings(tmp_path)
        assert (found.POSTGRES_SERVER, found.POSTGRES_PORT) == ("db.example", 5432)
        assert found.SECRET_KEY.get_secret_value() == KEY  # which `up` made, as none is set

    def test_a_wrong_setting_is_named_and_its_value_is_not(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text(f"POSTGRES_SERVER=db\nSECRET_KEY={KEY}\nPOSTGRES_PORT=many-secrets\n")
        with pytest.raises(Failure, match="settings_wrong") as caught:
            find_settings(tmp_path)
        assert "POSTGRES_PORT" in str(caught.value.params["detail"])
        assert "many-secrets" not in str(caught.value.params["detail"])


def call(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=BACKEND,
        env={**kept, "AIPIC_ENV_FILE": os.devnull, "LANG": "en_US.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def named(settings: Settings, **changes: str) -> dict[str, str]:
    known = {
        "SECRET_KEY": KEY,
        "POSTGRES_SERVER": settings.POSTGRES_SERVER,
        "POSTGRES_PORT": str(settings.POSTGRES_PORT),
        "POSTGRES_DB": settings.POSTGRES_DB,
        "POSTGRES_USER": settings.POSTGRES_USER,
        "POSTGRES_PASSWORD": PASSWORD,
    }
    return known | changes


class TestAsAProcess:
    def test_it_answers(self, migrated: Settings) -> None:
        done = call(named(migrated), "ledger", "check", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["adds_up"] is True

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"POSTGRES_PORT": "free"}, "cannot be reached"),
            ({"POSTGRES_PASSWORD": "wrong"}, "refuses to let us in"),
            ({"POSTGRES_DB": "elsewhere"}, "refuses to let us in"),
            ({"POSTGRES_DB": "postgres"}, "has not the structure of this version"),
            ({"POSTGRES_SERVER": "no-such-host.invalid"}, "cannot be reached"),
        ],
    )
    def test_a_database_that_cannot_be_used(self, migrated: Settings, changes: dict[str, str], words: str) -> None:
        changes = {name: str(free_port()) if value == "free" else value for name, value in changes.items()}
        done = call(named(migrated, **changes), "user", "show", "ann@example.com")
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert PASSWORD not in done.stderr

    def test_no_pixel_code_is_loaded(self, migrated: Settings) -> None:
        script = (
            "import sys; from app.cli.application import run\n"
            "run(['ledger', 'check']); run(['user', 'show', 'x']); run(['task', 'show', '0' * 32])\n"
            "sys.exit(bool({'cv2', 'numpy', 'PIL', 'av', 'fastapi'} & set(sys.modules)))"
        )
        environment = {**os.environ, **named(migrated), "AIPIC_ENV_FILE": os.devnull}
        subprocess.run([sys.executable, "-c", script], cwd=BACKEND, env=environment, check=True, capture_output=True)


def test_the_secrets_of_up_are_left_as_they_are(tmp_path: Path, postgres_server: PostgresServer) -> None:
    note_running(tmp_path, postgres_server)
    path = tmp_path / ".data" / "secrets.json"
    before = path.read_text()
    find_settings(tmp_path)
    assert path.read_text() == before
    assert load_secrets(path).secret_key == KEY
