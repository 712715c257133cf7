#!/usr/bin/env python3
"""Plays all cases in all languages against one sandbox and prints the matrix.

    run.py [--only rust,python] [--all]

Everything must be built already. Besides the cases, three things count as cells of their own: a runner that ends with
status 0 within its time, a log of it without a canary, and no process left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cases import LANGUAGES, MARK, load_cases
from harness import Sandbox, closed_port
from matrix import Check, build, columns, render

REPOSITORY = Path(__file__).resolve().parent.parent
OUTPUT = REPOSITORY / "build" / "test-output"
PYTHON = os.environ.get("SMILEID_TEST_PYTHON", str(REPOSITORY / "build" / "venv" / "bin" / "python"))
SANDBOX = os.environ.get("SMILEID_SANDBOX_BIN", str(REPOSITORY / "target" / "debug" / "smileid-jobs-sandbox"))


@dataclass(frozen=True)
class Runner:
    """A program that plays every case in one or two languages."""

    name: str
    columns: tuple[str, ...]
    command: tuple[str, ...]
    bound_s: int = 300


RUNNERS = (
    Runner("rust", ("rust",), (sys.executable, "tests/rust/run_scenarios.py")),
    Runner("python", ("python", "asyncio"), (PYTHON, "tests/python/run_scenarios.py")),
    Runner("node", ("node",), (sys.executable, "tests/node/run_scenarios.py")),
    Runner("c", ("c", "cpp"), (sys.executable, "tests/c/run_scenarios.py")),
)


def behind_a_dead_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """A proxy that nobody can use: every green cell then shows that this machine is asked directly."""
    rest = {name: value for name, value in environment.items() if not name.upper().endswith("_PROXY")}
    nobody = f"http://127.0.0.1:{closed_port()}"
    return {**rest, "HTTP_PROXY": nobody, "http_proxy": nobody, "HTTPS_PROXY": nobody, "ALL_PROXY": nobody}


def run(runner: Runner, environment: dict[str, str]) -> list[Check]:
    """Runs one runner in a process group of its own; what is left of the group is killed."""
    log = OUTPUT / f"{runner.name}.log"
    start = time.monotonic()
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                runner.command,
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return [Check(f"exit/{runner.name}", False, f"could not be started: {error}")]
        status: int | None = None
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(timeout=runner.bound_s)
        finally:
            leftovers = _kill_group(process)
    took = f"{time.monotonic() - start:.1f} s"
    print(f"{runner.name}: {took}", flush=True)
    ended = f"did not end within {runner.bound_s} s" if status is None else f"exit status {status}"
    return [
        Check(f"exit/{runner.name}", status == 0, ended),
        Check(f"leftovers/{runner.name}", not leftovers, "the runner left a process behind"),
    ]


def _kill_group(process: subprocess.Popen[bytes]) -> bool:
    """Whether something of the group was still there after its leader."""
    ended = process.poll() is not None
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    process.wait()
    return ended


def search_canaries(runner: Runner, key: str) -> Check:
    """Looks for the marker and for the key itself in everything the runner printed."""
    log = OUTPUT / f"{runner.name}.log"
    text = log.read_bytes() if log.exists() else b""
    lines = [
        number for number, line in enumerate(text.splitlines(), 1) if MARK.encode() in line or key.encode() in line
    ]
    return Check(f"canary/{runner.name}", not lines, f"private data in {log.name}, lines {lines[:10]}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Plays all cases in all languages and prints the matrix.")
    parser.add_argument(
        "--only", type=columns, default=",".join(LANGUAGES), help="columns to play, separated by commas"
    )
    parser.add_argument("--all", action="store_true", help="print every row, green vectors too")
    options = parser.parse_args(arguments)
    # Whoever ends this ends the runners, too, which have groups of their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    runners = [runner for runner in RUNNERS if set(runner.columns) & set(options.only)]
    played = [column for runner in runners for column in runner.columns]

    OUTPUT.mkdir(parents=True, exist_ok=True)
    # A file per choice of languages, so that two people can run different ones at once.
    results = OUTPUT / f"results-{'-'.join(played)}.jsonl"
    results.unlink(missing_ok=True)
    cases = load_cases()
    # Unguessable, so that finding it anywhere is proof of a leak.
    key = f"{MARK}-{secrets.token_urlsafe(24)}"
    checks: list[Check] = []
    with Sandbox.start(SANDBOX, api_key=key) as sandbox:
        environment = {
            **behind_a_dead_proxy(os.environ),
            "SMILEID_SANDBOX_URL": sandbox.url,
            "SMILEID_SANDBOX_PARTNER_ID": sandbox.partner_id,
            "SMILEID_SANDBOX_API_KEY": sandbox.api_key,
            "SMILEID_SANDBOX_BIN": SANDBOX,
            "SMILEID_RESULTS": str(results),
        }
        for runner in runners:
            checks += run(runner, environment)
            checks.append(search_canaries(runner, key))
    text = results.read_text(encoding="utf-8") if results.exists() else ""
    matrix = build(cases, text, played, checks)
    print(render(matrix, options.all))
    return 1 if matrix.failed else 0


if __name__ == "__main__":
    sys.exit(main())
