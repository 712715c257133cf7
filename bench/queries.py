"""Plays the subjects of one scenario in turns against the server, and takes ratios of what a query cost them."""

from __future__ import annotations

import contextlib
import statistics
import sys
from typing import Any

from figures import Figure
from process import CA_FILE, CLIENTS, OUT, PYTHON, RELEASE, SHARES_A_CORE, Failed, Program, Server, server
from scenarios import PLAIN_ONLY, RATIOS, Ratio, Scenario, steady_of

Row = dict[str, Any]
Rounds = list[dict[str, Row]]
CPU = "cpu_us_per_query"
TURNS = 4
"""A round gives each subject this many windows, so that a machine that is slower for seconds is so for all of them."""


def command(subject: str) -> list[str]:
    language, name = subject.split("/")
    programs = {
        "rust": [str(RELEASE / "bench-rust"), name],
        "c": [str(OUT / "subject-c")],
        "python": [PYTHON, str(CLIENTS / "subject.py"), name],
        "node": ["node", str(CLIENTS / "subject.mjs"), name],
    }
    return programs[language]


def start(subject: str, scenario: Scenario, at: Server, seconds: float) -> Program:
    """One subject, warm."""
    arguments = [f"{at.https if scenario.tls else at.http}/{scenario.path}", str(scenario.concurrency), str(seconds)]
    if not scenario.tls:
        return Program([*command(subject), *arguments])
    # The peers find the certificate as their users would tell them.
    trust = {"REQUESTS_CA_BUNDLE": str(CA_FILE), "NODE_EXTRA_CA_CERTS": str(CA_FILE)}
    return Program([*command(subject), *arguments, str(CA_FILE)], more=trust)


def window(subject: str, program: Program) -> Row | None:
    """`None` where it failed."""
    try:
        row: Row = program.ask("go")
        row["rss_kib"] = program.peak_rss_bytes() / 1024
    except Failed as failure:
        print(f"  {subject}: {failure}", file=sys.stderr)
        return None
    return row


def one_round(programs: dict[str, Program], is_even: bool) -> dict[str, Row]:
    """What every subject that did not fail measured in all its windows. The order is reversed every second turn."""
    windows: dict[str, list[Row | None]] = {subject: [] for subject in programs}
    for turn in range(TURNS):
        for subject in list(programs) if (turn % 2 == 0) == is_even else list(programs)[::-1]:
            windows[subject].append(window(subject, programs[subject]))
    return {subject: together([row for row in rows if row]) for subject, rows in windows.items() if all(rows)}


def together(windows: list[Row]) -> Row:
    row: Row = {key: sum(window[key] for window in windows) for key in ("n", "seconds", "cpu_us")}
    return row | {
        CPU: row["cpu_us"] / row["n"], "queries_per_s": row["n"] / row["seconds"], "rss_kib": windows[-1]["rss_kib"],
    }


def play(scenario: Scenario, subjects: list[str], rounds: int, seconds: float) -> Rounds:
    """The rounds of one scenario: for each, what every subject measured."""
    played: Rounds = []
    with server() as at, contextlib.ExitStack() as ends:
        programs = {}
        for subject in subjects:
            if scenario.tls and subject in PLAIN_ONLY:
                continue
            try:
                programs[subject] = ends.enter_context(start(subject, scenario, at, seconds / TURNS))
            except Failed as failure:
                print(f"  {subject}: {failure}", file=sys.stderr)
        for number in range(rounds):
            played.append(one_round(programs, number % 2 == 0))
            shown = {subject: f"{row[CPU]:.1f}" for subject, row in played[-1].items()}
            print(f"  {scenario.id}, round {number + 1}: {shown}", file=sys.stderr, flush=True)
    return played


def is_steady(scenario: Scenario, rounds: Rounds) -> bool:
    """Whether one program's own figures lie close together: the limit's, or the core's where the limit cannot go.

    A round without it says nothing of the machine, and a single one has nothing to be compared with.
    """
    of = steady_of(scenario)
    taken = [row[of][CPU] for row in rounds if of in row]
    return not SHARES_A_CORE and len(taken) == len(rounds) >= 2 and max(taken) / min(taken) <= 1.25


def ratio_of(ratio: Ratio, scenario: str, rounds: Rounds, steady: bool) -> Figure | None:
    """The median of the ratios of each round in which both took part."""
    both = [played for played in rounds if ratio.above in played and ratio.below in played]
    if not both:
        return None
    values = [played[ratio.above][CPU] / played[ratio.below][CPU] for played in both]
    return Figure(
        f"{ratio.name} ({scenario})", statistics.median(values), goal=ratio.floors.get(scenario), at_most=ratio.at_most,
        spread=(min(values), max(values)), steady=steady, only_grows=False,
    )


def ratios(results: dict[str, Any]) -> list[Figure]:
    found = [
        ratio_of(ratio, scenario, result["rounds"], result["steady"]) for ratio in RATIOS for scenario, result in results.items()
    ]
    return [figure for figure in found if figure is not None]


def table(scenario: str, rounds: Rounds) -> list[str]:
    lines = [f"### {scenario}", "", "| subject | CPU µs/query | queries/s | peak RSS MiB |", "|---|---:|---:|---:|"]
    for subject in subjects_of(rounds):
        rows = [played[subject] for played in rounds if subject in played]
        cpu, rate, rss = (statistics.median(row[key] for row in rows) for key in (CPU, "queries_per_s", "rss_kib"))
        lines.append(f"| {subject} | {cpu:.1f} | {rate:,.0f} | {rss / 1024:.1f} |")
    return [*lines, ""]


def subjects_of(rounds: Rounds) -> list[str]:
    seen = dict.fromkeys(subject for played in rounds for subject in played)
    return sorted(seen, key=lambda subject: (subject.split("/")[0] != "rust", subject))
