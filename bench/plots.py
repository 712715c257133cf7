"""The plots: CPU per query, and memory per waiting job."""

from __future__ import annotations

import math
import statistics
from html import escape
from typing import Any

from queries import CPU, subjects_of
from waiting import Row

LEFT, WIDTH, BAR = 220, 560, 16
OURS, THEIRS = "#1f77b4", "#b0b0b0"

Block = tuple[str, list[tuple[str, float, str]]]
"""A title, and the bars under it: name, value, colour."""


def cpu_per_query(scenarios: dict[str, Any]) -> str:
    """A block of bars per scenario. The axis is logarithmic, or ours would be too short to be seen beside the SDKs'."""
    blocks: list[Block] = []
    for scenario, result in scenarios.items():
        bars = []
        for subject in subjects_of(result["rounds"]):
            cpu = statistics.median(played[subject][CPU] for played in result["rounds"] if subject in played)
            is_ours = "/ours" in subject or "/core" in subject or subject == "c/c"
            bars.append((subject, cpu, OURS if is_ours else THEIRS))
        blocks.append((f"{scenario}: CPU per query, logarithmic axis", bars))
    return svg(blocks, "µs", lambda cpu: math.log10(max(cpu, 1.0)) / 4)


def memory_per_job(rows: list[Row]) -> str:
    """A block of bars per count: what a waiting job adds to the heap."""
    most = max((row.heap_per_job for row in rows), default=1.0)
    blocks: list[Block] = []
    for jobs in dict.fromkeys(row.jobs for row in rows):
        bars = [
            (row.form, row.heap_per_job, THEIRS if row.form.endswith("/bare") else OURS) for row in rows if row.jobs == jobs
        ]
        blocks.append((f"{jobs:,} waiting jobs", bars))
    return svg(blocks, "B per job", lambda size: size / most)


def svg(blocks: list[Block], unit: str, share: Any) -> str:
    rows, y = [], 10
    for title, bars in blocks:
        rows.append(f'<text x="8" y="{y + 12}" font-weight="bold">{escape(title)}</text>')
        y += 22
        for name, value, color in bars:
            length = max(2.0, WIDTH * share(value))
            rows.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
            rows.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 3}" fill="{color}"/>')
            rows.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 12}">{value:,.1f} {unit}</text>')
            y += BAR
        y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 130}" height="{y}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *rows, "</svg>", ""])
