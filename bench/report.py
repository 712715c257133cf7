"""Results as a Markdown table and as a plot."""

from __future__ import annotations

import statistics
from html import escape
from typing import Any

from scenarios import RATIOS, Ratio

Document = dict[str, Any]


def markdown(document: Document) -> str:
    """Every scenario's figures, then the ratios."""
    lines = [f"Machine: {document['machine']}", ""]
    for scenario, result in document["scenarios"].items():
        lines += [f"### {scenario}", "", "| subject | CPU µs/query | queries/s | peak RSS MiB |", "|---|---:|---:|---:|"]
        for subject in _subjects(result):
            rows = [played[subject] for played in result["rounds"] if subject in played]
            cpu, rate, rss = (_median(rows, key) for key in ("cpu_us_per_query", "queries_per_s", "rss_kib"))
            lines.append(f"| {subject} | {cpu:.1f} | {rate:,.0f} | {rss / 1024:.1f} |")
        lines.append("")
    lines += ["### Ratios of CPU per query: median (smallest to largest), and what they must reach", ""]
    lines += ["| ratio | scenario | median | spread | to reach | |", "|---|---|---:|---|---|---|"]
    for ratio in RATIOS:
        for scenario, result in document["scenarios"].items():
            values = _ratios(ratio, result)
            if values:
                lines.append(_ratio_line(ratio, scenario, values, result["steady"]))
    lines += _waiting(document.get("waiting", []))
    return "\n".join([*lines, ""])


def _waiting(rows: list[dict[str, Any]]) -> list[str]:
    """What waiting jobs cost in Rust, and what that must reach."""
    if not rows:
        return []
    wanted = {
        "heap_bytes_per_job": "≤ 400", "rss_growth_mib": "≤ 30", "sockets": "≤ 64", "cpu_percent": "≤ 20",
        "cancel_all_ms": "≤ 50", "wait_ends_late_ms_p99": "≤ 5", "rate_limit_used": "≥ 0.98",
    }
    head = " | ".join(f"{row['jobs']:,} jobs" for row in rows)
    lines = ["", "### Waiting jobs in Rust", "", f"| | {head} | to reach |", "|---|" + "---:|" * len(rows) + "---|"]
    lines += [f"| {key} | " + " | ".join(str(row[key]) for row in rows) + f" | {goal} |" for key, goal in wanted.items()]
    return lines


def _ratio_line(ratio: Ratio, scenario: str, values: list[float], steady: bool) -> str:
    median, floor = statistics.median(values), ratio.floors.get(scenario)
    wanted, verdict = "", ""
    if floor is not None:
        wanted = f"{'≤' if ratio.at_most else '≥'} {floor}"
        reached = median <= floor if ratio.at_most else median >= floor
        verdict = ("reached" if reached else "**missed**") if steady else "no verdict: not steady"
    return f"| {ratio.name} | {scenario} | {median:.2f} | {min(values):.2f} to {max(values):.2f} | {wanted} | {verdict} |"


def _ratios(ratio: Ratio, result: dict[str, Any]) -> list[float]:
    """The ratio of each round in which both took part."""
    key = "cpu_us_per_query"
    rounds = [played for played in result["rounds"] if ratio.above in played and ratio.below in played]
    return [played[ratio.above][key] / played[ratio.below][key] for played in rounds]


def _median(rows: list[dict[str, Any]], key: str) -> float:
    return statistics.median(row[key] for row in rows)


def _subjects(result: dict[str, Any]) -> list[str]:
    seen = dict.fromkeys(subject for played in result["rounds"] for subject in played)
    return sorted(seen, key=lambda subject: (subject.split("/")[0] != "rust", subject))


def svg(document: Document) -> str:
    """CPU per query by subject, a block of bars per scenario; the axis is logarithmic."""
    import math

    bar, left, width, rows = 16, 220, 560, []
    y = 10
    for scenario, result in document["scenarios"].items():
        rows.append(f'<text x="8" y="{y + 12}" font-weight="bold">{escape(scenario)}</text>')
        y += 22
        for subject in _subjects(result):
            cpu = statistics.median(played[subject]["cpu_us_per_query"] for played in result["rounds"] if subject in played)
            length = max(2.0, width * math.log10(max(cpu, 1.0)) / 4)
            color = "#1f77b4" if "/ours" in subject or "/core" in subject or subject == "c/c" else "#b0b0b0"
            rows.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{escape(subject)}</text>')
            rows.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 3}" fill="{color}"/>')
            rows.append(f'<text x="{left + length + 6:.1f}" y="{y + 12}">{cpu:.1f} µs</text>')
            y += bar
        y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{y}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *rows, "</svg>", ""])
