"""What must turn a cell red. Run with `python3 -m unittest discover -s tests`."""

from __future__ import annotations

import argparse
import copy
import json
import sys
import unittest
from pathlib import Path
from typing import Any

from cases import LANGUAGES, Case, load_cases
from matching import CODES, differences
from matrix import GREEN, MISSING, NOT_HERE, RED, TWICE, Check, Matrix, build, columns, render

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from test_the_tests import red_columns

COMPLETE = Case(
    "complete",
    "story",
    {"outcome": {"status": {"job_complete": True, "echo": "<user_id>/<job_id>"}}, "requests": 1},
    answers=[{"complete": "approved"}],
)
PENDING = Case(
    "pending",
    "story",
    {
        "outcome": {"error": {"code": "timeout", "last_status": {"job_complete": False}}},
        "requests": {"min": 2, "max": 3},
        "min_gaps_ms": [20],
        "max_gaps_ms": [500],
        "closed": True,
    },
    answers=[{"pending": True}],
)


def status(case: Case, language: str, **members: Any) -> dict[str, Any]:
    user_id = f"user-CANARY-{language}-{case.slug}-0a1b2c3d"
    pair = {"timestamp": f"time in {language}", "signature": f"signature in {language}"}
    return {
        "job_complete": True,
        "user_id": user_id,
        "job_id": case.job_id,
        "echo": f"{user_id}/{case.job_id}",
        **pair,
        **members,
    }


def complete_line(language: str, **members: Any) -> dict[str, Any]:
    return {
        "language": language,
        "scenario": COMPLETE.id,
        "outcome": {"status": status(COMPLETE, language, **members)},
        "requests": 1,
        "gaps_ms": [],
        "distinct_pairs": 1,
        "closed": None,
    }


def pending_line(language: str) -> dict[str, Any]:
    error = {
        "code": "timeout",
        "number": 2003,
        "class": None if language in ("rust", "c") else "RequestTimeoutError",
        "message": "the call's timeout ended",
        "argument": None,
        "phase": "overall",
        "reason": None,
        "is_transient": True,
        "http_status": None,
        "api_code": None,
        "retry_after_ms": None,
        "attempts": 2,
        "last_status": status(PENDING, language, job_complete=False),
        "last_error": None,
    }
    line = {"language": language, "scenario": PENDING.id, "outcome": {"error": error}}
    return {**line, "requests": 2, "gaps_ms": [20.5], "distinct_pairs": 2, "closed": True}


def all_lines() -> list[dict[str, Any]]:
    return [line(language) for language in LANGUAGES for line in (complete_line, pending_line)]


def judge(lines: list[dict[str, Any]], cases: list[Case] | None = None, **options: Any) -> Matrix:
    return build(cases or [COMPLETE, PENDING], "\n".join(map(json.dumps, lines)), **options)


class Cells(unittest.TestCase):
    def edited(self, scenario: str, language: str, **members: Any) -> Matrix:
        lines = all_lines()
        for line in lines:
            if (line["scenario"], line["language"]) == (scenario, language):
                line.update(copy.deepcopy(members))
        return judge(lines)

    def assert_red(self, matrix: Matrix, scenario: str, language: str, reason: str, mark: str = RED) -> None:
        cell = matrix.cells[scenario, language]
        self.assertEqual(cell.mark, mark)
        self.assertTrue(any(reason in said for said in cell.reasons), cell.reasons)
        self.assertEqual(matrix.failed, 1)
        self.assertIn(f"{scenario} · {language}: ", render(matrix))

    def test_all_green(self) -> None:
        matrix = judge(all_lines())
        self.assertEqual((matrix.passed, matrix.failed), (12, 0), render(matrix))
        self.assertEqual(render(matrix).splitlines()[-1], "12 passed, 0 failed")

    def test_missing_cell(self) -> None:
        lines = [line for line in all_lines() if (line["scenario"], line["language"]) != ("pending", "node")]
        matrix = judge(lines)
        self.assertEqual(matrix.cells["pending", "node"].mark, MISSING)
        self.assertEqual((matrix.passed, matrix.failed), (11, 1))
        self.assertIn("node wrote no line for pending", render(matrix))

    def test_no_results_at_all(self) -> None:
        matrix = judge([])
        self.assertEqual((matrix.passed, matrix.failed), (0, 12))

    def test_second_line(self) -> None:
        matrix = judge([*all_lines(), complete_line("c")])
        self.assert_red(matrix, "complete", "c", "a second line", TWICE)

    def test_stray_lines(self) -> None:
        strays = [
            {**complete_line("rust"), "scenario": "complet"},
            {**complete_line("rust"), "language": "perl"},
            {"x": 1},
        ]
        matrix = judge([*all_lines(), *strays])
        self.assertEqual((matrix.failed, len(matrix.strays)), (3, 3))
        text = "\n".join(map(json.dumps, all_lines())) + '\n{"language": "ru\n[]\n5\n'
        self.assertEqual(build([COMPLETE, PENDING], text).failed, 3)

    def test_line_for_a_case_that_the_language_does_not_have(self) -> None:
        only_python = Case("complete", "story", COMPLETE.expect, languages=("python",), answers=COMPLETE.answers)
        matrix = judge([complete_line("python"), complete_line("rust")], [only_python])
        self.assertEqual(matrix.cells["complete", "node"].mark, NOT_HERE)
        self.assertEqual((matrix.passed, matrix.failed), (1, 1))

    def test_wrong_value(self) -> None:
        outcome = {"status": status(COMPLETE, "rust", job_complete=False)}
        lines = [line for line in all_lines() if line["scenario"] != "complete"]
        lines += [{**complete_line("rust"), "outcome": outcome}]
        matrix = judge(lines, languages=["rust"])
        self.assertEqual(matrix.cells["complete", "rust"].mark, RED)

    def test_number_for_a_flag(self) -> None:
        outcome = {"status": status(COMPLETE, "node", job_complete=1)}
        self.assert_red(
            self.edited("complete", "node", outcome=outcome), "complete", "node", "job_complete: expected True, got 1"
        )

    def test_value_that_only_one_language_has(self) -> None:
        outcome = {"status": status(COMPLETE, "cpp", code="2302")}
        self.assert_red(self.edited("complete", "cpp", outcome=outcome), "complete", "cpp", "unlike rust: status.code")

    def test_languages_that_are_right_beside_a_wrong_one(self) -> None:
        wrong = {"status": status(COMPLETE, "rust", job_complete=False)}
        printed = render(self.edited("complete", "rust", outcome=wrong))
        self.assertEqual(printed.count("unlike rust: "), 5)
        # Whoever breaks a rule on purpose wants to know who sees it without the others.
        self.assertEqual(red_columns(printed, "complete"), {"rust"})

    def test_columns_that_are_none(self) -> None:
        self.assertEqual(columns("c,rust"), ["c", "rust"])
        for names in ("", "typo", "rust,typo"):
            self.assertRaises(argparse.ArgumentTypeError, columns, names)

    def test_wrong_count(self) -> None:
        self.assert_red(
            self.edited("complete", "python", requests=2, gaps_ms=[1], distinct_pairs=2),
            "complete",
            "python",
            "requests",
        )
        self.assert_red(
            self.edited("pending", "python", requests=4, gaps_ms=[20, 1, 1], distinct_pairs=4),
            "pending",
            "python",
            "expected 2 to 3",
        )

    def test_pair_sent_twice(self) -> None:
        self.assert_red(
            self.edited("pending", "asyncio", distinct_pairs=1), "pending", "asyncio", "2 requests carried 1"
        )

    def test_gap_too_short(self) -> None:
        self.assert_red(self.edited("pending", "node", gaps_ms=[18.9]), "pending", "node", "gap 1")

    def test_gap_too_long(self) -> None:
        self.assert_red(self.edited("pending", "node", gaps_ms=[501]), "pending", "node", "gap 1: expected at most")

    def test_gaps_of_other_requests(self) -> None:
        self.assert_red(self.edited("pending", "node", gaps_ms=[]), "pending", "node", "0 gaps")

    def test_connection_not_closed(self) -> None:
        self.assert_red(self.edited("pending", "c", closed=False), "pending", "c", "closed")
        self.assert_red(self.edited("pending", "c", closed=None), "pending", "c", "closed")

    def test_incomplete_line(self) -> None:
        lines = all_lines()
        del lines[0]["distinct_pairs"]
        self.assert_red(judge(lines), "complete", "rust", "lacks distinct_pairs")

    def test_ids_of_another_call(self) -> None:
        lines = all_lines()
        lines[0]["outcome"]["status"]["user_id"] = "user-CANARY-rust-another-0a1b2c3d"
        self.assertIn("user_id", judge(lines).cells["complete", "rust"].reasons[0])
        lines = all_lines()
        last_status = lines[1]["outcome"]["error"]["last_status"]
        last_status["job_id"] = last_status["user_id"]
        self.assertEqual(judge(lines).cells["pending", "rust"].mark, RED)

    def test_stand_in_is_not_satisfied_by_nothing(self) -> None:
        lines = all_lines()
        for line in lines:
            if line["scenario"] == "complete":
                line["outcome"]["status"].update(user_id="", echo=f"/{COMPLETE.job_id}")
        self.assertEqual(judge(lines).failed, len(LANGUAGES))

    def test_error_that_contradicts_itself(self) -> None:
        for name, value in (
            ("number", 2004),
            ("class", "SmileIDError"),
            ("phase", None),
            ("argument", "timeout"),
            ("code", "time_out"),
            ("reason", "deadline"),
            ("message", ""),
            ("message", None),
            ("message", "two\nlines"),
            ("message", "about job-CANARY-1"),
        ):
            with self.subTest(name):
                outcome = pending_line("python")["outcome"]
                outcome["error"][name] = value
                self.assertEqual(self.edited("pending", "python", outcome=outcome).cells["pending", "python"].mark, RED)

    def test_what_is_seen_besides(self) -> None:
        expect: dict[str, Any] = {"outcome": {}, "requests": 1}
        image = {"bytes": 1, "type": "jpeg", "mode": "600"}
        seen: tuple[tuple[str, Any, Any], ...] = (
            ("min_took_ms", 20, 50),
            ("max_took_ms", 50, 5),
            ("most_open", 1, 0),
            ("order", ["a", "b"], ["b", "a"]),
            ("message_has", ["clock"], ["watch"]),
            ("deliveries", [{"code": "<timestamp>"}], [{"code": "0811"}]),
            ("deliveries", [{}], []),
            ("files", {"a.jpg": image}, {"a.jpg": image, "b.jpg": image}),
            ("files", {"a.jpg": image}, {}),
        )
        for name, fits, fails in seen:
            for value, red in ((fits, 0), (fails, 1)):
                with self.subTest((name, value)):
                    case = Case("complete", "story", {**expect, name: value})
                    line = complete_line("rust")
                    line |= {"took_ms": 20.5, "most_open": 1, "order": ["a", "b"], "files": {"a.jpg": image}}
                    line["deliveries"] = [{"code": "time in rust", "more": 1}]
                    line["outcome"]["error"] = {
                        **pending_line("rust")["outcome"]["error"],
                        "message": "the clock is off",
                    }
                    self.assertEqual(judge([line], [case], languages=["rust"]).failed, red)

    def test_nothing_seen_besides_is_red(self) -> None:
        nothing: dict[str, Any] = {"min_took_ms": 0, "max_took_ms": 50, "most_open": 1, "order": [], "deliveries": [], "files": {}}
        for name, value in nothing.items():
            case = Case("complete", "story", {"outcome": {}, "requests": 1, name: value})
            self.assertEqual(judge([complete_line("rust")], [case], languages=["rust"]).failed, 1, name)

    def test_callbacks_are_compared_without_what_is_new_in_each(self) -> None:
        case = Case("complete", "story", {"outcome": {"callback": {"echo": "<user_id>/<job_id>"}}, "requests": 1})
        lines = [complete_line(language) for language in ("rust", "c")]
        for line in lines:
            line["outcome"] = {"callback": line["outcome"]["status"]}
        self.assertEqual(judge(lines, [case], languages=["rust", "c"]).failed, 0)
        lines[1]["outcome"]["callback"]["job_complete"] = False
        self.assertEqual(judge(lines, [case], languages=["rust", "c"]).failed, 1)

    def test_outcome_of_another_kind(self) -> None:
        others: tuple[Any, ...] = ({"cancelled": True}, {}, None, [], {"status": None})
        for outcome in others:
            with self.subTest(outcome):
                self.assertEqual(self.edited("complete", "rust", outcome=outcome).cells["complete", "rust"].mark, RED)

    def test_checks_count(self) -> None:
        matrix = judge(all_lines(), checks=[Check("canary/rust", True), Check("exit/rust", False, "exit status 1")])
        self.assertEqual((matrix.passed, matrix.failed), (13, 1))
        self.assertIn("exit/rust: exit status 1", render(matrix))

    def test_green_vectors_are_folded(self) -> None:
        case = Case("decode/complete", "story", {"outcome": {"status": {}}, "requests": 1}, answers=[{}])
        line = {**complete_line("rust"), "scenario": case.id, "outcome": {"status": status(case, "rust")}}
        green, red = (render(judge(lines, [case], languages=["rust"])) for lines in ([line], []))
        self.assertRegex(green, r"decode/\* +1")
        self.assertNotIn(case.id, green)
        self.assertRegex(red, r"decode/\* +0\n  decode/complete +\?")
        self.assertEqual(judge([line], [case], languages=["rust"]).cells[case.id, "rust"].mark, GREEN)


class Matching(unittest.TestCase):
    def reasons(self, expected: Any, actual: Any, part: bool = True) -> list[str]:
        return list(differences(expected, actual, part=part))

    def test_part(self) -> None:
        self.assertEqual(self.reasons({"a": {"b": 1}}, {"a": {"b": 1.0, "c": 2}, "d": 3}), [])
        self.assertEqual(self.reasons({"a": None}, {}), ["a: missing"])
        self.assertEqual(len(self.reasons([{"a": 1}], [{"a": 1}, {"a": 1}])), 1)
        self.assertEqual(self.reasons([{"a": 1}], [{"a": 1, "b": 2}]), [])

    def test_whole(self) -> None:
        self.assertEqual(len(self.reasons({"a": 1}, {"a": 1, "b": None}, part=False)), 1)

    def test_types_are_not_mixed(self) -> None:
        for expected, actual in (
            (0, False),
            (1, True),
            ("1", 1),
            (None, False),
            (None, 0),
            ([], {}),
            ({}, None),
            ("", None),
        ):
            with self.subTest((expected, actual)):
                self.assertTrue(self.reasons(expected, actual, part=False))
                self.assertTrue(self.reasons(actual, expected, part=False))

    def test_every_code_has_a_case_that_pins_its_number(self) -> None:
        expected = [case.expect["outcome"].get("error") or {} for case in load_cases()]
        pinned = {(error["code"], error["number"]) for error in expected if "number" in error}
        self.assertEqual(pinned, {(code, number) for code, (number, _) in CODES.items()})


if __name__ == "__main__":
    unittest.main()
