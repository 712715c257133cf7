"""What a scenario's file may hold. Run with `python3 -m unittest discover -s tests`."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from cases import VERBS, Case, load_cases

GOOD: dict[str, Any] = {
    "id": "x",
    "about": "an example",
    "answers": [{"pending": True}],
    "call": {"verb": "get_job_status"},
    "expect": {"outcome": {}, "requests": 1},
}


def load(**members: Any) -> Case:
    """The one case of a folder; a member that is None is left out."""
    scenario = {name: value for name, value in {**GOOD, **members}.items() if value is not None}
    with tempfile.TemporaryDirectory() as folder:
        files = {"signing": {"signing": [], "confirm": []}, "schedule": [], "decode": [], "arguments": []}
        for name in ("vectors", "scenarios/subject"):
            (Path(folder) / name).mkdir(parents=True)
        for name, content in files.items():
            (Path(folder) / "vectors" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        (Path(folder) / "scenarios" / "subject" / "x.json").write_text(json.dumps(scenario), encoding="utf-8")
        (case,) = load_cases(Path(folder))
    return case


class Scenarios(unittest.TestCase):
    def test_good_one(self) -> None:
        case = load()
        self.assertEqual((case.id, case.wing, case.job_id), ("x", "subject", "job-CANARY-x"))

    def test_typos_are_loud(self) -> None:
        typos: tuple[dict[str, Any], ...] = (
            {"id": "y"},
            {"colour": 1},
            {"call": {"verb": "get_job_status", "retry_count": 1}},
            {"call": {"verb": "verify_callback", "timeout_ms": 1}},
            {"client": {"retries": 1}},
            {"interrupt": {"by": "close", "then": 1}},
            {"expect": {"outcome": {}, "requests": 1, "gaps": []}},
            {"expect": {"outcome": {}}},
            {"answers": None},
            {"magic": "complete"},
            {"jobs": [{"job_id": "a"}]},
            {"answers": None, "jobs": [{"job": "a"}]},
            {"answers": None, "callback": {"text": ""}},
            {"folder": {"files": []}},
        )
        for members in typos:
            with self.subTest(members), self.assertRaises(ValueError):
                load(**members)

    def test_unknown_verb(self) -> None:
        with self.assertRaises(KeyError):
            load(call={"verb": "get_job"})

    def test_names_of_jobs_are_written_out(self) -> None:
        jobs = [{"job_id": "b", "answers": [{}]}, {"job_id": ""}, {"magic": "never"}, {"job_id": "a", "answers": [{}]}]
        outcomes = [{"job_id": name, "status_complete": None, "error": "connect"} for name in ("b", "", "never", "a")]
        expect = {"outcome": {"outcomes": outcomes}, "requests": 3, "order": ["b", "never"]}
        case = load(answers=None, jobs=jobs, call={"verb": "poll_many"}, expect=expect)
        names = ["", "job-CANARY-x-a", "job-CANARY-x-b", "never"]
        self.assertEqual([one["job_id"] for one in case.expect["outcome"]["outcomes"]], names)
        self.assertEqual(case.expect["order"], ["job-CANARY-x-b", "never"])

    def test_every_verb_has_a_scenario(self) -> None:
        self.assertEqual({case.call["verb"] for case in load_cases() if case.wing}, set(VERBS))


if __name__ == "__main__":
    unittest.main()
