"""The Docker guides cannot rot: what they quote, name and command exists, and both languages say the same.

Blocks for a running stack are run by tests/docker; those that need the Compose command alone are run here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.compose_commands import FLAGS, OTHER_DOCKER, NotUnderstood, read_call
from tests.docs.docker_blocks import NAMES, ROOT, Block, blocks, complaint, page_text, runnable_blocks

COMPOSE_FILES = ("docker-compose.yml", "docker-compose.override.yml", "docker-compose.traefik.yml")
# Settings of other programs that the pages speak of.
FOREIGN = {"PATH", "USER", "COMPOSE_FILE", "SETTING", "NAME", "PLATFORMS", "SHOW", "ALTER", "MIRROR", "PASSWORD"}
REMARK = re.compile(r"\s+# .*$", re.MULTILINE)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
BREAK = {"|", "||", "&&", ";", ">", "<"}


@cache
def compose(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text("utf-8"))
    return loaded


@cache
def known_settings() -> frozenset[str]:
    names = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    for file in (*COMPOSE_FILES, "backend/Dockerfile"):
        text = (ROOT / file).read_text("utf-8")
        names |= set(re.findall(r"\$\{([A-Z][A-Z0-9_]+)", text))
        names |= set(re.findall(r"\b([A-Z][A-Z0-9_]+)[=:]", text))
    return frozenset(names)


def prose_commands(name: str, chinese: bool) -> list[str]:
    return SPAN.findall(re.sub(r"^```.*?^```", "", page_text(name, chinese), flags=re.MULTILINE | re.DOTALL))


def shell_lines(name: str, chinese: bool) -> list[str]:
    """Every line of shell on a page, in a block or in the text."""
    found = prose_commands(name, chinese)
    for block in blocks(name, chinese):
        if block.language == "bash" and not block.source:
            found += REMARK.sub("", block.text).splitlines()
    return [line.removeprefix("17 4 * * * ") for line in found]


def commands(line: str) -> list[list[str]]:
    """The simple commands of a line, without the settings before them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word in BREAK:
                found.append([])
            elif found[-1] or not re.match(r"[A-Z_]+=", word):
                found[-1].append(word)
    except ValueError:
        return []  # words of prose, with one quote only
    return [words for words in found if words]


def services_of(files: list[str]) -> set[str]:
    return {service for file in files for service in compose(file)["services"]}


def wrong_with(words: list[str]) -> str:
    """What Compose would not understand."""
    try:
        call = read_call(words)
    except NotUnderstood as reason:
        return str(reason)
    missing = [file for file in call.files if not (ROOT / file).is_file()]
    if missing:
        return f"no such file: {missing}"
    unknown = call.services - services_of(call.files or list(COMPOSE_FILES[:2]))
    return f"no such service: {unknown}" if unknown else ""


@pytest.mark.parametrize("chinese", [False, True], ids=["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
class TestPages:
    def test_compose_understands_every_command(self, name: str, chinese: bool) -> None:
        seen, wrong = 0, []
        for line in shell_lines(name, chinese):
            for words in commands(line):
                if words[:2] == ["docker", "compose"]:
                    seen += 1
                    wrong += [f"{line}: {reason}" for reason in [wrong_with(words)] if reason]
                elif words[0] == "docker" and len(words) > 1 and words[1] not in OTHER_DOCKER:
                    wrong.append(line)
        assert wrong == []
        assert seen

    def test_the_launcher_and_the_scripts_have_what_is_called(self, name: str, chinese: bool) -> None:
        launcher = (ROOT / "aipic").read_text("utf-8")
        known = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^  ([a-z |-]+)\)", launcher, re.MULTILINE))))
        for words in (words for line in shell_lines(name, chinese) for words in commands(line)):
            if words[0] == "./aipic" and len(words) > 1:
                assert words[1] in known, words
            if re.fullmatch(r"scripts/\w+\.sh", words[0]):
                assert os.access(ROOT / words[0], os.X_OK), words

    def test_every_setting_exists(self, name: str, chinese: bool) -> None:
        text = "\n".join([*prose_commands(name, chinese), *(block.text for block in blocks(name, chinese))])
        assigned = re.findall(r"(?:^|[\s`-])([A-Z][A-Z0-9_]{2,})=", text, re.MULTILINE)
        filled_in = re.findall(r"\$\{([A-Z][A-Z0-9_]+)", text)
        alone = [span for span in prose_commands(name, chinese) if re.fullmatch(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", span)]
        assert {*assigned, *filled_in, *alone} - known_settings() - FOREIGN == set()

    def test_quotations_are_in_the_files(self, name: str, chinese: bool) -> None:
        for block in (block for block in blocks(name, chinese) if block.source):
            assert block.text in (ROOT / block.source).read_text("utf-8"), block

    def test_every_shell_block_parses(self, name: str, chinese: bool) -> None:
        for block in (block for block in blocks(name, chinese) if block.language == "bash"):
            done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
            assert done.returncode == 0, block.text + done.stderr

    def test_links_lead_to_headings(self, name: str, chinese: bool) -> None:
        page = (ROOT / f"{name}.md").parent
        for file, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", page_text(name, chinese)):
            target = page / file if file else ROOT / f"{name}{'.zh-CN' if chinese else ''}.md"
            titles = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]

    def test_no_mark_is_lost(self, name: str, chinese: bool) -> None:
        seen = [mark for block in blocks(name, chinese) for mark in (block.source, block.run, block.prints) if mark]
        assert len(seen) == page_text(name, chinese).count("<!-- ")

    def test_only_shell_is_run(self, name: str, chinese: bool) -> None:
        assert all(block.language == "bash" for block in blocks(name, chinese) if block.run)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_blocks(name: str) -> None:
    def essence(block: Block) -> tuple[object, ...]:
        # Pictures and remarks are translated, commands and quotations are not.
        shown = REMARK.sub("", block.text) if block.source or block.language in ("bash", "yaml") else ""
        return block.language, block.source, block.run, block.prints, shown

    assert [essence(block) for block in blocks(name)] == [essence(block) for block in blocks(name, chinese=True)]


@pytest.mark.parametrize("chinese", [False, True], ids=["en", "zh"])
def test_the_whole_picture_is_whole(chinese: bool) -> None:
    text = page_text("docs/deployment/docker-overview", chinese)
    for name in COMPOSE_FILES:
        for service, told in compose(name)["services"].items():
            assert f"| `{service}`" in text
            for variable, port in re.findall(r"\$\{(\w+):-(\d+)\}", " ".join(told.get("ports", []))):
                assert re.search(rf"^\| {port} \|.*`{variable}`", text, re.MULTILINE), variable


def test_some_are_run() -> None:
    assert len(list(runnable_blocks())) > 30
    assert len(list(runnable_blocks("config"))) > 8


# --- With the Compose command, and no Engine ------------------------------------------------------------------------


def no_compose() -> bool:
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0


@pytest.fixture
def compose_command() -> None:
    """Asked when the test runs: Docker's own tests, which come before these, may have brought the command."""
    if shutil.which("docker") is None or no_compose():
        pytest.skip("there is no docker compose command here")


needs_compose = pytest.mark.usefixtures("compose_command")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Compose files with a filled-in .env."""
    folder = tmp_path_factory.mktemp("project")
    for file in COMPOSE_FILES:
        shutil.copy(ROOT / file, folder)
    (folder / "backend").mkdir()
    said = {"SECRET_KEY": "s" * 40, "POSTGRES_PASSWORD": "p" * 20, "EMAIL": "someone@example.com"}
    said |= {"POSTGRES_SERVER": "host.docker.internal", "REDIS_HOST": "host.docker.internal"}
    said |= {"DASHBOARD_USERS": "'admin:$2y$05$made.up'"}
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    kept = [line for line in lines if line.split("=")[0] not in said]
    (folder / ".env").write_text("\n".join([*kept, *(f"{name}={value}" for name, value in said.items())]), "utf-8")
    return folder


def in_folder(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", str(folder))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


@needs_compose
@pytest.mark.parametrize("block", runnable_blocks("config"), ids=lambda block: block.name)
def test_what_needs_no_engine_works(project: Path, block: Block) -> None:
    done = in_folder(project, block.text)
    assert not complaint(block, done.returncode, done.stdout)


@needs_compose
@pytest.mark.parametrize(
    ("line", "value"),
    [("A=pa#ss", "pa#ss"), ("A=pa #ss", "pa"), ('A="pa ss"', "pa ss"), ("A=pa$ss", "pa"), ("A='pa$ss'", "pa$$ss")],
)
def test_the_rules_of_quotes_are_as_told(tmp_path: Path, line: str, value: str) -> None:
    for chinese in (False, True):
        assert f"| `{line}` |" in page_text(NAMES[0], chinese)
    (tmp_path / ".env").write_text(line + "\n", "utf-8")
    (tmp_path / "docker-compose.yml").write_text("services: {one: {image: one, environment: {A: '${A}'}}}\n", "utf-8")
    done = in_folder(tmp_path, "docker compose config 2>/dev/null")
    assert f"A: {value}\n" in done.stdout


@needs_compose
def test_unquoted_passwords_of_the_dashboard_break(project: Path) -> None:
    broken = "DASHBOARD_USERS=admin:$2y$05$made.up\n"
    (project / "broken.env").write_text((project / ".env").read_text("utf-8") + "\n" + broken, "utf-8")
    command = "docker compose --env-file {} -f docker-compose.traefik.yml config"
    assert "admin:$$2y$$05$$made.up" in in_folder(project, command.format(".env")).stdout
    assert "admin:$$2y$$05$$made.up" not in in_folder(project, command.format("broken.env")).stdout


@needs_compose
@pytest.mark.parametrize("command", sorted(FLAGS))
def test_compose_has_these_options(command: str) -> None:
    told = subprocess.run(["docker", "compose", command, "--help"], capture_output=True, text=True, check=False).stdout
    assert [flag for flag in FLAGS[command] if not re.search(rf"(^|[\s,]){re.escape(flag)}\b", told)] == []
