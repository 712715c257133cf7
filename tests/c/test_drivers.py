"""The drivers of the matrix with AddressSanitizer and UBSan: the same cases must end well, without a leak."""

from collections.abc import Iterator
from pathlib import Path

from case_driver import CaseDriver
from cases import Case, load_cases
from harness import prepare
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
        reasons = []
        played = 0
        log = program.with_suffix(".log")
        with CaseDriver(["sh", "-c", 'exec "$0" 2> "$1"', str(program), str(log)]) as driver:
            for case in some_cases(language):
                play = prepare(case, language, self.sandbox)
                reasons += [f"{case.id}: {reason}" for reason in judge(case, play.line(driver.drive(play)))]
                played += 1
        self.assertEqual(reasons, [])
        self.assertGreater(played, 150)
        # A leak is reported when the program ends; undefined behaviour is a "runtime error".
        self.assertNotRegex(log.read_text(encoding="utf-8"), "Sanitizer|runtime error")

    def test_c(self) -> None:
        self.play("c", build("driver-c-asan", [HERE / "play.c", HERE / "driver.c"], sanitized=True))

    def test_cpp(self) -> None:
        self.play("cpp", build("driver-cpp-asan", [HERE / "play.c", HERE / "driver.cpp"], sanitized=True))
