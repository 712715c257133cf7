"""Waiting jobs in every language, seen from outside: memory per job, sockets, CPU, and wake-ups when nothing is due."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

from figures import Figure
from process import CLIENTS, PYTHON, RELEASE, Program, Server, is_quiet, result_of, server

COUNTS = (1_000, 10_000)
FORMS = ("rust/many", "python/bare", "python/tasks", "python/many", "node/bare", "node/promises", "node/many")
NOT_DUE, DUE = 120.0, 2.666_667
"""Jitter is the upper half of a delay: the second is 2 s on average, the first is never over here."""
BUSY_SECONDS = 3.0
ONE_HEAP = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TOP_PAD_": "0"}
"""Node cannot tell what its native half holds; glibc keeps it in one place that the kernel tells the size of."""


@dataclass(frozen=True)
class Row:
    """One form at one count."""

    form: str
    jobs: int
    heap_per_job: float
    rss_per_job: float
    rss_growth_mib: float
    wake_ups_per_s: float
    connections: int
    cancel_all_ms: float
    cpu_percent: float | None = None
    polls_per_s: float | None = None
    steady: bool = True


def command(form: str, url: str, jobs: int, delay: float) -> list[str]:
    language, name = form.split("/")
    programs = {
        "rust": [str(RELEASE / "bench-waiting"), "hold"],
        "python": [PYTHON, str(CLIENTS / "hold.py"), name],
        "node": ["node", "--expose-gc", str(CLIENTS / "hold.mjs"), name],
    }
    return [*programs[language], url, str(jobs), str(delay)]


def idle(form: str, jobs: int, at: Server) -> dict[str, Any]:
    """All have had their first answer, and nothing is due for a minute."""
    is_node = form.startswith("node/")
    with Program(command(form, at.http, jobs, NOT_DUE), more=ONE_HEAP if is_node else {}) as program:
        before, native, asked = program.rss_bytes(), program.brk_bytes(), at.asked()
        program.tell("go")
        if not form.endswith("/bare"):
            at.wait_for(asked + jobs)
        time.sleep(0.5)
        heap = program.ask("heap")["heap_bytes"] + (program.brk_bytes() - native if is_node else 0)
        rss = program.rss_bytes() - before
        time.sleep(0.3)
        since = program.wake_ups()
        time.sleep(2)
        woken = (program.wake_ups() - since) / 2
        connections = program.connections()
        cancel_ms = program.ask("stop")["cancel_all_ms"]
    return {
        "heap_per_job": heap / jobs, "rss_per_job": rss / jobs, "rss_growth_mib": rss / 2**20,
        "wake_ups_per_s": woken, "connections": connections, "cancel_all_ms": cancel_ms,
    }


def busy(form: str, jobs: int, at: Server) -> dict[str, Any]:
    """Every job is asked about every 2 s."""
    with Program(command(form, at.http, jobs, DUE)) as program:
        asked = at.asked()
        program.tell("go")
        at.wait_for(asked + jobs)
        time.sleep(DUE)
        asked, cpu, started = at.asked(), program.cpu_seconds(), time.monotonic()
        time.sleep(BUSY_SECONDS)
        asked, cpu, seconds = at.asked() - asked, program.cpu_seconds() - cpu, time.monotonic() - started
        program.ask("stop")
    return {"cpu_percent": cpu / seconds * 100, "polls_per_s": asked / seconds}


def rows(forms: tuple[str, ...] = FORMS, counts: tuple[int, ...] = COUNTS) -> list[Row]:
    measured = []
    for jobs in counts:
        for form in forms:
            quiet = is_quiet()
            with server() as at:
                found = idle(form, jobs, at)
                if not form.endswith("/bare"):
                    found |= busy(form, jobs, at)
            measured.append(Row(form, jobs, **found, steady=quiet and is_quiet()))
            print(f"  waiting: {measured[-1]}", file=sys.stderr, flush=True)
    return measured


def table(measured: list[Row]) -> list[str]:
    lines = [
        "| waiting | jobs | heap B/job | RSS B/job | RSS growth MiB | sockets | wake-ups/s, nothing due | CPU %, due every 2 s "
        "| polls/s | all cancelled, ms |", "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in measured:
        busy = ("", "") if row.cpu_percent is None or row.polls_per_s is None else (f"{row.cpu_percent:.1f}", f"{row.polls_per_s:,.0f}")
        lines.append(
            f"| {row.form} | {row.jobs:,} | {row.heap_per_job:,.0f} | {row.rss_per_job:,.0f} | {row.rss_growth_mib:.1f} "
            f"| {row.connections} | {row.wake_ups_per_s:.1f} | {busy[0]} | {busy[1]} | {row.cancel_all_ms:.1f} |"
        )
    return [*lines, ""]


def verdicts(measured: list[Row]) -> list[Figure]:
    """What must be reached at the largest count."""
    most = max((row.jobs for row in measured), default=0)
    at = {row.form: row for row in measured if row.jobs == most}
    figures = []
    for form, row in at.items():
        language, name = form.split("/")
        if name == "bare":
            continue
        say = f"{form} at {most:,}"
        if language == "rust":
            figures.append(Figure(f"{say}: heap per job", row.heap_per_job, "B", 400))
            figures.append(Figure(f"{say}: all cancelled", row.cancel_all_ms, "ms", 50, steady=row.steady))
        elif f"{language}/bare" in at:
            above = row.heap_per_job - at[f"{language}/bare"].heap_per_job
            what = "task" if language == "python" else "promise"
            figures.append(Figure(f"{say}: heap per job above a bare {what}", above, "B", 500))
        goal = None if language == "node" else 30
        figures.append(Figure(f"{say}: RSS growth", row.rss_growth_mib, "MiB", goal))
        figures.append(Figure(f"{say}: sockets", row.connections, "", 64))
        figures.append(Figure(f"{say}: wake-ups in a second with nothing due", row.wake_ups_per_s, "", 0, steady=row.steady))
        if row.cpu_percent is not None:
            figures.append(Figure(f"{say}: CPU, due every 2 s", row.cpu_percent, "% of a core", 20, steady=row.steady))
    return figures


def rust_times() -> list[Figure]:
    """How late polls are sent, how late waits end, and how much of a rate limit is used."""
    jobs, waiting = 10_000, str(RELEASE / "bench-waiting")
    quiet = is_quiet()
    with server() as at:
        due = result_of([waiting, "due", at.http, str(jobs), "0"])
        seen = at.asked()
        ends = result_of([waiting, "ends", at.http])
    steady = quiet and is_quiet()
    late_p50, late_p99 = due["late_ms"]
    end_p50, end_p99 = ends["wait_ends_late_ms"]
    stalled_p50, stalled_p99 = ends["stalled_ends_late_ms"]
    say = f"rust, {jobs:,} due every 2 s"
    figures = [
        Figure(f"{say}: polls sent", due["sent_per_s"], "/s", steady=steady),
        Figure(f"{say}: overdue at the end", due["overdue"], "", 0, steady=steady),
        Figure(f"{say}: mean lateness", due["mean_late_ms"], "ms", 5, spread=(late_p50, late_p99), steady=steady),
        Figure(f"{say}: CPU", due["cpu_percent"], "% of a core", 20, steady=steady),
        Figure("rust: a wait ends late, p99 (p50 to p99)", end_p99, "ms", 5, spread=(end_p50, end_p99), steady=steady),
        Figure(
            "rust: a wait ends late where a body stalls, p99 (p50 to p99)", stalled_p99, "ms", 5,
            spread=(stalled_p50, stalled_p99), steady=steady,
        ),
        Figure("rust: a rate limit of 500/s is used", ends["rate_limit_used"] * 100, "%", 98, at_most=False, steady=steady),
    ]
    # The last ones may still be on their way.
    if abs(due["started"] - seen) > 64:
        print(f"  waiting: the clock saw {due['started']} queries start and the server {seen}: lateness is not told", file=sys.stderr)
        figures = [figure for figure in figures if "lateness" not in figure.name]
    return figures


def cancelling() -> list[Figure]:
    """From cancelling one wait to its end being told, p99."""
    programs = {
        "rust": ([str(RELEASE / "bench-waiting"), "cancel"], 1.0),
        "python asyncio": ([PYTHON, str(CLIENTS / "cancel.py")], 5.0),
        "node": (["node", str(CLIENTS / "cancel.mjs")], 5.0),
    }
    figures = []
    for language, (program, goal) in programs.items():
        quiet = is_quiet()
        with server() as at:
            told = result_of([*program, at.http])
        steady = quiet and is_quiet()
        for name, (p50, p99) in told.items():
            figures.append(Figure(f"{language}: cancel a wait {name}, p99 (p50 to p99)", p99, "ms", goal, spread=(p50, p99), steady=steady))
    return figures
