"""Plays cases through a program that takes them as JSON lines, for languages whose driver is a process of its own.

The program reads one line per case, `{"what", "args", "interrupt", "accept_only"}`, and answers with one line, the
outcome; a line `interrupt` while a case runs interrupts it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from harness import Outcome, Play

ANSWER_BOUND_S = 20
"""A program that has not answered by then is killed and started anew: one case is lost, not all that follow."""


class LineDriver:
    """A running driver program."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process = self._start()

    def __enter__(self) -> LineDriver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def drive(self, play: Play) -> Outcome:
        """Plays one case and returns its outcome."""
        assert self._process.stdout is not None
        watchdog = threading.Timer(ANSWER_BOUND_S, self._process.kill)
        watchdog.start()
        try:
            with play.interrupting(lambda: self._send("interrupt")):
                self._send(self.words(self.line(play)))
                answer = self._process.stdout.readline()
        except OSError:
            answer = ""
        finally:
            watchdog.cancel()
        if not answer:
            self._process.kill()
            self._stop()
            self._process = self._start()
            raise TimeoutError(f"the driver ended or did not answer within {ANSWER_BOUND_S} s")
        outcome: Outcome = json.loads(answer)
        return outcome

    def words(self, case: dict[str, Any]) -> str:
        """A case in the words of the program; others than JSON where a program has no parser."""
        return json.dumps(case)

    def line(self, play: Play) -> dict[str, Any]:
        """The case as the program reads it."""
        case = play.case
        if case.kind == "signing":
            entry = case.vector
            args = {name: entry[name] for name in ("partner_id", "api_key", "timestamp", "signature")}
            if "confirmed" not in case.expect["outcome"] or "signature" not in case.expect["outcome"]:
                args["confirm_only"] = True
            return {"what": "signature", "args": args}
        if case.kind == "arguments":
            return {"what": case.vector["where"], "args": play.arguments, "accept_only": True}
        plan = case.interrupt or {}
        interrupt = "close_before" if plan.get("when") == "before" else plan.get("by")
        return {"what": case.call["verb"], "args": {**play.client, **play.call}, "interrupt": interrupt}

    def _start(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8", bufsize=1)

    def _stop(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
