"""The `.env`: is it there, is it written so that every program reads it alike, is it what counts."""

from __future__ import annotations

import difflib
import json
import re
import stat
from typing import TYPE_CHECKING, Final

from app.ops.doctor.env_file import BOM, SMART_QUOTES, EnvFile, Line
from app.ops.doctor.finding import Finding, Level, Words, listed, ok, same
from app.ops.doctor.hiding import is_secret, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ops.doctor.setup import Setup

_REFERENCE: Final = re.compile(r"(?<!\$)\$(?:\{([A-Za-z_]\w*)|([A-Za-z_]\w*))")
_MOST_ASKED: Final = 8
_ALSO_KNOWN: Final = frozenset({"COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES"})
_BOM_MARK: Final = Words("开头有看不见的标记（BOM）", "an invisible mark, BOM")
_CRLF: Final = Words("是 Windows 换行（CRLF）", "Windows line ends, CRLF")
_TRAILING: Final = Words("行尾有空格", "spaces at the end")
_EXPORT: Final = Words("多了 export", "the word export")
_SPACED: Final = Words("名字前或等号旁有空格", "spaces before the name or round =")
_SMART: Final = Words("用了弯引号“”", "curly quotes “”")
_NO_END: Final = Words("没有以换行结束", "no line end at the end")
_CAUSE: Final = Words(
    "docker compose 大多能容忍，docker run --env-file 和 source .env 不能：值会多出看不见的字符。",
    "docker compose mostly puts up with it; docker run --env-file and `source .env` do not: values get characters "
    "that nobody sees.",
)
_SMART_CAUSE: Final = Words(
    "弯引号不是引号，会成为值的一部分；多半是从聊天或文档里复制来的。",
    "Curly quotes are no quotes but part of the value; they come with text copied from a chat or document.",
)


def env_there(setup: Setup) -> Iterator[Finding]:
    """D06: is there a `.env`, and may nobody else read it."""
    try:
        file = setup.env_file
    except OSError as error:
        reason = error.strerror or type(error).__name__
        yield Finding(
            "D06",
            Level.FAIL,
            Words(f".env 读不了：{reason}", f".env cannot be read: {reason}"),
            Words("它可能属于另一个用户，或者是一个文件夹。", "It may belong to another user, or be a folder."),
            same(f"ls -ld {setup.env_path}"),
        )
        return
    if file is None:
        yield Finding(
            "D06",
            Level.FAIL if setup.docker.path else Level.WARN,
            Words("没有 .env 文件", "There is no file .env"),
            Words(
                "docker compose 从它读取密码和地址。（./aipic up 不需要它。）",
                "docker compose takes passwords and addresses from it. (./aipic up needs none.)",
            ),
            same("./aipic init"),
        )
        return
    mode = file.path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(
            "D13",
            Level.WARN,
            Words(".env 里有密码，而这台电脑的其他用户也能读", ".env holds passwords, and other users can read it"),
            Words(f"它的权限是 {mode & 0o777:o}，应当是 600。", f"Its mode is {mode & 0o777:o}; it should be 600."),
            same("chmod 600 .env"),
        )
    yield ok("D06", ".env 在，{count} 项设置", ".env is there, {count} settings", count=len(file.values))


def env_bytes(setup: Setup) -> Iterator[Finding]:
    """D07: marks that no eye sees and some program minds."""
    file = setup.env_file
    if file is None:
        return
    faults = list(_faults(file))
    if not faults:
        yield ok("D07", ".env 写法干净", ".env is written cleanly")
        return
    smart = any(fault is _SMART for fault, _ in faults)
    places = [(fault, _line_words(numbers)) for fault, numbers in faults]
    cause = _SMART_CAUSE if smart else _CAUSE
    yield Finding(
        "D07",
        Level.FAIL if smart else Level.WARN,
        Words(
            ".env 的写法会让一些程序读错：" + "；".join(f"{lines.zh}{fault.zh}" for fault, lines in places),
            "Some programs misread this .env: " + "; ".join(f"{fault.en} ({lines.en})" for fault, lines in places),
        ),
        cause,
        same("./aipic doctor --fix"),
    )


def _line_words(numbers: list[int]) -> Words:
    names = [str(number) for number in numbers[:6]] + (["…"] if len(numbers) > 6 else [])
    return Words(f"第 {'、'.join(names)} 行", f"line{'s' if len(numbers) > 1 else ''} {', '.join(names)}")


def _faults(file: EnvFile) -> Iterator[tuple[Words, list[int]]]:
    bare = [(number, text.rstrip(b"\r")) for number, text in file.texts]
    found = (
        (_BOM_MARK, [1] if file.data.startswith(BOM) else []),
        (_CRLF, [number for number, text in file.texts if text.endswith(b"\r")]),
        (_TRAILING, [number for number, text in bare if text.strip() and text != text.rstrip()]),
        (_EXPORT, [line.number for line in file.lines if line.exported]),
        (_SPACED, [line.number for line in file.lines if line.spaced]),
        (_SMART, [line.number for line in file.lines if line.value and line.value[0] in SMART_QUOTES]),
        (_NO_END, [len(file.texts)] if file.data and not file.data.endswith(b"\n") else []),
    )
    yield from ((fault, numbers) for fault, numbers in found if numbers)


def env_values(setup: Setup) -> Iterator[Finding]:
    """D08, D09, D10: quotes, dollars, and the same key twice."""
    file = setup.env_file
    if file is None:
        return
    for line in file.lines:
        if _quotes_remain(line):
            yield _quotes(line)
        elif fault := _dollar(line, setup):
            yield fault
    seen: dict[str, list[int]] = {}
    for line in file.lines:
        seen.setdefault(line.key, []).append(line.number)
    for key, numbers in seen.items():
        if len(numbers) > 1:
            yield Finding(
                "D10",
                Level.WARN,
                Words(f".env 里 {key} 写了 {len(numbers)} 次", f"{key} stands in .env {len(numbers)} times"),
                Words(
                    f"{_line_words(numbers).zh}；只有最后一行有效。",
                    f"See {_line_words(numbers).en}; only the last one counts.",
                ),
                Words(f"只留一行：删掉第 {numbers[0]} 行", f"Keep one: delete line {numbers[0]}"),
            )


def _quotes_remain(line: Line) -> bool:
    if not line.closed:
        return True
    value = line.value
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return True
    return not line.quote and value[-1:] in {'"', "'"} and value.count(value[-1]) == 1


def _quotes(line: Line) -> Finding:
    what = Words(
        f".env 第 {line.number} 行 {line.key} 的引号不成对", f".env line {line.number}: the quotes of {line.key}"
    )
    if line.closed and line.quote:
        cause = Words(
            "值外面有两层引号，里面那层会成为值的一部分。",
            "There are two pairs of quotes; the inner one becomes part of the value.",
        )
        what = Words(
            f".env 第 {line.number} 行 {line.key} 有两层引号", f".env line {line.number}: {line.key} is quoted twice"
        )
    else:
        cause = Words(
            "引号只有一半：docker compose 会拒绝整个文件，或者把引号当成值。",
            "One quote has no partner: docker compose refuses the file, or takes the quote for part of the value.",
        )
        what = Words(what.zh, f"{what.en} have no partner")
    return Finding(
        "D08",
        Level.FAIL,
        what,
        cause,
        Words(f"改成不带引号的写法：{line.key}=值", f"Write it without quotes: {line.key}=value"),
    )


def _dollar(line: Line, setup: Setup) -> Finding | None:
    file = setup.env_file
    if line.quote == "'" or file is None:
        return None
    names = [first or second for first, second in _REFERENCE.findall(line.value)]
    strange = [
        name for name in names if is_secret(line.key) or (name not in file.values and not setup.environment.get(name))
    ]
    if not strange:
        return None
    # The name is a piece of the value: of a secret it is not repeated.
    zh_piece = "$ 和它后面的字" if is_secret(line.key) else f"${strange[0]}"
    en_piece = "$ and what follows" if is_secret(line.key) else f"${strange[0]}"
    return Finding(
        "D09",
        Level.FAIL,
        Words(
            f".env 第 {line.number} 行 {line.key} 里的 $ 会被吃掉",
            f".env line {line.number}: the $ in {line.key} is swallowed",
        ),
        Words(
            f"docker compose 把 {zh_piece} 当成变量并替换掉，值就变短了。",
            f"docker compose takes {en_piece} for a variable and replaces it, so the value becomes shorter.",
        ),
        Words(f"用单引号：{line.key}='值'", f"Use single quotes: {line.key}='value'"),
    )


def env_keys(setup: Setup) -> Iterator[Finding]:
    """D11, D12: misspelt names, and the shell that beats the file."""
    file = setup.env_file
    if file is None:
        return
    known = setup.known_keys | _ALSO_KNOWN
    for line in file.lines:
        if line.key in known or not setup.known_keys:
            continue
        near = difflib.get_close_matches(line.key.upper(), known, 1, 0.84)
        if near and near[0] not in file.values:
            yield Finding(
                "D11",
                Level.WARN,
                Words(
                    f".env 第 {line.number} 行：没有 {line.key} 这项设置",
                    f".env line {line.number}: there is no setting {line.key}",
                ),
                Words(
                    f"是不是想写 {near[0]}？没人读的名字不会报错。",
                    f"Is it {near[0]}? A name that nobody reads gives no error.",
                ),
                same(f"perl -pi -e 's/^{line.key}(?=\\s*=)/{near[0]}/' .env"),
            )
    yield from _shell_wins(setup, file)


def _shell_wins(setup: Setup, file: EnvFile) -> Iterator[Finding]:
    """Compose is asked again with the file's value: only where that changes something does the shell's count there."""
    differ = [
        key for key, value in file.values.items() if setup.environment.get(key, value) != value and "$" not in value
    ]
    rendered = setup.rendered.config is not None
    asked = differ[:_MOST_ASKED] if rendered else []
    winners = [key for key in differ if key not in asked or _matters(setup, key, file.values[key])]
    losers = [key for key in differ if key not in winners]
    if winners:
        details = [
            Words(f"{key}（命令行：{here.zh}；.env：{there.zh}）", f"{key} (shell: {here.en}; .env: {there.en})")
            for key in winners[:5]
            for here, there in [(shown(key, setup.environment[key]), shown(key, file.values[key]))]
        ]
        names, verb = listed(winners), "beats" if len(winners) == 1 else "beat"
        yield Finding(
            "D12",
            Level.WARN,
            Words(f"命令行里的 {names.zh} 盖过了 .env", f"{names.en} of your shell {verb} .env"),
            Words(
                "命令行的变量优先，改 .env 不会有效果：" + "；".join(words.zh for words in details),
                "A variable of the shell counts more, so editing .env changes nothing: "
                + "; ".join(words.en for words in details),
            ),
            same(f"unset {' '.join(winners)}"),
        )
    if losers:
        names = listed(losers)
        yield Finding(
            "D12",
            Level.WARN,
            Words(
                f"命令行里的 {names.zh} 和 .env 不同",
                f"{names.en} of your shell differ{'s' if len(losers) == 1 else ''} from .env",
            ),
            Words(
                "容器用 .env 的值，./aipic up 却用命令行的值。",
                "Containers take the value in .env, but ./aipic up takes the shell's.",
            ),
            same(f"unset {' '.join(losers)}"),
        )


def _matters(setup: Setup, key: str, value: str) -> bool:
    answer = setup.docker.ask("compose", "config", "--format", "json", more={key: value})
    try:
        return not answer.good or bool(json.loads(answer.out) != setup.rendered.config)
    except ValueError:
        return True
