#!/usr/bin/env python3
"""Measures what a query and a waiting job cost beside peers and the limit, in one run: ratios with their spread.

    run.py [--scenario ID ...] [--subject NAME ...] [--rounds N] [--seconds S] [--asleep]      BENCH=full for everything

Subjects take turns, in reverse order every second round; client and server have a core each, where there are two. What
counts is the CPU time of the client's process per query: a ratio is taken in each round, and its median is printed with the
smallest and largest. The limit program always takes part: a scenario in which it was not steady, or not there, or that has only
one round, gives no verdict. Nothing here fails a build. Where it may (root, on Linux), it keeps the cores from sleeping
while queries are measured. With --scenario or --subject it writes partial.json and partial.md, so that the results of the
last whole run stay.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import exits
import parts
import plots
import queries
import report
import startup
import waiting
from process import OUT, SHARES_A_CORE, Failed, awake, machine
from scenarios import SCENARIOS, SUBJECTS, Scenario, subjects_of, with_limit

T = TypeVar("T")
OTHERS = ("start-up", "waiting", "lateness", "cancelling", "exits", "parts")


def attempt(name: str, measure: Callable[[], T], nothing: T) -> T:
    """A scenario that cannot be played is told and left out; the others go on."""
    print(f"bench: {name}", file=sys.stderr, flush=True)
    try:
        return measure()
    except (Failed, OSError, subprocess.SubprocessError) as failure:
        print(f"  {name}: {failure}", file=sys.stderr)
        return nothing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", choices=[scenario.id for scenario in SCENARIOS] + list(OTHERS))
    parser.add_argument("--subject", action="append", choices=SUBJECTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--asleep", action="store_true", help="let the cores sleep between queries")
    given = parser.parse_args()
    full = os.environ.get("BENCH") == "full"
    seconds = given.seconds or (1.0 if full else 0.6)
    started = time.monotonic()
    measured = report.Measured(machine(), platform.python_version(), shares_a_core=SHARES_A_CORE)

    def is_wanted(name: str) -> bool:
        return name in given.scenario if given.scenario else True

    def rounds_of(scenario: Scenario) -> queries.Rounds:
        subjects = with_limit(scenario, given.subject) if given.subject else subjects_of(scenario, full)
        return queries.play(scenario, subjects, given.rounds, seconds)

    # Memory first: what follows is not in its way then, and it takes no rounds.
    if is_wanted("waiting"):
        measured.waiting = attempt("waiting", waiting.rows, [])
    if is_wanted("lateness"):
        measured.due = attempt("lateness", waiting.rust_times, [])
    if is_wanted("cancelling"):
        measured.cancelling = attempt("cancelling", waiting.cancelling, [])
    if is_wanted("start-up"):
        measured.startup = attempt("start-up", lambda: startup.run(full), [])
    if is_wanted("exits"):
        measured.exits = attempt("exits", lambda: exits.run(1000 if full else 100), [])
    if is_wanted("parts"):
        measured.parts = attempt("parts", parts.run, {})
    with contextlib.nullcontext(False) if given.asleep else awake() as measured.awake:
        for scenario in SCENARIOS:
            if is_wanted(scenario.id) and (given.scenario or full or not scenario.full_only):
                rounds: queries.Rounds = attempt(scenario.id, functools.partial(rounds_of, scenario), [])
                if any(rounds):
                    measured.scenarios[scenario.id] = {"steady": queries.is_steady(scenario, rounds), "rounds": rounds}
    measured.seconds = time.monotonic() - started
    text = report.markdown(measured)
    is_partial = bool(given.scenario or given.subject)
    name = "partial" if is_partial else "results"
    (OUT / f"{name}.json").write_text(json.dumps(dataclasses.asdict(measured), indent=1), encoding="utf-8")
    (OUT / f"{name}.md").write_text(text, encoding="utf-8")
    if measured.scenarios and not is_partial:
        (OUT / "cpu_per_query.svg").write_text(plots.cpu_per_query(measured.scenarios), encoding="utf-8")
    if measured.waiting and not is_partial:
        (OUT / "memory_per_waiting_job.svg").write_text(plots.memory_per_job(measured.waiting), encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
