#!/usr/bin/env python3
"""Counts what no other program can disturb: instructions and allocations of one query, beside those in counts.json.

    counts.py [--write]      BENCH=full for the Python SDK's instructions too

Instructions are the difference of two runs of different lengths under valgrind, without what starting and ending cost.
valgrind has no SHA instructions, so that signing is dearer there. Growth beyond 1 % is reported; nothing here fails a
build.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys

from process import BENCH, CLIENTS, PYTHON, RELEASE, Failed, environment, result_of, server

BASELINE = BENCH / "counts.json"
SUBJECTS = ("core", "core-decoded")
TOLERATED = 1.01
VALGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]

Counts = dict[str, float]


def allocations(url: str) -> Counts:
    program = str(RELEASE / "bench-counts")
    return {f"allocations, {subject}": result_of([program, subject, url, "2000"]) for subject in SUBJECTS}


def instructions(command: list[str], lines: int) -> int:
    """Of one run with this many windows."""
    run = subprocess.run(
        [*VALGRIND, *command], env=environment({"PYTHONHASHSEED": "0"}), input="go\n" * lines, capture_output=True, text=True, timeout=600,
    )
    found = re.search(r"I\s+refs:\s+([\d,]+)", run.stderr)
    if run.returncode or found is None:
        raise Failed(f"{command[0]} under valgrind ended with {run.returncode}: {run.stderr.strip()[-300:]}")
    return int(found.group(1).replace(",", ""))


def per_query(command: list[str], queries: int) -> float:
    """One window and three of so many queries each: what they do not share is two windows."""
    return (instructions(command, 3) - instructions(command, 1)) / (2 * queries)


def rust(url: str) -> Counts:
    queries = 1000
    command = [str(RELEASE / "bench-rust")]
    return {
        f"instructions, {subject}": per_query([*command, subject, url, "1", f"{queries}q"], queries) for subject in SUBJECTS
    }


def python(url: str) -> Counts:
    """Ours and the SDK's; slow, because the interpreter is counted too."""
    counts = {}
    for subject, queries in (("ours", 500), ("ours-decoded", 500), ("sdk", 50)):
        command = [PYTHON, str(CLIENTS / "subject.py"), subject, url, "1", f"{queries}q"]
        counts[f"instructions, python/{subject}"] = per_query(command, queries)
    return counts


def report(counts: Counts, baseline: Counts) -> None:
    print("| per query | now | baseline | change | |\n|---|---:|---:|---:|---|")
    for name, now in counts.items():
        before = baseline.get(name)
        if not before:
            print(f"| {name} | {now:,.1f} | | | |")
            continue
        change = f"{(now / before - 1) * 100:+.2f} %"
        print(f"| {name} | {now:,.1f} | {before:,.1f} | {change} | {'**grew**' if now > before * TOLERATED else ''} |")
    ours, sdk = (counts.get(f"instructions, python/{name}") for name in ("ours", "sdk"))
    if ours and sdk:
        print(f"\nPython SDK ÷ ours, instructions: {sdk / ours:.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make these counts the baseline")
    given = parser.parse_args()
    with server() as at:
        url = f"{at.http}/complete"
        counts = allocations(url)
        if shutil.which("valgrind") is None:
            print("counts: instructions need valgrind: apt-get install valgrind", file=sys.stderr)
        else:
            counts |= rust(url)
            if os.environ.get("BENCH") == "full":
                counts |= python(url)
    baseline: Counts = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    report(counts, baseline)
    if given.write:
        kept = {name: round(count, 1) for name, count in (baseline | counts).items()}
        BASELINE.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"counts: {failure}")
