"""The scenario × language matrix of the lines that the runners wrote (scenarios/README.md).

A cell is green only if exactly one line was written for it, the line is what the case expects, and it agrees with the
other languages.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from cases import LANGUAGES, Case
from matching import comparable, differences, filled, misfits

CLOCK_GRAIN_MS = 1.0
GREEN, RED, MISSING, TWICE, NOT_HERE = ".", "X", "?", "2", " "


@dataclass
class Cell:
    """One case in one language."""

    mark: str = MISSING
    reasons: list[str] = field(default_factory=list)
    line: dict[str, Any] | None = None

    @property
    def red(self) -> bool:
        return self.mark not in (GREEN, NOT_HERE)

    def fail(self, mark: str, reasons: Iterable[str]) -> None:
        self.mark = mark
        self.reasons.extend(reasons)


@dataclass(frozen=True)
class Check:
    """Something besides the cases that counts as a cell of its own, such as a search for canaries."""

    id: str
    passed: bool
    reason: str = ""


@dataclass
class Matrix:
    """All cells, and the lines that belong to none."""

    cases: list[Case]
    languages: Sequence[str]
    cells: dict[tuple[str, str], Cell]
    strays: list[str]
    checks: list[Check]

    @property
    def passed(self) -> int:
        return sum(cell.mark == GREEN for cell in self.cells.values()) + sum(check.passed for check in self.checks)

    @property
    def failed(self) -> int:
        red = sum(cell.red for cell in self.cells.values()) + sum(not check.passed for check in self.checks)
        return red + len(self.strays)


def build(cases: list[Case], text: str, languages: Sequence[str] = LANGUAGES, checks: Sequence[Check] = ()) -> Matrix:
    """Judges every line of a results file and every cell without one."""
    cells = {
        (case.id, language): Cell(MISSING if language in case.languages else NOT_HERE)
        for case in cases
        for language in languages
    }
    by_id = {case.id: case for case in cases}
    strays: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.strip():
            stray = _place(raw, by_id, cells)
            if stray:
                strays.append(f"line {number}: {stray}")
    for case in cases:
        _compare_languages(case, {language: cells[case.id, language] for language in languages})
    return Matrix(cases, languages, cells, strays, list(checks))


def _place(raw: str, cases: dict[str, Case], cells: dict[tuple[str, str], Cell]) -> str | None:
    """Judges one line and marks its cell; says why where there is none."""
    try:
        line = json.loads(raw)
        scenario, language = line["scenario"], line["language"]
        cell = cells.get((scenario, language))
    except (ValueError, KeyError, TypeError):
        return f"not a result: {raw[:100]}"
    if cell is None or cell.mark == NOT_HERE:
        return f"no such cell: {scenario} in {language}"
    if cell.line is not None:
        cell.fail(TWICE, ["a second line was written"])
        return None
    cell.line = line
    reasons = judge(cases[scenario], line)
    cell.fail(RED if reasons else GREEN, reasons)
    return None


def judge(case: Case, line: dict[str, Any]) -> list[str]:
    """What is wrong with one line, looked at alone."""
    missing = {"outcome", "requests", "gaps_ms", "distinct_pairs", "closed"} - set(line)
    if missing:
        return [f"the line lacks {', '.join(sorted(missing))}"]
    reasons = list(misfits(case, line["language"], line["outcome"]))
    reasons += _judge_requests(case.expect, line)
    reasons += _judge_surroundings(case.expect, line)
    if case.expect.get("closed") is not None and line["closed"] != case.expect["closed"]:
        reasons.append(f"closed: expected {case.expect['closed']}, got {line['closed']}")
    return reasons


def _judge_requests(expect: dict[str, Any], line: dict[str, Any]) -> list[str]:
    requests, gaps, pairs = line["requests"], line["gaps_ms"], line["distinct_pairs"]
    wanted = expect["requests"]
    low, high = (wanted["min"], wanted["max"]) if isinstance(wanted, dict) else (wanted, wanted)
    reasons = []
    if not low <= requests <= high:
        reasons.append(f"requests: expected {low if low == high else f'{low} to {high}'}, the sandbox saw {requests}")
    if pairs != requests:
        reasons.append(f"{requests} requests carried {pairs} different signed timestamps")
    if len(gaps) != max(requests - 1, 0):
        reasons.append(f"gaps_ms: {len(gaps)} gaps between {requests} requests")
    for at, (least, gap) in enumerate(zip(expect.get("min_gaps_ms", ()), gaps, strict=False), 1):
        if gap < least - CLOCK_GRAIN_MS:
            reasons.append(f"gap {at}: expected at least {least} ms, the sandbox saw {gap:.1f}")
    for at, (most, gap) in enumerate(zip(expect.get("max_gaps_ms", ()), gaps, strict=False), 1):
        if gap > most:
            reasons.append(f"gap {at}: expected at most {most} ms, the sandbox saw {gap:.1f}")
    return reasons


def _judge_surroundings(expect: dict[str, Any], line: dict[str, Any]) -> list[str]:
    """What was seen besides the outcome and the requests."""
    reasons = []
    took, most_open = line.get("took_ms"), line.get("most_open")
    if "min_took_ms" in expect and not (took and took >= expect["min_took_ms"] - CLOCK_GRAIN_MS):
        reasons.append(f"took_ms: expected at least {expect['min_took_ms']}, got {took}")
    if "max_took_ms" in expect and not (took and took <= expect["max_took_ms"]):
        reasons.append(f"took_ms: expected at most {expect['max_took_ms']}, got {took}")
    if "most_open" in expect and not (most_open and most_open <= expect["most_open"]):
        reasons.append(f"most_open: expected at most {expect['most_open']}, got {most_open}")
    if "order" in expect and line.get("order") != expect["order"]:
        reasons.append(f"order: expected {expect['order']}, got {line.get('order')}")
    error = line["outcome"].get("error") if isinstance(line["outcome"], dict) else None
    message = str(error.get("message")) if isinstance(error, dict) else ""
    reasons += [f"message: lacks {word!r}" for word in expect.get("message_has", ()) if word not in message]
    status = line["outcome"].get("status") if isinstance(line["outcome"], dict) else None
    for name in ("deliveries", "files"):
        if name in expect:
            expected = filled(expect[name], status if isinstance(status, dict) else {})
            # Files are listed whole: one too many is a file left behind.
            reasons += differences(expected, line.get(name), name, part=name == "deliveries")
    return reasons


def _compare_languages(case: Case, cells: dict[str, Cell]) -> None:
    """A language that differs from the first one with a line is red, even if both fit."""
    reference: tuple[str, Any] | None = None
    for language, cell in cells.items():
        if cell.line is None or "outcome" not in cell.line:
            continue
        view = comparable(cell.line["outcome"])
        if reference is None:
            reference = (language, view)
            continue
        unlike = list(differences(reference[1], view))
        if unlike:
            cell.fail(TWICE if cell.mark == TWICE else RED, [f"unlike {reference[0]}: {what}" for what in unlike])


def render(matrix: Matrix, every_row: bool = False) -> str:
    """The matrix as text. A vector file is one row of counts, and a row for each of its cases that is red."""
    width = max((len(case.id) for case in matrix.cases), default=0) + 4
    lines = [" " * width + "  ".join(matrix.languages)]
    for (file, wing), group in groupby(matrix.cases, key=lambda case: (_file(case), case.wing)):
        rows = list(group)
        lines += [wing] if wing else []
        if file and not every_row:
            counts = [sum(matrix.cells[case.id, lang].mark == GREEN for case in rows) for lang in matrix.languages]
            lines.append(_row(f"{file}/*", [str(count) for count in counts], matrix.languages, width))
            rows = [case for case in rows if any(matrix.cells[case.id, lang].red for lang in matrix.languages)]
        for case in rows:
            marks = [matrix.cells[case.id, language].mark for language in matrix.languages]
            lines.append(_row("  " + case.id, marks, matrix.languages, width))
    lines += [f"{check.id:<{width}}{GREEN if check.passed else RED}" for check in matrix.checks]
    lines.append(f"({GREEN} fits   {RED} does not   {MISSING} no line   {TWICE} two lines   blank: no such case there)")
    lines += _explanations(matrix)
    lines.append(f"{matrix.passed} passed, {matrix.failed} failed")
    return "\n".join(lines)


def _file(case: Case) -> str:
    return case.id.partition("/")[0] if "/" in case.id else ""


def _row(name: str, marks: Sequence[str], languages: Sequence[str], width: int) -> str:
    return (
        f"{name:<{width}}" + "  ".join(f"{mark:<{len(lang)}}" for mark, lang in zip(marks, languages, strict=True))
    ).rstrip()


def _explanations(matrix: Matrix) -> list[str]:
    lines = []
    for language in matrix.languages:
        silent = [case.id for case in matrix.cases if matrix.cells[case.id, language].mark == MISSING]
        if silent:
            more = f" and {len(silent) - 20} more" if len(silent) > 20 else ""
            lines.append(f"  {language} wrote no line for {', '.join(silent[:20])}{more}")
    for (scenario, language), cell in matrix.cells.items():
        if cell.red and cell.mark != MISSING:
            lines += [f"  {scenario} · {language}: {reason}" for reason in cell.reasons]
    lines += [f"  {check.id}: {check.reason}" for check in matrix.checks if not check.passed]
    lines += [f"  stray {stray}" for stray in matrix.strays]
    return ["", *lines, ""] if lines else []


def columns(names: str) -> list[str]:
    """The columns that an argument names. A name that is none would be a matrix of nothing, and nothing red."""
    named = names.split(",")
    unknown = sorted(set(named) - set(LANGUAGES))
    if unknown:
        raise argparse.ArgumentTypeError(f"no such column: {', '.join(unknown)}; there are {', '.join(LANGUAGES)}")
    return named
