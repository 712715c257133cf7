"""The drivers of the matrix with AddressSanitizer and UBSan: the same cases must end well, without a leak."""

import json
from collections.abc import Iterator
from pathlib import Path

from case_driver import CaseDriver
from cases import Case, load_cases
from harness import Results, play_all
from matrix import judge
from support import HERE, SandboxTest, build

KEPT = ("decode/", "signing/", "arguments/")


def some_cases(language: str) -> Iterator[Case]:
    """Every story that is over soon, and each seventh of the vectors: sanitizers are slow."""
    for number, case in enumerate(load_cases()):
        quick = case.settle_ms == 0 and not case.expect.get("min_gaps_ms") and "size" not in str(case.answers)
        wanted = number % 7 == 0 if case.id.startswith(KEPT) else quick and case.kind == "story"
        if language in case.languages and wanted:
            yield case


class SanitizedDrivers(SandboxTest):
    def play(self, language: str, program: Path) -> None:
        lines = program.with_suffix(".jsonl")
        lines.unlink(missing_ok=True)
        cases = {case.id: case for case in some_cases(language)}
        log = program.with_suffix(".log")
        with CaseDriver(["sh", "-c", 'exec "$0" 2> "$1"', str(program), str(log)]) as driver:
            play_all(language, driver.drive, self.sandbox, Results(lines), cases.values())
        played = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([line["scenario"] for line in played], list(cases))
        reasons = [f"{line['scenario']}: {why}" for line in played for why in judge(cases[line["scenario"]], line)]
        self.assertEqual(reasons, [])
        self.assertGreater(len(played), 150)
        # A leak is reported when the program ends; undefined behaviour is a "runtime error".
        self.assertNotRegex(log.read_text(encoding="utf-8"), "Sanitizer|runtime error")

    def test_c(self) -> None:
        self.play("c", build("driver-c-asan", [HERE / "play.c", HERE / "driver.c"], sanitized=True))

    def test_cpp(self) -> None:
        self.play("cpp", build("driver-cpp-asan", [HERE / "play.c", HERE / "driver.cpp"], sanitized=True))
