"""One figure, what it must reach, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A value; `steady` is false where others used the machine meanwhile."""

    name: str
    value: float
    unit: str = ""
    goal: float | None = None
    at_most: bool = True
    spread: tuple[float, float] | None = None
    steady: bool = True
    only_grows: bool = True
    """Others can only make it worse: what it reaches, it reaches on any machine. Not so with ratios."""

    def verdict(self) -> str:
        if self.goal is None:
            return ""
        reached = self.value <= self.goal if self.at_most else self.value >= self.goal
        if not self.steady and not (reached and self.only_grows):
            return "no verdict: not steady"
        return "reached" if reached else "**missed**"

    def line(self) -> str:
        spread = "" if self.spread is None else f"{number(self.spread[0])} to {number(self.spread[1])}"
        goal = "" if self.goal is None else f"{'≤' if self.at_most else '≥'} {number(self.goal)}"
        value = f"{number(self.value)} {self.unit}".rstrip()
        return f"| {self.name} | {value} | {spread} | {goal} | {self.verdict()} |"


def number(value: float) -> str:
    """Three digits that count, and no more behind the point than two."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def table(figures: list[Figure]) -> list[str]:
    return ["| figure | value | spread | to reach | |", "|---|---:|---|---|---|", *(figure.line() for figure in figures), ""]
