"""Runs the checks one after the other, each with a limit; none can break the others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from app.ops.doctor.finding import Finding, Level, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeVar

    Subject = TypeVar("Subject")

LIMIT_SECONDS: Final = 40.0
"""For a whole check; what it asks has limits of its own, which are shorter."""
BROKEN: Final = "D00"


def run_checks(
    checks: Sequence[Callable[[Subject], Iterable[Finding]]], subject: Subject, limit: float = LIMIT_SECONDS
) -> Iterator[Finding]:
    """The findings in order, each as soon as it is known."""
    for check in checks:
        yield from run_check(check, subject, limit)


def run_check(
    check: Callable[[Subject], Iterable[Finding]], subject: Subject, limit: float = LIMIT_SECONDS
) -> list[Finding]:
    """One check's findings; of one that breaks or hangs, that it could not be checked."""
    found: list[Finding] = []
    problem: list[BaseException] = []

    def work() -> None:
        try:
            found.extend(check(subject))
        except Exception as error:
            problem.append(error)

    thread = threading.Thread(target=work, name=check.__name__, daemon=True)
    thread.start()
    thread.join(limit)
    name = check.__name__.replace("_", " ")
    if thread.is_alive():
        cause = Words(f"{limit:.0f} 秒没有结果", f"No result within {limit:.0f} s")
        return [*found, _unchecked(name, cause)]
    if problem:
        cause = Words(
            f"检查本身出错：{type(problem[0]).__name__}", f"The check itself failed: {type(problem[0]).__name__}"
        )
        return [*found, _unchecked(name, cause)]
    return found


def _unchecked(name: str, cause: Words) -> Finding:
    return Finding(
        BROKEN,
        Level.WARN,
        Words(f"没能检查：{name}", f"Could not be checked: {name}"),
        cause,
        Words("再运行一次 ./aipic doctor", "Run ./aipic doctor once more"),
    )
