"""Short Python processes that end while calls are in flight: none may fail, and none may say anything."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from figures import Figure
from process import CLIENTS, PYTHON, Server, environment, server

AT_A_TIME = 4


def one(at: Server, number: int) -> tuple[int, str]:
    """The exit code and the standard error stream; a process that does not end counts as one that failed."""
    command = [PYTHON, str(CLIENTS / "exit.py"), at.http, str(number)]
    try:
        run = subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return 124, ""
    return run.returncode, run.stderr


def run(count: int) -> list[Figure]:
    with server() as at, ThreadPoolExecutor(AT_A_TIME) as pool:
        ended = list(pool.map(lambda number: one(at, number), range(count)))
        asked = at.asked()
    failed = [(number, code) for number, (code, _) in enumerate(ended) if code]
    lines = [line for _, told in ended for line in told.splitlines()]
    for number, code in failed[:5]:
        print(f"  exits: number {number} ended with {code}", file=sys.stderr)
    for line in lines[:10]:
        print(f"  exits: {line}", file=sys.stderr)
    return [
        Figure(f"python: exits of {count:,} with calls in flight that failed", len(failed), "", 0),
        Figure(f"python: lines on stderr of {count:,} exits", len(lines), "", 0),
        Figure("python: queries seen per exit", asked / count),
    ]
