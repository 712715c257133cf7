"""Start-up: what importing costs beside the bare interpreter, and the time from nothing to a first answer."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass

from figures import Figure
from process import BENCH, CLIENT_CORE, OUT, PYTHON, Failed, environment, is_quiet, result_of, server

NODE_OURS = f"require({str(BENCH.parent / 'bindings-node')!r})"
NODE_PEER = f"require('node:module').createRequire({str(OUT / 'package.json')!r})"
SDK_QUERY = (
    "smile_id_core.Utilities('001', 'bench-key', URL + '/v1').get_job_status("
    "{'user_id': 'user-1', 'job_id': 'job-1', 'job_type': 1},"
    " {'return_job_status': True, 'return_history': False, 'return_images': False})"
)
PYTHON_PROGRAMS = {
    "bare": "pass",
    # The client itself: the package loads what is used when it is first used.
    "ours": "from smileid_jobs import Client",
    "sdk": "import smile_id_core",
    "ours, first answer": (
        "import smileid_jobs; smileid_jobs.Client('001', 'bench-key', base_url=URL).get_job_status('user-1', 'job-1')"
    ),
    "sdk, first answer": f"import smile_id_core; {SDK_QUERY}",
}
NODE_PROGRAMS = {
    "bare": "0",
    "ours": NODE_OURS,
    "sdk": f"{NODE_PEER}('smile-identity-core')",
    "undici": f"{NODE_PEER}('undici')",
    "ours, first answer": (
        f"new ({NODE_OURS}.Client)({{ partnerId: '001', apiKey: 'bench-key', baseUrl: URL }}).getJobStatus('user-1', 'job-1')"
    ),
    "sdk, first answer": (
        f"const u = new ({NODE_PEER}('smile-identity-core').Utilities)('001', 'bench-key', 0); u.url = URL + '/v1';"
        " u.get_job_status('user-1', 'job-1').then(() => process.exit(0))"
    ),
}


@dataclass(frozen=True)
class Cost:
    """Of one process, from before its start to after its end, in ms."""

    wall: float
    cpu: float


def measure(language: str, program: str, url: str) -> Cost:
    if language == "python":
        command = [PYTHON, "-c", program.replace("URL", repr(url))]
    else:
        command = ["node", "-e", program.replace("URL", repr(url))]
    started = time.perf_counter()
    # Not subprocess, whose own work would be half of what is measured.
    child = os.posix_spawnp(command[0], command, environment())
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - started
    if status:
        raise Failed(f"{program} ended with {status}")
    return Cost(wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000)


def rounds(language: str, programs: dict[str, str], url: str, seconds: float) -> list[dict[str, Cost]]:
    """All programs once per round, in reverse order every second one, for so long."""
    for program in programs.values():
        measure(language, program, url)
    played: list[dict[str, Cost]] = []
    ends_at = time.monotonic() + seconds
    while len(played) < 4 or time.monotonic() < ends_at:
        names = list(programs) if len(played) % 2 == 0 else list(programs)[::-1]
        played.append({name: measure(language, programs[name], url) for name in names})
    return played


def pairs(language: str, programs: dict[str, str], url: str, seconds: float) -> list[dict[str, Cost]]:
    """Only the two that may differ by a millisecond, and so more of them."""
    return rounds(language, {name: programs[name] for name in ("bare", "ours")}, url, seconds)


def above_bare(played: list[dict[str, Cost]], name: str, key: str) -> tuple[float, tuple[float, float]]:
    """The median difference to the bare interpreter of the same round, and the middle half."""
    low, median, high = statistics.quantiles([getattr(taken[name], key) - getattr(taken["bare"], key) for taken in played], n=4)
    return median, (low, high)


def run(full: bool) -> list[Figure]:
    """The figures of both languages."""
    own = os.sched_getaffinity(0)
    figures = []
    with server() as at:
        os.sched_setaffinity(0, {int(CLIENT_CORE)})
        try:
            for language, programs in (("python", PYTHON_PROGRAMS), ("node", NODE_PROGRAMS)):
                quiet = is_quiet()
                played = rounds(language, programs, f"{at.http}/complete", 40 if full else 10)
                close = pairs(language, programs, f"{at.http}/complete", 30 if full else 8)
                figures += told(language, played, close, quiet and is_quiet())
        finally:
            os.sched_setaffinity(0, own)
    return figures + memory()


def told(language: str, played: list[dict[str, Cost]], close: list[dict[str, Cost]], steady: bool) -> list[Figure]:
    verb = "import" if language == "python" else "require"
    figures = []
    for name in played[0]:
        rows = [taken[name] for taken in (close if name in ("bare", "ours") else played)]
        wall, cpu = statistics.median(row.wall for row in rows), statistics.median(row.cpu for row in rows)
        what = name if name == "bare" or "," in name else f"{verb} {name}"
        figures.append(Figure(f"{language} {what}: wall", wall, "ms", steady=steady))
        figures.append(Figure(f"{language} {what}: CPU", cpu, "ms", steady=steady))
    ours = {key: above_bare(close, "ours", key) for key in ("wall", "cpu")}
    for key, (value, spread) in ours.items():
        figures.append(Figure(f"{language} {verb} ours − bare: {key}", value, "ms", spread=spread, steady=steady))
    for peer in ("sdk", "undici"):
        for key in ("wall", "cpu"):
            if peer in played[0]:
                figures.append(ratio(language, verb, peer, key, above_bare(played, peer, key), ours[key], steady))
    first = [taken["sdk, first answer"].wall / taken["ours, first answer"].wall for taken in played]
    figures.append(Figure(
        f"{language} first answer, SDK ÷ ours: wall", statistics.median(first), spread=(min(first), max(first)), steady=steady,
    ))
    return figures


def ratio(
    language: str, verb: str, peer: str, key: str,
    above: tuple[float, tuple[float, float]], below: tuple[float, tuple[float, float]], steady: bool,
) -> Figure:
    """(Peer − bare) ÷ (ours − bare), which noise can make anything: below a tenth of a millisecond counts as that."""
    floor = 0.1
    value = above[0] / max(below[0], floor)
    spread = (above[1][0] / max(below[1][1], floor), above[1][1] / max(below[1][0], floor))
    goal = 40.0 if (language, peer, key) == ("python", "sdk", "wall") else None
    name = f"{language} {verb}, ({peer} − bare) ÷ (ours − bare): {key}"
    return Figure(name, value, goal=goal, at_most=False, spread=spread, steady=steady, only_grows=False)


def memory() -> list[Figure]:
    """What is resident after an import, as the process itself sees it."""
    figures = []
    for name in ("bare", "ours", "sdk"):
        resident = f"{PYTHON_PROGRAMS[name]}; print(int(open('/proc/self/statm').read().split()[1]) * 4096)"
        figures.append(Figure(f"python {name}: RSS", result_of([PYTHON, "-c", resident]) / 2**20, "MiB"))
    for name in ("bare", "ours", "sdk", "undici"):
        resident = f"{NODE_PROGRAMS[name]}; console.log(process.memoryUsage().rss)"
        figures.append(Figure(f"node {name}: RSS", result_of(["node", "-e", resident]) / 2**20, "MiB"))
    return figures
