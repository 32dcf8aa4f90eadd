"""The launcher, run for real by bash in a copy of the repository, with stand-ins for Python and uv on PATH."""

from __future__ import annotations

import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = [
    *("bash", "env", "dirname", "readlink", "uname", "cat", "tail", "cmp", "mkdir", "rm", "mv", "cp", "grep", "tr"),
    *("sleep", "wc", "mktemp", "ps"),
]

PYTHON = """#!/bin/bash
echo "python $*" >>"$CALLS"
case "$*" in
  "-c import sys"*) [ -z "$TOO_OLD" ] ;;
  --version) echo "Python 3.9.6" ;;
  *"config get"*) [ -n "$PIP_CONF" ] && echo "$PIP_CONF" ;;
  "-m venv"*) mkdir -p "${@: -1}/bin" && cp "$0" "${@: -1}/bin/python" ;;
  *"-m pip install"*) cp "$UV" "$(dirname "$0")/uv" ;;
  *) echo "ran: $* | $PWD | $PYTHONPATH | $PYTHONSAFEPATH" ;;
esac
"""
UV = """#!/bin/bash
echo "uv $* ${UV_DEFAULT_INDEX:+index=$UV_DEFAULT_INDEX}" >>"$CALLS"
case "$1" in
  --version) echo "uv 1" ;;
  venv) mkdir -p "${@: -1}/bin" && cp "$FAKE_PYTHON" "${@: -1}/bin/python" ;;
  pip) sleep "${SLOW:-0}"; [ -z "$UV_SAYS" ] || { echo "$UV_SAYS" >&2; exit 1; } ;;
esac
"""


@dataclass
class Sandbox:
    root: Path
    bin: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(
        self, *arguments: str, cwd: Path | None = None, program: Path | None = None, **more: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(program or self.root / "aipic"), *arguments],
            cwd=cwd or self.root,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def run(
        self, *arguments: str, cwd: Path | None = None, program: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, cwd=cwd, program=program, **more) as process:
            out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess([], process.returncode, out, err)

    def calls(self, word: str) -> list[str]:
        record = self.root / "calls"
        return [line for line in record.read_text().splitlines() if word in line] if record.exists() else []


def write_program(path: Path, content: str) -> Path:
    path.write_text(content)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    root = tmp_path / "a folder"
    (root / "backend").mkdir(parents=True)
    shutil.copy(ROOT / "aipic", root)
    for name in ("requirements", "requirements-embedded", "requirements-dev", "requirements-uv"):
        (root / "backend" / f"{name}.lock").write_text(f"{name}==1 --hash=sha256:00\n")
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (folder / tool).symlink_to(found)
    python = write_program(folder / "python3", PYTHON)
    spare = write_program(tmp_path / "uv", UV)
    environment = {"PATH": str(folder), "CALLS": str(root / "calls"), "UV": str(spare), "FAKE_PYTHON": str(python)}
    return Sandbox(root, folder, environment)


def give_uv(sandbox: Sandbox) -> None:
    write_program(sandbox.bin / "uv", UV)


class TestFirstStart:
    def test_with_uv_on_path(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        done = sandbox.run("make", "my photo.jpg", "-t", "wink")
        assert done.returncode == 0, done.stderr
        backend = sandbox.root / "backend"
        assert done.stdout.strip() == f"ran: -m app.cli make my photo.jpg -t wink | {sandbox.root} | {backend} | 1"
        assert "正在安装" in done.stderr
        [install] = sandbox.calls("uv pip install")
        assert "--require-hashes" in install
        assert not (sandbox.root / ".data" / "uv").exists()

    def test_without_uv_it_is_put_into_a_private_place(self, sandbox: Sandbox) -> None:
        assert sandbox.run("make", "x").returncode == 0
        [fetched] = sandbox.calls("-m pip install")
        assert "requirements-uv.lock" in fetched
        assert (sandbox.root / ".data" / "uv" / "bin" / "uv").exists()

    def test_the_second_start_installs_nothing_and_is_quick(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        sandbox.run("make", "x")
        before = sandbox.calls("")
        started = time.perf_counter()
        done = sandbox.run("make", "x")
        assert time.perf_counter() - started < 1.0  # about 0.03 s, but machines that run tests are busy
        assert done.stderr == ""
        assert len(sandbox.calls("")) == len(before) + 1

    def test_a_new_lock_installs_again(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        sandbox.run("make", "x")
        (sandbox.root / "backend" / "requirements.lock").write_text("other==2 --hash=sha256:00\n")
        sandbox.run("make", "x")
        assert len(sandbox.calls("uv pip install")) == 2

    def test_a_developers_environment_is_kept(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        own = sandbox.root / ".venv" / "bin"
        own.mkdir(parents=True)
        write_program(own / "python", PYTHON)
        (own / "mine").touch()
        assert sandbox.run("make", "x").returncode == 0
        assert (own / "mine").exists()
        assert sandbox.calls("uv venv") == []
        assert len(sandbox.calls("uv pip install")) == 1

    def test_an_environment_whose_python_is_gone_is_made_anew(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        sandbox.run("make", "x")
        (sandbox.root / ".venv" / "bin" / "python").unlink()
        assert sandbox.run("make", "x").returncode == 0
        assert len(sandbox.calls("uv venv")) == 2

    def test_starts_at_the_same_time_wait_for_each_other(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        starts = [sandbox.start("make", str(number), SLOW="0.6") for number in range(3)]
        for start in starts:
            out, err = start.communicate(timeout=30)
            assert start.returncode == 0, err
            assert "ran: -m app.cli make" in out
        assert len(sandbox.calls("uv pip install")) == 1
        assert not (sandbox.root / ".data" / "install.lock").exists()

    def test_the_turn_of_one_that_died_is_taken_over(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        turn = sandbox.root / ".data" / "install.lock"
        turn.mkdir(parents=True)
        (turn / "pid").write_text("99999999\n")
        assert sandbox.run("make", "x").returncode == 0

    def test_ended_while_installing_it_leaves_no_turn_and_no_stamp(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        start = sandbox.start("make", "x", SLOW="2")
        while not sandbox.calls("uv pip install"):
            time.sleep(0.02)
        start.send_signal(signal.SIGTERM)
        start.communicate(timeout=30)
        assert start.returncode == 143
        assert not (sandbox.root / ".data" / "install.lock").exists()
        assert not list((sandbox.root / ".venv").glob(".installed*"))
        assert sandbox.run("make", "x").returncode == 0


class TestPlaces:
    def test_from_another_folder_through_links(self, sandbox: Sandbox, tmp_path: Path) -> None:
        give_uv(sandbox)
        elsewhere = tmp_path / "else where"
        elsewhere.mkdir()
        (elsewhere / "link").symlink_to(sandbox.root / "aipic")
        (elsewhere / "second").symlink_to("link")
        done = sandbox.run("check", "x.jpg", cwd=elsewhere, program=elsewhere / "second")
        assert f"| {elsewhere} | {sandbox.root / 'backend'} |" in done.stdout

    def test_a_folder_that_cannot_be_written(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        (sandbox.root / ".data").write_text("a file where the folder should be")  # permission bits do not bind root
        done = sandbox.run("make", "x")
        assert done.returncode == 1
        assert "不能写入" in done.stderr


class TestTrouble:
    def test_python_is_missing(self, sandbox: Sandbox) -> None:
        (sandbox.bin / "python3").unlink()
        done = sandbox.run("make", "x")
        assert done.returncode == 1
        assert "没有找到 Python" in done.stderr
        assert "3.11" in sandbox.run("make", "x", LANG="en_US.UTF-8").stderr

    def test_python_is_too_old(self, sandbox: Sandbox) -> None:
        done = sandbox.run("make", "x", TOO_OLD="yes", LANG="en_US.UTF-8")
        assert done.returncode == 1
        assert "too old: Python 3.9.6" in done.stderr

    def test_on_a_mac_it_says_what_to_install_there(self, sandbox: Sandbox) -> None:
        (sandbox.bin / "uname").unlink()
        write_program(sandbox.bin / "uname", "#!/bin/bash\necho Darwin\n")
        assert "brew install python@3.13" in sandbox.run("make", "x", TOO_OLD="yes").stderr

    @pytest.mark.parametrize(
        ("says", "words"),
        [
            ("error: Failed to fetch: `x`\n  cause: dns error", "UV_DEFAULT_INDEX"),
            ("ERROR: No matching distribution found for uv (from versions: none)", "UV_DEFAULT_INDEX"),
            ("write error: No space left on device (os error 28)", "磁盘空间不足"),
            ("error: Permission denied (os error 13)", "没有写入权限"),
            ("error: Hash mismatch for `av==1`", "校验值不符"),
            ("hint: `av` has no wheels with a matching platform tag", "不支持这个系统"),
            ("something else", "something else"),
        ],
    )
    def test_an_installation_fails(self, sandbox: Sandbox, says: str, words: str) -> None:
        give_uv(sandbox)
        done = sandbox.run("make", "x", UV_SAYS=says)
        assert done.returncode == 1
        assert words in done.stderr
        assert "install.log" in done.stderr
        assert done.stdout == ""
        assert not list((sandbox.root / ".venv").glob(".installed*"))

    @pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_CONF"])
    def test_a_mirror_chosen_for_one_tool_serves_both(self, sandbox: Sandbox, variable: str) -> None:
        give_uv(sandbox)
        sandbox.environment[variable] = "mirror"
        sandbox.run("make", "x")
        [install] = sandbox.calls("uv pip install")
        assert install.endswith("index=mirror")


class TestCommands:
    def test_help_needs_no_installation(self, sandbox: Sandbox) -> None:
        for arguments in ((), ("help",), ("--help",), ("-h",)):
            done = sandbox.run(*arguments)
            assert done.returncode == 0
            assert "用法：./aipic" in done.stdout
        assert "Usage: ./aipic" in sandbox.run("help", AIPIC_LANG="en").stdout
        assert sandbox.calls("") == []

    def test_version_needs_no_installation(self, sandbox: Sandbox) -> None:
        (sandbox.root / "backend" / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n')
        done = sandbox.run("--version")
        assert (done.returncode, done.stdout, done.stderr) == (0, "AI-PIC 1.2.3\n", "")
        assert sandbox.calls("uv") == []

    def test_help_about_one_command(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        assert "ran: -m app.cli make --help" in sandbox.run("help", "make").stdout

    def test_an_unknown_command(self, sandbox: Sandbox) -> None:
        done = sandbox.run("paint", AIPIC_LANG="en")
        assert done.returncode == 2
        assert done.stderr.startswith("There is no command paint")
        assert "templates" in done.stderr
        assert done.stdout == ""

    def test_bench_runs_what_there_is(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        script = sandbox.root / "bench" / "engine" / "run.py"
        script.parent.mkdir(parents=True)
        script.touch()
        assert f"ran: {script} --quick |" in sandbox.run("bench", "engine", "--quick").stdout
        for arguments in (("bench",), ("bench", "nothing"), ("bench", "../bench/engine")):
            done = sandbox.run(*arguments)
            assert done.returncode == 2
            assert "engine" in done.stderr

    def test_languages(self, sandbox: Sandbox) -> None:
        def first(**environment: str) -> str:
            return Sandbox(sandbox.root, sandbox.bin, sandbox.environment | environment).run("help").stdout

        chinese, english = first(), first(LANG="en_GB.UTF-8")
        assert chinese != english
        assert first(LANG="C.UTF-8") == first(LC_ALL="POSIX") == first(LANG="zh_CN") == chinese
        assert first(LANG="zh_CN", LC_ALL="en_US") == first(AIPIC_LANG="en", LC_ALL="zh_CN") == english


class TestService:
    def test_up_installs_what_it_needs(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        done = sandbox.run("up")
        assert done.returncode == 0, done.stderr
        assert "ran: -m app.ops.up up |" in done.stdout
        [install] = sandbox.calls("uv pip install")
        assert "requirements-embedded.lock" in install
        sandbox.run("make", "x")
        assert len(sandbox.calls("uv pip install")) == 1

    @pytest.mark.parametrize(("command", "code"), [("down", 0), ("status", 1), ("logs", 1)])
    def test_looking_at_it_installs_nothing(self, sandbox: Sandbox, command: str, code: int) -> None:
        give_uv(sandbox)
        done = sandbox.run(command, AIPIC_LANG="en")
        assert (done.returncode, done.stdout, done.stderr) == (code, "", "Nothing is running.\n")
        assert sandbox.calls("uv") == []
        sandbox.run("make", "x")
        assert f"ran: -m app.ops.up {command} -f |" in sandbox.run(command, "-f").stdout
        assert len(sandbox.calls("uv pip install")) == 1

    def test_help_about_it(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        assert "ran: -m app.ops.up logs --help |" in sandbox.run("help", "logs").stdout

    def test_what_is_installed_for_the_program_does_not_do_for_the_service(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        sandbox.run("make", "x")
        sandbox.run("up")
        assert len(sandbox.calls("uv pip install")) == 2

    @pytest.mark.parametrize("arguments", ["", "up", "up --yes", "--help", "status --help"])
    def test_services_install_what_they_need(self, sandbox: Sandbox, arguments: str) -> None:
        give_uv(sandbox)
        assert "ran: -m app.ops.services" in sandbox.run("services", *arguments.split()).stdout
        [install] = sandbox.calls("uv pip install")
        assert "requirements-embedded.lock" in install

    @pytest.mark.parametrize(("command", "code"), [("down", 0), ("status", 1)])
    def test_looking_at_services_installs_nothing(self, sandbox: Sandbox, command: str, code: int) -> None:
        give_uv(sandbox)
        done = sandbox.run("services", command, AIPIC_LANG="en")
        assert (done.returncode, done.stdout, done.stderr) == (code, "", "Nothing is running.\n")
        assert sandbox.calls("uv") == []

    def test_init_installs_nothing(self, sandbox: Sandbox) -> None:
        give_uv(sandbox)
        done = sandbox.run("init", "--yes")
        assert "ran: -m app.ops.init --yes |" in done.stdout
        assert sandbox.calls("uv") == []
        assert not (sandbox.root / ".venv").exists()


def test_locks_are_made_from_each_other(sandbox: Sandbox) -> None:
    give_uv(sandbox)
    done = sandbox.run("lock", "--upgrade")
    assert done.returncode == 0, done.stderr
    run, embedded, dev, _ = sandbox.calls("uv pip compile")
    assert "--upgrade -o requirements.lock pyproject.toml" in run
    assert "-o requirements-embedded.lock -c requirements.lock --extra embedded pyproject.toml" in embedded
    assert "-o requirements-dev.lock -c requirements-embedded.lock --extra embedded --group dev pyproject.toml" in dev


class TestVerify:
    @pytest.fixture
    def checked(self, sandbox: Sandbox) -> Sandbox:
        give_uv(sandbox)
        tools = sandbox.root / ".venv" / "bin"
        tools.mkdir(parents=True)
        write_program(tools / "python", PYTHON.replace("ran:", "1 passed in 0.01s:"))
        for tool in ("ruff", "mypy", "lint-imports"):
            write_program(tools / tool, f'#!/bin/bash\necho "{tool} $*"\n[ "$BAD" != {tool} ]\n')
        return sandbox

    def test_all_is_well(self, checked: Sandbox) -> None:
        done = checked.run("test", "-k", "photo")
        assert done.returncode == 0, done.stderr
        assert "-m pytest -n 4 --dist worksteal --ignore=tests/docker -k photo" in done.stdout
        assert [line.split() for line in done.stdout.splitlines()[-5:]] == [
            [name, "ok"] for name in ("pytest", "ruff", "format", "mypy", "imports")
        ]
        assert [call for call in checked.calls("uv pip install") if "requirements-dev.lock" in call]

    def test_docker_s_tests_run_by_themselves(self, checked: Sandbox) -> None:
        assert "tests/docker tests/docs/test_docker_guides.py -x" in checked.run("test", "docker", "-x").stdout
        names = [line.split()[0] for line in checked.run("test").stdout.splitlines()[-6:]]
        assert names == ["docker", "pytest", "ruff", "format", "mypy", "imports"]

    def test_a_check_fails(self, checked: Sandbox) -> None:
        done = checked.run("lint", BAD="mypy", LANG="en_US.UTF-8")
        assert done.returncode == 1
        assert "mypy     FAILED" in done.stdout
        assert "mypy --no-error-summary" in done.stdout
        assert "Failed: mypy" in done.stderr

    def test_what_tests_need_includes_what_the_program_needs(self, checked: Sandbox) -> None:
        checked.run("test")
        checked.run("up")
        checked.run("make", "x")
        assert len(checked.calls("uv pip install")) == 1
