"""``init`` as a person runs it: with the machine's own Python, nothing installed, on a terminal and without one."""

from __future__ import annotations

import json
import os
import re
import stat
import string
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.ops.embedded import free_port
from app.ops.init import texts as texts_of_init
from app.ops.init.env_file import EnvFile, read_env
from app.ops.services import texts as texts_of_services
from tests.conftest import PASSWORD
from tests.ops.services.terminal import Terminal

if TYPE_CHECKING:
    from app.ops.embedded import PostgresServer, RedisServer

BACKEND = Path(__file__).parents[3]
BARE = f"""
import sys
sys.path.insert(0, {str(BACKEND)!r})
from app.ops.init.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
LAUNCHER = """#!/bin/sh
echo "launcher: $*"
exit ${FAILS:-0}
"""


@dataclass
class Project:
    root: Path

    @property
    def dotenv(self) -> Path:
        return self.root / ".env"

    @property
    def file(self) -> EnvFile:
        return read_env(self.dotenv)

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "AIPIC_LANG": "en", "HOME": str(self.root)}

    def command(self, *arguments: str) -> list[str]:
        # Without site-packages: what is imported here is there before anything is installed.
        return [sys.executable, "-I", "-S", "-c", BARE, "--root", str(self.root), *arguments]

    def run(self, *arguments: str, code: int = 0, **more: str) -> str:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        for name, value in self.file.values().items():
            if name in {"SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"} and value:
                assert value not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def sit_down(self, *arguments: str) -> Terminal:
        return Terminal(self.command(*arguments), self.environment)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "a project"
    root.mkdir()
    (root / ".env.example").write_bytes((BACKEND.parent / ".env.example").read_bytes())
    (root / "aipic").write_text(LAUNCHER)
    (root / "aipic").chmod(0o755)
    return Project(root)


class TestWithoutQuestions:
    def test_a_new_file_and_a_second_run(self, project: Project) -> None:
        said = project.run()
        assert stat.S_IMODE(project.dotenv.stat().st_mode) == 0o600
        example = (project.root / ".env.example").read_text("utf-8")
        assert re.fullmatch(r"[A-Za-z0-9_-]{64}", project.file["SECRET_KEY"])
        assert project.file.content == example.replace(
            "\nSECRET_KEY=\n", f"\nSECRET_KEY={project.file['SECRET_KEY']}\n"
        )
        assert "launcher: services up\n" in said
        assert said.index("docker compose up -d --build") > said.index("launcher:")
        assert "curl http://localhost:8000/api/v1/utils/health-check/" in said

        before = project.dotenv.read_bytes()
        assert "is unchanged" in project.run()
        assert project.dotenv.read_bytes() == before
        assert "./aipic services up" in project.run("--no-services")

    def test_only_what_is_empty_is_filled(self, project: Project) -> None:
        content = b"# mine\r\nSECRET_KEY=\r\nPOSTGRES_SERVER=db\r\nREDIS_HOST='r'\r\nBACKEND_PORT=8123\r\n"
        project.dotenv.write_bytes(content)
        said = project.run()
        key = project.file["SECRET_KEY"].encode()
        assert project.dotenv.read_bytes() == content.replace(b"KEY=", b"KEY=" + key)
        assert "only what was empty is filled: SECRET_KEY" in said
        assert "launcher" not in said
        assert "localhost:8123" in said

    def test_half_of_the_servers(self, project: Project) -> None:
        project.dotenv.write_text("SECRET_KEY=k\nPOSTGRES_SERVER=db\n")
        assert "REDIS_HOST is missing" in project.run(code=2)

    def test_force_keeps_the_old_file(self, project: Project) -> None:
        project.dotenv.write_text("SECRET_KEY=old\nMINE=1\n")
        said = project.run("--force", "--no-services")
        [backup] = project.root.glob(".env.backup-*")
        assert backup.read_text() == "SECRET_KEY=old\nMINE=1\n"
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert str(backup) in said
        assert "sign in again" in said
        assert project.file["SECRET_KEY"] not in {"", "old"}
        assert "MINE" not in project.file.values()

    def test_the_key_of_up_is_kept(self, project: Project) -> None:
        (project.root / ".data").mkdir()
        secrets = {"secret_key": "k" * 43, "postgres_password": "p" * 43, "redis_password": "r" * 43}
        (project.root / ".data" / "secrets.json").write_text(json.dumps(secrets))
        assert "stays signed in" in project.run("--no-services")
        assert project.file["SECRET_KEY"] == "k" * 43
        ours = {
            "POSTGRES_SERVER": "host.docker.internal",
            "POSTGRES_PASSWORD": "p" * 43,
            "REDIS_HOST": "host.docker.internal",
            "REDIS_PASSWORD": "r" * 43,
        }
        project.dotenv.write_text(project.file.with_values(ours).content)
        assert "launcher: services up" in project.run(), "they may have been stopped since"

    def test_a_server_for_the_world(self, project: Project) -> None:
        said = project.run("--domain", "Example.com", "--production", "--no-services")
        public = {"ENVIRONMENT": "production", "DOMAIN": "example.com", "PUBLIC_URL": "https://api.example.com"}
        assert public.items() <= project.file.values().items()
        assert "docker compose -f docker-compose.yml up" in said
        project.run("--domain", "example.com", "--production", "--no-services")
        refused = project.run("--domain", "example.org", "--production", code=2)
        assert "DOMAIN=example.org PUBLIC_URL=https://api.example.org" in refused

    @pytest.mark.parametrize("domain", ["", "https://x.com", "localhost", "a b.c"])
    def test_no_domain(self, project: Project, domain: str) -> None:
        said = project.run("--production", f"--domain={domain}", code=2)
        assert ("That is no domain" if domain else "needs --domain") in said
        assert not project.dotenv.exists()

    def test_servers_that_do_not_start(self, project: Project) -> None:
        assert "docker compose" not in project.run(code=3, FAILS="3")
        (project.root / "aipic").unlink()
        assert "not started" in project.run(code=1)

    def test_without_the_example(self, project: Project) -> None:
        (project.root / ".env.example").unlink()
        assert "git checkout .env.example" in project.run(code=2)


class TestQuestions:
    def test_the_bundled_ones_are_what_enter_takes(self, project: Project) -> None:
        terminal = project.sit_down()
        terminal.answer(("Your choice [2]: ", "what"), ("Your choice [2]: ", ""))
        terminal.wait_for("launcher: services up")
        assert terminal.finish() == 0

    def test_own_servers_are_tried(
        self, project: Project, postgres_server: PostgresServer, redis_server: RedisServer
    ) -> None:
        terminal = project.sit_down()
        terminal.answer(
            ("Your choice [2]: ", "1"),
            ("host [host.docker.internal]: ", "localhost"),
            ("written as host.docker.internal.\nPostgreSQL: port [5432]: ", "ten"),
            ("A number from 1 to 65535, please.\nPostgreSQL: port [5432]: ", str(postgres_server.port)),
            ("User [postgres]: ", ""),
            ("Database [app]: ", "nowhere"),
            ("Password (not shown): ", ""),
            ("It cannot be empty.\nPassword (not shown): ", "it's ${wrong"),
            ("choose another one.\nPassword (not shown): ", "it's $wrong"),
            ("User or password are wrong: password authentication failed", ""),
            ("host [host.docker.internal]: ", ""),
            (f"port [{postgres_server.port}]: ", ""),
            ("User [postgres]: ", ""),
            ("Database [nowhere]: ", ""),
            ("Password (not shown): ", PASSWORD),
            ("There is no such database", ""),
            ("host [host.docker.internal]: ", ""),
            ("port [", ""),
            ("User [postgres]: ", ""),
            ("Database [nowhere]: ", "postgres"),
            ("Password (not shown): ", PASSWORD),
            ("PostgreSQL works.\nRedis: host [host.docker.internal]: ", ""),
            ("port [6379]: ", str(redis_server.port)),
            ("Enter for none): ", ""),
            ("This Redis wants a password.", ""),
            ("host [host.docker.internal]: ", ""),
            (f"port [{redis_server.port}]: ", ""),
            ("Enter for none): ", PASSWORD),
        )
        terminal.wait_for("Redis works.")
        assert terminal.finish() == 0
        assert PASSWORD not in terminal.shown
        assert "launcher" not in terminal.shown
        expected = {
            "POSTGRES_SERVER": "host.docker.internal",
            "POSTGRES_PORT": str(postgres_server.port),
            "POSTGRES_USER": "postgres",
            "POSTGRES_DB": "postgres",
            "POSTGRES_PASSWORD": PASSWORD,
            "REDIS_HOST": "host.docker.internal",
            "REDIS_PORT": str(redis_server.port),
            "REDIS_PASSWORD": PASSWORD,
        }
        assert expected.items() <= project.file.values().items()

    def test_one_that_is_not_there_can_be_kept_or_left(self, project: Project) -> None:
        closed = free_port()
        questions = [
            ("Your choice [2]: ", "1"),
            ("host [host.docker.internal]: ", ""),
            ("port [5432]: ", str(closed)),
            ("User [postgres]: ", ""),
            ("Database [app]: ", ""),
            ("Password (not shown): ", "p w"),
        ]
        terminal = project.sit_down()
        terminal.answer(*questions, (f"Nobody listens at 127.0.0.1:{closed}", "q"))
        terminal.wait_for("nothing was written")
        assert terminal.finish() == 2
        assert not project.dotenv.exists()

        terminal = project.sit_down()
        terminal.answer(*questions, ("Nobody listens", "k"), ("Redis: host", "redis.invalid"))
        terminal.answer(("port [6379]", ""), ("Enter for none)", ""), ("There is no such host: redis.invalid", "k"))
        assert terminal.finish() == 0
        assert (project.file["POSTGRES_PASSWORD"], project.file["REDIS_HOST"]) == ("p w", "redis.invalid")

    @pytest.mark.parametrize("end", ["\x03", "\x04"])
    def test_broken_off(self, project: Project, end: str) -> None:
        terminal = project.sit_down()
        terminal.wait_for("Your choice [2]: ")
        time.sleep(0.3)  # Python is deaf between the question and its reading, which no person is quick enough for
        terminal.type(end)
        terminal.wait_for("nothing was written")
        assert terminal.finish() == 130
        assert not project.dotenv.exists()

    def test_yes_asks_nothing(self, project: Project) -> None:
        terminal = project.sit_down("--yes")
        terminal.wait_for("launcher: services up")
        assert terminal.finish() == 0


def test_both_languages_name_the_same_things() -> None:
    for table in (texts_of_init._TEXTS, texts_of_services._TEXTS):
        for key, languages in table.items():
            names = [{field for _, field, _, _ in string.Formatter().parse(one) if field} for one in languages]
            assert names[0] == names[1], key
