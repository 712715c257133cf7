"""What the parts of a query cost: signing, verifying, the envelope, a full decode, the schedule."""

from __future__ import annotations

from process import CLIENTS, PYTHON, RELEASE, result_of, server

Told = dict[str, dict[str, float]]


def run() -> Told:
    """Nanoseconds by language and part."""
    with server() as at:
        return {
            "rust": result_of([str(RELEASE / "bench-micro")]),
            "python": result_of([PYTHON, str(CLIENTS / "micro.py"), at.http]),
            "node": result_of(["node", str(CLIENTS / "micro.mjs"), at.http]),
        }


def table(told: Told) -> list[str]:
    lines = ["| part | " + " | ".join(f"{language} ns" for language in told) + " |", "|---|" + "---:|" * len(told)]
    for name in dict.fromkeys(name for parts in told.values() for name in parts):
        cells = [f"{parts[name]:,.0f}" if name in parts else "" for parts in told.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [*lines, ""]
