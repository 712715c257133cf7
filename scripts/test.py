#!/usr/bin/env python3
"""Runs every test suite, each within its bound, and ends with one line: `N passed, N failed`.

    test.py [NAME ...]      only these suites
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
GRACE_S = 10
VENV_PYTHON = str(REPOSITORY / "build" / "venv" / "bin" / "python")

# Named one by one: which folders `node --test` takes differs between versions.
NODE_TESTS = sorted(str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "tests" / "node").glob("*.test.mjs"))

Counts = tuple[int, int]


def total(pattern: str, text: str) -> int:
    return sum(int(count) for count in re.findall(pattern, text, re.MULTILINE))


def cargo(text: str) -> Counts:
    return total(r"^test result: .*?(\d+) passed", text), total(r"^test result: .*?(\d+) failed", text)


def pytest(text: str) -> Counts:
    last = text.strip().splitlines()[-1] if text.strip() else ""
    return total(r"(\d+) passed", last), total(r"(\d+) failed", last) + total(r"(\d+) error", last)


def node(text: str) -> Counts:
    return total(r"^# pass (\d+)", text), total(r"^# fail (\d+)", text) + total(r"^# cancelled (\d+)", text)


def unittest(text: str) -> Counts:
    failed = total(r"failures=(\d+)", text) + total(r"errors=(\d+)", text)
    return total(r"^Ran (\d+) tests?", text) - failed, failed


def matrix(text: str) -> Counts:
    last = re.findall(r"^(\d+) passed, (\d+) failed$", text, re.MULTILINE)
    return (int(last[-1][0]), int(last[-1][1])) if last else (0, 0)


@dataclass(frozen=True)
class Suite:
    """A command whose output tells how many tests passed and failed."""

    name: str
    command: tuple[str, ...]
    count: Callable[[str], Counts]
    bound_s: int = 900


SUITES = (
    # The default members: what links on any machine.
    Suite("rust", ("cargo", "test", "-q", "--no-fail-fast"), cargo, 1800),
    Suite("harness", (sys.executable, "-m", "unittest", "discover", "-s", "tests"), unittest),
    Suite("python", (VENV_PYTHON, "-m", "pytest", "tests/python"), pytest),
    Suite("node", ("node", "--test", "--test-reporter=tap", *NODE_TESTS), node),
    Suite("c", ("make", "-s", "-C", "tests/c", "test"), unittest, 1200),
    Suite("matrix", (sys.executable, "tests/run.py"), matrix, 1800),
)


def run(suite: Suite) -> Counts:
    """Runs a suite in a process group of its own, shows what it prints and returns its counts."""
    print(f"== {suite.name}: {' '.join(suite.command)}", flush=True)
    start = time.monotonic()
    lines: list[str] = []
    process = subprocess.Popen(
        suite.command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    )

    # Asked first: the matrix has runners in groups of their own to end.
    ways = iter((signal.SIGTERM,))

    def stop(*_: object) -> None:
        signal.alarm(GRACE_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, next(ways, signal.SIGKILL))

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(suite.bound_s)
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        # A run of node prints a line per test and file; its counts say enough unless something is red.
        if suite.name != "node" or not line.startswith(("ok", "    ok", "  ---", "  duration", "  type", "  ...")):
            print(line, end="", flush=True)
    status = process.wait()
    signal.alarm(0)
    passed, failed = suite.count("".join(lines))
    if status and not failed:
        print(f"{suite.name}: ended with status {status}")
        failed = 1
    if not passed and not failed:
        print(f"{suite.name}: ran no test")
        failed = 1
    print(f"== {suite.name}: {passed} passed, {failed} failed in {time.monotonic() - start:.0f} s\n", flush=True)
    return passed, failed


def main() -> int:
    names = [suite.name for suite in SUITES]
    wanted = sys.argv[1:] or names
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        raise SystemExit(f"no such suite: {', '.join(unknown)}; there are {', '.join(names)}")
    counts = {suite.name: run(suite) for suite in SUITES if suite.name in wanted}
    for name, (passed, failed) in counts.items():
        print(f"{name:>8}  {passed:>5} passed  {failed:>3} failed")
    passed, failed = (sum(column) for column in zip(*counts.values(), strict=True))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
