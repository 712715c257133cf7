"""The runner's side of the scenarios, for drivers written in Python (tests/python, tests/c).

A driver is a function that plays one `Play` and returns the outcome; `play_all` does the rest:

    def drive(play: Play) -> dict: ...
    with Sandbox.from_environment() as sandbox:
        play_all("python", drive, sandbox, Results.from_environment())

Standard library only. Formats: scenarios/README.md, vectors/README.md.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases import LANGUAGES, MARK, Case, load_cases
from sandbox_client import Log, Sandbox

__all__ = ["Log", "Outcome", "Play", "Results", "Sandbox", "closed_port", "play_all", "prepare", "text"]

CLOSE_BOUND_MS = 200
"""How soon after an interrupt the sandbox must have seen the connection close."""
CASE_BOUND_S = 30
_LOOK_EVERY = 0.004
_PATIENCE = 10.0

Outcome = dict[str, Any]


class Results:
    """Appends result lines to a file that several processes may write to."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    @classmethod
    def from_environment(cls) -> Results:
        return cls(os.environ["SMILEID_RESULTS"])

    def write(self, line: dict[str, Any]) -> None:
        # One write call per line, so that lines never mix.
        with self._path.open("ab", buffering=0) as file:
            file.write(json.dumps(line, ensure_ascii=True).encode() + b"\n")


@dataclass
class Play:
    """One case about to be played in one language: what a driver needs to know."""

    case: Case
    language: str
    sandbox: Sandbox
    user_id: str
    job_id: str
    base_url: str
    closed: bool | None = None

    @property
    def client(self) -> dict[str, Any]:
        """The client's arguments of a story: server, credentials and what the case says."""
        valid = {"partner_id": self.sandbox.partner_id, "api_key": self.sandbox.api_key, "base_url": self.base_url}
        return {**valid, **self.case.client}

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of an `arguments` case: the valid ones, replaced by the case's own, tokens still in place."""
        valid = {"partner_id": self.sandbox.partner_id, "api_key": self.sandbox.api_key}
        if self.case.vector["where"] != "signature":
            valid["base_url"] = self.base_url
        if self.case.vector["where"] in ("get_job_status", "poll_job_status"):
            valid |= {"user_id": self.user_id, "job_id": self.job_id}
        merged = {**valid, **self.case.vector["args"]}
        return {name: value for name, value in merged.items() if value != {"$": "absent"}}

    def log(self) -> Log:
        if self.case.kind != "arguments":
            return self.sandbox.log(self.user_id, self.job_id)
        # An id under test may be one that no URL can carry; the other one is fresh.
        own = self.case.vector["args"]
        return self.sandbox.log(None if "user_id" in own else self.user_id, None if "job_id" in own else self.job_id)

    @contextlib.contextmanager
    def interrupting(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """Calls `interrupt` from another thread when the case says, while the body of the `with` makes the call.

        It may be called from a thread that is not the driver's own, and must return at once.
        """
        plan = self.case.interrupt
        if plan is None or plan["when"] == "before":
            yield
            return
        failure: list[BaseException] = []
        thread = threading.Thread(target=self._interrupt_when_due, args=(plan, interrupt, failure), daemon=True)
        thread.start()
        try:
            yield
        finally:
            thread.join(_PATIENCE + 1)
        if failure:
            raise failure[0]

    def _interrupt_when_due(
        self, plan: dict[str, Any], interrupt: Callable[[], object], failure: list[BaseException]
    ) -> None:
        try:
            in_flight = plan["when"] == "in_flight"
            self._wait(
                lambda log: (
                    log.requests >= plan["after_requests"] and (log.last_is_open if in_flight else log.all_answered)
                )
            )
            # An answer that has left the sandbox must have been read before a call can be said to sleep.
            time.sleep(0.03)
            start = time.monotonic()
            interrupt()
            if in_flight:
                self._wait(lambda log: not log.last_is_open)
                self.closed = (time.monotonic() - start) * 1000 <= CLOSE_BOUND_MS and not self.log().all_answered
        except BaseException as error:
            failure.append(error)

    def _wait(self, due: Callable[[Log], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while not due(self.log()):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.case.id}: the sandbox's log never showed what was waited for")
            time.sleep(_LOOK_EVERY)

    def line(self, outcome: Outcome) -> dict[str, Any]:
        """The result line, with the sandbox's own count of what was sent."""
        log = Log([]) if self.case.kind == "signing" else self.log()
        return {
            "language": self.language,
            "scenario": self.case.id,
            "outcome": outcome,
            "requests": log.requests,
            "gaps_ms": log.gaps_ms,
            "distinct_pairs": log.distinct_pairs,
            "closed": self.closed,
        }


def prepare(case: Case, language: str, sandbox: Sandbox) -> Play:
    """Fresh ids, the story posted, the server chosen."""
    # Equally long in every language: a body that is to have a certain size is filled up around its ids.
    digits = 8 + max(map(len, LANGUAGES)) - len(language)
    fresh = f"{MARK}-{language}-{case.slug}-{secrets.token_hex(8)[:digits]}"
    is_arguments = case.kind == "arguments"
    job_id = f"job-{fresh}" if is_arguments else case.job_id
    play = Play(case, language, sandbox, f"user-{fresh}", job_id, _base_url(case, sandbox))
    if case.answers is not None and case.server == "sandbox" and _is_asked(case):
        own = case.vector.get("args", {}) if is_arguments else {}
        user_id, job_id = (
            text(own.get(name, valid)) for name, valid in (("user_id", play.user_id), ("job_id", job_id))
        )
        sandbox.post_story(user_id, job_id, case.answers)
    return play


def play_all(
    language: str,
    drive: Callable[[Play], Outcome],
    sandbox: Sandbox,
    results: Results,
    cases: Iterable[Case] | None = None,
) -> None:
    """Plays every case of a language, one after the other, and writes their lines.

    A case that hangs ends the process: nothing can be known about the ones after it. A driver's exception is reported
    on stderr by its type only, for its text could hold what must not be printed; its cell stays empty: a failure.
    """
    for case in load_cases() if cases is None else cases:
        if language not in case.languages:
            continue
        play = prepare(case, language, sandbox)
        # Works even if a native call hangs with the interpreter's lock held.
        faulthandler.dump_traceback_later(CASE_BOUND_S, exit=True, file=2)
        try:
            outcome = drive(play)
            time.sleep(case.settle_ms / 1000)
            results.write(play.line(outcome))
        except Exception as error:
            print(f"{language}: {case.id}: the driver failed: {type(error).__name__}", file=sys.stderr)
        finally:
            faulthandler.cancel_dump_traceback_later()


def closed_port() -> int:
    """A loopback port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def text(value: Any) -> str:
    """An id's text, with the tokens that stand for text resolved."""
    token = value.get("$", "") if isinstance(value, dict) else ""
    if token.startswith("repeat:"):
        _, part, count = token.split(":")
        return part * int(count)
    return value if isinstance(value, str) else ""


def _is_asked(case: Case) -> bool:
    """Whether an `arguments` case reaches the server; a story for ids nobody may send cannot be posted."""
    return case.kind == "story" or case.expect["requests"] > 0


def _base_url(case: Case, sandbox: Sandbox) -> str:
    if case.server == "refused":
        return f"http://127.0.0.1:{closed_port()}"
    root = sandbox.url.rstrip("/") + case.path
    return root.replace("http://", "https://", 1) if case.server == "https" else root
