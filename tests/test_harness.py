"""The runner's side, tried without a sandbox. Run with `python3 -m unittest discover -s tests`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from pathlib import Path
from typing import Any, ClassVar

import line_driver
import run as runs
from callback_bodies import Account, callback_body
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

    def log(self, user_id: str | None = None, job_id: str | None = None, path: str | None = None) -> Log:
        self.asked.append((user_id, job_id) if path is None else (None, path))
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
        self.assertTrue(log.all_answered and log.none_open)

    def test_bodies_that_are_no_json(self) -> None:
        self.assertEqual(Log([{**entry(1), "body": "text"}]).distinct_pairs, 1)

    def test_pairs_are_per_job(self) -> None:
        entries = [entry(at) for at in (1, 2, 3)]
        for log_entry, job_id in zip(entries, "aab", strict=True):
            log_entry["body"]["job_id"] = job_id
        self.assertEqual(Log(entries).distinct_pairs, 2)

    def test_most_open(self) -> None:
        for entries, most in (
            ([], 0),
            ([entry(1, 2), entry(2, 3)], 1),
            ([entry(1, 5), entry(2, 3), entry(4, 6)], 2),
            ([entry(1), entry(2, None, 9), entry(3, 4)], 3),
        ):
            self.assertEqual(Log(entries).most_open, most)

    def test_open_and_closed(self) -> None:
        self.assertTrue(Log([entry(1, 2), entry(3, None, 4)]).none_open)
        self.assertFalse(Log([entry(1), entry(2, 3)]).none_open)
        self.assertTrue(Log([]).none_open)


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

    def test_many_jobs(self) -> None:
        sandbox = FakeSandbox()
        jobs = [{"job_id": "a", "answers": [{}]}, {"job_id": "a"}, {"magic": "never"}, {"job_id": "", "user_id": ""}]
        play = prepare(story(jobs=jobs, call={"verb": "poll_many", "burst": 2}), "c", sandbox)
        self.assertEqual([told[:2] for told in sandbox.stories[1:]], [(play.user_id, "job-CANARY-a-story-a")])
        asked = [(job["user_id"] == play.user_id, job["job_id"]) for job in play.call.pop("jobs")]
        own = "job-CANARY-a-story-a"
        self.assertEqual(asked, [(True, own), (True, own), (True, "never"), (False, "")])
        play.log()
        self.assertEqual(sandbox.asked, [(play.user_id, None)])

    def test_call(self) -> None:
        call = {"verb": "get_job_status", "callback_url": "{{origin}}/receive/{{user_id}}", "timeout_ms": None}
        play = prepare(story(call=call), "c", FakeSandbox())
        url = f"http://127.0.0.1:1/receive/{play.user_id}"
        ids = {"user_id": play.user_id, "job_id": play.job_id}
        self.assertEqual(play.call, {"callback_url": url, "timeout_ms": None, **ids})

    def test_callback(self) -> None:
        play = prepare(story(callback={"body": {"a": 1}}, call={"verb": "verify_callback"}), "c", FakeSandbox())
        self.assertEqual(list(play.call), ["body"])
        self.assertEqual(set(json.loads(play.call["body"])), {"a", "timestamp", "signature"})

    def test_arguments_of_other_verbs(self) -> None:
        play = prepare(arguments("poll_many", True, burst=0), "c", FakeSandbox())
        self.assertEqual(play.arguments["jobs"], [{"user_id": play.user_id, "job_id": play.job_id}])
        play = prepare(arguments("verify_callback", True), "c", FakeSandbox())
        self.assertIn("signature", play.arguments["body"])

    def test_refused_arguments_need_no_story(self) -> None:
        sandbox = FakeSandbox()
        prepare(arguments("get_job_status", False, user_id={"$": "nul_byte"}), "c", sandbox)
        self.assertEqual(sandbox.stories, [])

    def test_tokens_that_are_text(self) -> None:
        self.assertEqual((text({"$": "repeat:é:2"}), text("x"), text({"$": "null"})), ("éé", "x", ""))


class Callbacks(unittest.TestCase):
    ACCOUNT = Account("001", "key")
    IDS: ClassVar[dict[str, str]] = {"user_id": 'u"', "job_id": "j"}

    def body(self, **plan: Any) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(callback_body({"body": {}, **plan}, self.ACCOUNT, self.IDS))
        return body

    def test_signatures_are_the_known_ones(self) -> None:
        path = Path(__file__).parent / "vectors" / "signing.json"
        for vector in json.loads(path.read_text(encoding="utf-8"))["signing"]:
            account = Account(vector["partner_id"], vector["api_key"])
            self.assertEqual(account.sign(vector["timestamp"]), vector["signature"])

    def test_ways_to_sign(self) -> None:
        signed = {how: self.body(sign=how, timestamp="t").get("signature", "none") for how in SIGNATURES}
        self.assertEqual(len(set(signed.values())), len(SIGNATURES))
        self.assertEqual((signed["missing"], signed["null"]), ("none", None))
        self.assertEqual(signed["valid"], self.ACCOUNT.sign("t"))

    def test_placeholders_and_numbers(self) -> None:
        text = '{"user_id":"{{user_id}}","timestamp":{{timestamp}},"signature":"{{signature}}"}'
        body = self.body(body_text=text, timestamp=12)
        self.assertEqual(body, {"user_id": 'u"', "timestamp": 12, "signature": self.ACCOUNT.sign("12")})

    def test_age(self) -> None:
        old, new = (self.body(age_ms=age)["timestamp"] for age in (60_000, 0))
        self.assertLess(old, new)
        self.assertRegex(new, r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


SIGNATURES = ("valid", "wrong", "other_key", "malformed", "legacy", "legacy_pipe", "missing", "null")


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

    def test_wake_up_in_flight_waits_for_no_close(self) -> None:
        sandbox = FakeSandbox()
        sandbox.entries = [entry(1)]
        play = prepare(story(interrupt={"by": "notify", "after_requests": 1, "when": "in_flight"}), "c", sandbox)
        called = threading.Event()
        with play.interrupting(called.set):
            self.assertTrue(called.wait(2))
        self.assertIsNone(play.closed)

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

    def lines(self, case: Case, drive: Any) -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as folder:
            play_all("node", drive, FakeSandbox(), Results(Path(folder) / "results"), [case])
            return [json.loads(line) for line in (Path(folder) / "results").read_text().splitlines()]

    def test_outcomes_of_many_are_sorted_and_their_order_kept(self) -> None:
        outcomes = [{"job_id": name, "status_complete": None, "error": "connect"} for name in "ba"]
        (line,) = self.lines(story(jobs=[]), lambda play: {"outcomes": outcomes})
        self.assertEqual([one["job_id"] for one in line["outcome"]["outcomes"]], ["a", "b"])
        self.assertEqual(line["order"], ["b", "a"])

    def test_folder(self) -> None:
        def drive(play: Play) -> dict[str, Any]:
            image = Path(play.call["directory"]) / "new.jpg"
            image.write_bytes(b"\xff\xd8\xff")
            image.chmod(0o600)
            return {}

        (line,) = self.lines(story(folder={"existing": ["old.png"]}), drive)
        self.assertEqual(line["files"]["new.jpg"], {"bytes": 3, "type": "jpeg", "mode": "600"})
        self.assertEqual((set(line["files"]), line["files"]["old.png"]["type"]), ({"new.jpg", "old.png"}, "other"))
        (line,) = self.lines(story(folder={"missing": True}), lambda play: {"x": play.call["directory"]})
        self.assertEqual((line["files"], Path(line["outcome"]["x"]).exists()), ({}, False))

    def test_deliveries(self) -> None:
        def drive(play: Play) -> dict[str, Any]:
            assert isinstance(play.sandbox, FakeSandbox)
            play.sandbox.entries = [{**entry(1, 2), "body": {"ResultCode": "0810"}}]
            return {}

        (line,) = self.lines(story(call={"verb": "get_job_status", "callback_url": "http://x/receive/1"}), drive)
        self.assertEqual(line["deliveries"], [{"ResultCode": "0810"}])

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

    def test_runners_end_with_whoever_runs_them(self) -> None:
        program = """
            import contextlib, pathlib, sys, types
            import run
            sandbox = types.SimpleNamespace(url="http://127.0.0.1:1", partner_id="001", api_key="key")
            run.Sandbox = types.SimpleNamespace(start=lambda *_, **__: contextlib.nullcontext(sandbox))
            run.OUTPUT = pathlib.Path(sys.argv[1])
            run.RUNNERS = (run.Runner("x", ("rust",), ("sh", "-c", "echo $$; exec sleep 60")),)
            run.main([])
        """
        command = [sys.executable, "-c", textwrap.dedent(program), str(runs.OUTPUT)]
        process = subprocess.Popen(command, cwd=Path(runs.__file__).parent, stderr=subprocess.PIPE)
        log = runs.OUTPUT / "x.log"
        while not (log.exists() and log.read_text().endswith("\n")):
            self.assertIsNone(process.poll())
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        self.assertIn(b"terminated", process.communicate(timeout=10)[1])
        self.assertRaises(ProcessLookupError, os.kill, int(log.read_text()), 0)

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
