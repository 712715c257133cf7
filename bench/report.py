"""Everything that was measured as Markdown."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import figures
import parts
import queries
import waiting
from figures import Figure


@dataclass
class Measured:
    """What one run found; what it did not look at is empty."""

    machine: str
    python: str
    awake: bool = False
    """Whether the cores were kept from sleeping while queries were measured."""
    shares_a_core: bool = False
    scenarios: dict[str, Any] = field(default_factory=dict)
    startup: list[Figure] = field(default_factory=list)
    waiting: list[waiting.Row] = field(default_factory=list)
    due: list[Figure] = field(default_factory=list)
    cancelling: list[Figure] = field(default_factory=list)
    exits: list[Figure] = field(default_factory=list)
    parts: parts.Told = field(default_factory=dict)
    seconds: float = 0


def markdown(measured: Measured) -> str:
    cores = "kept awake" if measured.awake else "let sleep"
    machine = f"Machine: {measured.machine}, Python {measured.python}; for queries its cores were {cores}."
    lines = [f"{machine} This run took {measured.seconds / 60:.1f} minutes.", ""]
    if measured.shares_a_core:
        lines += ["**Client and server shared the only core: every figure is of both programs.**", ""]
    for scenario, result in measured.scenarios.items():
        lines += queries.table(scenario, result["rounds"])
    ratios = queries.ratios(measured.scenarios)
    if ratios:
        lines += ["### CPU per query: ratios (smallest to largest of the rounds)", "", *figures.table(ratios)]
    if measured.waiting:
        lines += ["### Waiting jobs", "", *waiting.table(measured.waiting), *figures.table(waiting.verdicts(measured.waiting))]
    for title, found in (
        ("Lateness", measured.due), ("Cancelling", measured.cancelling), ("Start-up", measured.startup), ("Exits", measured.exits),
    ):
        if found:
            lines += [f"### {title}", "", *figures.table(found)]
    if measured.parts:
        lines += ["### Parts of a query, nanoseconds, the best of nine rounds", "", *parts.table(measured.parts)]
    others = itertools.chain(measured.due, measured.cancelling, measured.startup, measured.exits)
    verdicts = [figure.verdict().strip("*").split(":")[0] for figure in (*ratios, *waiting.verdicts(measured.waiting), *others)]
    counts = {verdict: verdicts.count(verdict) for verdict in ("reached", "missed", "no verdict")}
    return "\n".join([*lines, ", ".join(f"{count} {verdict}" for verdict, count in counts.items()), ""])
