#!/usr/bin/env python3
"""Measures what a query costs beside peers and the limit, in one run: ratios with their spread.

    run.py [--scenario ID ...] [--subject NAME ...] [--rounds N] [--seconds S]      BENCH=full for everything

Subjects take turns, in reverse order every second round; client and server have a core each. What counts is the CPU time
of the client's process per query: a ratio is taken in each round, and its median is printed with the smallest and
largest. A run in which the limit program itself was not steady gives no verdict. Nothing here fails a build.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import report
from scenarios import FULL_ONLY, LIMIT, PLAIN_ONLY, SCENARIOS, SUBJECTS, Scenario

BENCH = Path(__file__).resolve().parent
REPOSITORY = BENCH.parent
OUT = REPOSITORY / "build" / "bench"
RELEASE = REPOSITORY / "target" / "release"
SERVER_CORE, CLIENT_CORE = "1", "0"

Row = dict[str, Any]


def command(subject: str) -> list[str]:
    language, name = subject.split("/")
    programs = {
        "rust": [str(RELEASE / "bench-rust"), name],
        "c": [str(OUT / "subject-c")],
        "python": [str(OUT / "venv/bin/python"), str(BENCH / "clients/subject.py"), name],
        "node": ["node", str(BENCH / "clients/subject.mjs"), name],
    }
    return programs[language]


@contextlib.contextmanager
def server(ca_file: Path) -> Iterator[dict[str, str]]:
    """The fixed-answer server, on a core of its own."""
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, str(RELEASE / "bench-server"), str(ca_file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=10)


def measure(subject: str, scenario: Scenario, urls: dict[str, str], ca_file: Path, seconds: float) -> Row | None:
    """One window of one subject; `None` where it failed."""
    url = f"{urls['https' if scenario.tls else 'http']}/{scenario.path}"
    arguments = [url, str(scenario.concurrency), str(seconds)]
    # The peers find the certificate as their users would tell them.
    environment = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    environment |= {"BENCH_PEERS": str(OUT / "package.json")}
    if scenario.tls:
        arguments.append(str(ca_file))
        environment |= {"REQUESTS_CA_BUNDLE": str(ca_file), "NODE_EXTRA_CA_CERTS": str(ca_file)}
    run = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, *command(subject), *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
    )
    if run.returncode:
        print(f"  {subject}: ended with {run.returncode}: {run.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    row: Row = json.loads(run.stdout.strip().splitlines()[-1])
    row["cpu_us_per_query"] = row["cpu_us"] / row["n"]
    row["queries_per_s"] = row["n"] / row["seconds"]
    return row


def play(scenario: Scenario, subjects: list[str], rounds: int, seconds: float) -> list[dict[str, Row]]:
    """The rounds of one scenario: for each, what every subject measured."""
    ca_file = OUT / "ca.pem"
    taken = [subject for subject in subjects if not (scenario.tls and subject in PLAIN_ONLY)]
    played = []
    with server(ca_file) as urls:
        for number in range(rounds):
            order = taken if number % 2 == 0 else taken[::-1]
            rows = {subject: measure(subject, scenario, urls, ca_file, seconds) for subject in order}
            played.append({subject: row for subject, row in rows.items() if row is not None})
            shown = {subject: f"{row['cpu_us_per_query']:.1f}" for subject, row in played[-1].items()}
            print(f"  {scenario.id}, round {number + 1}: {shown}", file=sys.stderr, flush=True)
    return played


def waiting(jobs: int) -> Row:
    """What many waiting jobs cost in Rust."""
    with server(OUT / "ca.pem") as urls:
        command = ["taskset", "-c", CLIENT_CORE, str(RELEASE / "bench-waiting"), urls["http"], str(jobs)]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True)
    row: Row = json.loads(run.stdout)
    print(f"  waiting: {row}", file=sys.stderr, flush=True)
    return row


def machine() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{os.cpu_count()} × {line.split(':')[1].strip()}, Linux {platform.release()}"
    return f"{os.cpu_count()} × {platform.machine()}, {platform.system()} {platform.release()}"


def steady(rounds: list[dict[str, Row]]) -> bool:
    """Whether the limit program's own figures lie close together."""
    limits = [row[LIMIT]["cpu_us_per_query"] for row in rounds if LIMIT in row]
    return len(limits) < 2 or max(limits) / min(limits) <= 1.25


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", choices=[scenario.id for scenario in SCENARIOS])
    parser.add_argument("--subject", action="append", choices=SUBJECTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    full = os.environ.get("BENCH") == "full"
    scenarios = [
        scenario for scenario in SCENARIOS
        if (scenario.id in given.scenario if given.scenario else full or not scenario.full_only)
    ]
    subjects = given.subject or [subject for subject in SUBJECTS if full or subject not in FULL_ONLY]
    results = {}
    for scenario in scenarios:
        rounds = play(scenario, subjects, given.rounds, given.seconds)
        results[scenario.id] = {"steady": steady(rounds), "rounds": rounds}
    document = {"machine": machine(), "python": platform.python_version(), "scenarios": results}
    if not given.scenario:
        document["waiting"] = [waiting(jobs) for jobs in (1_000, 10_000)]
    (OUT / "results.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    table = report.markdown(document)
    (OUT / "results.md").write_text(table, encoding="utf-8")
    (OUT / "cpu_per_query.svg").write_text(report.svg(document), encoding="utf-8")
    print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
