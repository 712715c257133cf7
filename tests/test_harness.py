"""The runner's side, tried without a sandbox. Run with `python3 -m unittest discover -s tests`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

import line_driver
import run as runs
from cases import Case
from harness import Log, Play, Results, Sandbox, closed_port, play_all, prepare, text


def entry(
    at_ms: float, answered_ms: float | None = None, closed_ms: float | None = None, signature: str = "s"
) -> dict[str, Any]:
    body = {"timestamp": "t", "signature": signature}
    return {"at_ms": at_ms, "answered_ms": answered_ms, "closed_ms": closed_ms, "body": body}


class FakeSandbox(Sandbox):
    """Remembers stories; its log is what a test puts there."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1/", "001", "key")
        self.stories: list[tuple[str, str, list[dict[str, Any]]]] = []
        self.entries: list[dict[str, Any]] = []
        self.asked: list[tuple[str | None, str | None]] = []

    def post_story(self, user_id: str, job_id: str, answers: list[dict[str, Any]]) -> None:
        self.stories.append((user_id, job_id, answers))

    def log(self, user_id: str | None = None, job_id: str | None = None) -> Log:
        self.asked.append((user_id, job_id))
        return Log(list(self.entries))


def story(**members: Any) -> Case:
    return Case("a/story", "story", {"outcome": {}, "requests": 1}, answers=[{"pending": True}], **members)


def arguments(where: str, accepted: bool, **args: Any) -> Case:
    expect = {"outcome": {"accepted": True}, "requests": int(accepted)}
    return Case("arguments/x", "arguments", expect, answers=[{}], vector={"where": where, "args": args})


class Logs(unittest.TestCase):
    def test_counts(self) -> None:
        log = Log([entry(50, 60, signature="b"), entry(10, 20), entry(80, 90)])
        self.assertEqual((log.requests, log.gaps_ms, log.distinct_pairs), (3, [40, 30], 2))
        self.assertTrue(log.all_answered and not log.last_is_open)

    def test_bodies_that_are_no_json(self) -> None:
        self.assertEqual(Log([{**entry(1), "body": "text"}]).distinct_pairs, 1)

    def test_open_and_closed(self) -> None:
        self.assertTrue(Log([entry(1, 2), entry(3)]).last_is_open)
        self.assertFalse(Log([entry(1, None, 2)]).last_is_open)
        self.assertFalse(Log([]).last_is_open)


class Plays(unittest.TestCase):
    def test_story(self) -> None:
        sandbox = FakeSandbox()
        play = prepare(story(client={"max_retries": 0}), "node", sandbox)
        self.assertRegex(play.user_id, r"^user-CANARY-node-a-story-[0-9a-f]{8,}$")
        self.assertEqual(play.job_id, "job-CANARY-a-story")
        self.assertEqual(sandbox.stories, [(play.user_id, play.job_id, [{"pending": True}])])
        self.assertEqual(
            play.client, {"partner_id": "001", "api_key": "key", "base_url": "http://127.0.0.1:1", "max_retries": 0}
        )
        self.assertNotEqual(prepare(story(), "node", sandbox).user_id, play.user_id)

    def test_own_job_and_path(self) -> None:
        play = prepare(story(own_job_id="4711", path="/v1"), "c", FakeSandbox())
        self.assertEqual((play.job_id, play.base_url), ("4711", "http://127.0.0.1:1/v1"))

    def test_servers_that_are_not_the_sandbox(self) -> None:
        sandbox = FakeSandbox()
        url = prepare(story(server="refused"), "c", sandbox).base_url
        with (
            self.assertRaises(ConnectionRefusedError),
            socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))),
        ):
            pass
        self.assertEqual(prepare(story(server="https"), "c", sandbox).base_url, "https://127.0.0.1:1")
        self.assertEqual(sandbox.stories, [])

    def test_arguments(self) -> None:
        sandbox = FakeSandbox()
        play = prepare(arguments("get_job_status", True, user_id={"$": "repeat:é:3"}), "c", sandbox)
        self.assertEqual(sandbox.stories[0][:2], ("ééé", play.job_id))
        self.assertEqual(play.arguments["user_id"], {"$": "repeat:é:3"})
        play.log()
        self.assertEqual(sandbox.asked, [(None, play.job_id)])

    def test_arguments_that_are_absent_or_elsewhere(self) -> None:
        play = prepare(arguments("client", False, base_url={"$": "absent"}, environment="sandbox"), "c", FakeSandbox())
        self.assertEqual(play.arguments, {"partner_id": "001", "api_key": "key", "environment": "sandbox"})
        play = prepare(arguments("signature", False), "c", FakeSandbox())
        self.assertEqual(play.arguments, {"partner_id": "001", "api_key": "key"})

    def test_refused_arguments_need_no_story(self) -> None:
        sandbox = FakeSandbox()
        prepare(arguments("get_job_status", False, user_id={"$": "nul_byte"}), "c", sandbox)
        self.assertEqual(sandbox.stories, [])

    def test_tokens_that_are_text(self) -> None:
        self.assertEqual((text({"$": "repeat:é:2"}), text("x"), text({"$": "null"})), ("éé", "x", ""))


class Interrupts(unittest.TestCase):
    def test_in_flight(self) -> None:
        sandbox = FakeSandbox()
        play = prepare(story(interrupt={"by": "cancel", "after_requests": 1, "when": "in_flight"}), "c", sandbox)
        called = threading.Event()

        def interrupt() -> None:
            sandbox.entries = [entry(1, None, 2)]
            called.set()

        with play.interrupting(interrupt):
            self.assertFalse(called.wait(0.1))
            sandbox.entries = [entry(1)]
            self.assertTrue(called.wait(2))
        self.assertIs(play.closed, True)

    def test_connection_that_stays_open_too_long(self) -> None:
        sandbox = FakeSandbox()
        sandbox.entries = [entry(1)]
        play = prepare(story(interrupt={"by": "cancel", "after_requests": 1, "when": "in_flight"}), "c", sandbox)
        with play.interrupting(lambda: None):
            time.sleep(0.35)
            sandbox.entries = [entry(1, None, 300)]
        self.assertIs(play.closed, False)

    def test_answered_after_all(self) -> None:
        sandbox = FakeSandbox()
        sandbox.entries = [entry(1)]
        play = prepare(story(interrupt={"by": "cancel", "after_requests": 1, "when": "in_flight"}), "c", sandbox)
        with play.interrupting(lambda: sandbox.entries.__setitem__(0, entry(1, 2))):
            pass
        self.assertIs(play.closed, False)

    def test_sleeping(self) -> None:
        sandbox = FakeSandbox()
        sandbox.entries = [entry(1)]
        play = prepare(story(interrupt={"by": "close", "after_requests": 1, "when": "sleeping"}), "c", sandbox)
        called = threading.Event()
        with play.interrupting(called.set):
            self.assertFalse(called.wait(0.1))
            sandbox.entries = [entry(1, 2)]
            self.assertTrue(called.wait(2))
        self.assertIsNone(play.closed)


class Lines(unittest.TestCase):
    def test_play_all_writes_what_was_seen(self) -> None:
        sandbox = FakeSandbox()
        sandbox.entries = [entry(1, 2)]
        cases = [story(), story(languages=("rust",)), Case("signing/x", "signing", {"outcome": {}, "requests": 0})]
        with tempfile.TemporaryDirectory() as folder:
            results = Results(Path(folder) / "results")
            play_all("node", lambda play: {"said": play.case.kind}, sandbox, results, cases)
            lines = [json.loads(line) for line in (Path(folder) / "results").read_text().splitlines()]
        self.assertEqual([line["outcome"] for line in lines], [{"said": "story"}, {"said": "signing"}])
        self.assertEqual([line["requests"] for line in lines], [1, 0])

    def test_driver_that_fails_is_named_without_its_words(self) -> None:
        def fail(play: Play) -> dict[str, Any]:
            raise KeyError(play.user_id)

        said = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(said):
            play_all("node", fail, FakeSandbox(), Results(Path(folder) / "results"), [story()])
            self.assertFalse((Path(folder) / "results").exists())
        self.assertEqual(said.getvalue(), "node: a/story: the driver failed: KeyError\n")

    def test_closed_port_is_closed(self) -> None:
        with self.assertRaises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", closed_port())):
            pass


class LineDrivers(unittest.TestCase):
    def drive(self, program: str, plays: int) -> list[Any]:
        outcomes: list[Any] = []
        with line_driver.LineDriver([sys.executable, "-c", program]) as driver:
            for _ in range(plays):
                play = prepare(story(call={"verb": "get_job_status"}), "rust", FakeSandbox())
                try:
                    outcomes.append(driver.drive(play))
                except TimeoutError:
                    outcomes.append(None)
        return outcomes

    def test_outcomes(self) -> None:
        program = (
            "import sys, json\nfor line in sys.stdin: print(json.dumps({'said': json.loads(line)['what']}), flush=True)"
        )
        self.assertEqual(self.drive(program, 2), [{"said": "get_job_status"}] * 2)

    def test_program_that_dies_is_started_anew(self) -> None:
        self.assertEqual(self.drive("import sys; sys.stdin.readline(); print('{}', flush=True)", 3), [{}, None, {}])

    def test_program_that_hangs_is_started_anew(self) -> None:
        self.addCleanup(setattr, line_driver, "ANSWER_BOUND_S", line_driver.ANSWER_BOUND_S)
        line_driver.ANSWER_BOUND_S = 1
        program = "import sys, time\nfor line in sys.stdin: time.sleep(30)"
        self.assertEqual(self.drive(program, 2), [None, None])


class Runs(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(setattr, runs, "OUTPUT", runs.OUTPUT)
        runs.OUTPUT = Path(folder.name)

    def play(self, program: str, bound_s: int = 20) -> dict[str, bool]:
        runner = runs.Runner("x", ("rust",), (sys.executable, "-c", program), bound_s)
        with contextlib.redirect_stdout(io.StringIO()):
            checks = [*runs.run(runner, dict(os.environ)), runs.search_canaries(runner, "the-key")]
        return {check.id: check.passed for check in checks}

    def test_quiet_runner(self) -> None:
        self.assertEqual(self.play("print('fine')"), {"exit/x": True, "leftovers/x": True, "canary/x": True})

    def test_failing_runner(self) -> None:
        self.assertFalse(self.play("raise SystemExit(3)")["exit/x"])

    def test_runner_that_does_not_end(self) -> None:
        start = time.monotonic()
        self.assertFalse(self.play("import time; time.sleep(60)", bound_s=1)["exit/x"])
        self.assertLess(time.monotonic() - start, 10)

    def test_runner_that_cannot_start(self) -> None:
        checks = runs.run(runs.Runner("x", ("rust",), ("/no/such/program",)), dict(os.environ))
        self.assertEqual([check.passed for check in checks], [False])

    def test_process_left_behind(self) -> None:
        program = "import subprocess; subprocess.Popen(['sleep', '60'])"
        self.assertEqual(self.play(program), {"exit/x": True, "leftovers/x": False, "canary/x": True})

    def test_private_data_in_the_output(self) -> None:
        self.assertFalse(self.play("print('user-CANARY-1')")["canary/x"])
        self.assertFalse(self.play("import sys; print('the-key', file=sys.stderr)")["canary/x"])

    def test_this_machine_is_asked_directly(self) -> None:
        environment = runs.behind_a_dead_proxy({"no_proxy": "*", "PATH": "p", "https_proxy": "x"})
        self.assertEqual(environment["PATH"], "p")
        self.assertNotIn("no_proxy", environment)
        self.assertTrue(environment["HTTP_PROXY"].startswith("http://127.0.0.1:"))


if __name__ == "__main__":
    unittest.main()
