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
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callback_bodies import Account, callback_body
from cases import ABOUT_ONE_JOB, LANGUAGES, MARK, Case, by_job, load_cases
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
    took_ms: float = 0.0
    folder: Path | None = None
    """The directory for images, named by the case's `folder`."""

    @property
    def call(self) -> dict[str, Any]:
        """The arguments of a story's call, everything but the verb: placeholders filled in, ids, jobs, body, directory."""
        case = self.case
        call = {name: self._filled(value) for name, value in case.call.items() if name != "verb"}
        if case.jobs is not None:
            call["jobs"] = [
                {"user_id": entry.get("user_id", self.user_id), "job_id": case.job_id_of(entry)} for entry in case.jobs
            ]
        elif case.callback is not None:
            account = Account(self.sandbox.partner_id, self.sandbox.api_key)
            call["body"] = callback_body(case.callback, account, {"user_id": self.user_id, "job_id": self.job_id})
        else:
            call |= {"user_id": self.user_id, "job_id": self.job_id}
        if self.folder is not None:
            call["directory"] = str(self.folder)
        return call

    def _filled(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.replace("{{origin}}", self.sandbox.url.rstrip("/")).replace("{{user_id}}", self.user_id)

    @property
    def client(self) -> dict[str, Any]:
        """The client's arguments of a story: server, credentials and what the case says."""
        valid = {"partner_id": self.sandbox.partner_id, "api_key": self.sandbox.api_key, "base_url": self.base_url}
        return {**valid, **self.case.client}

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of an `arguments` case: the valid ones, replaced by the case's own, tokens still in place."""
        valid: dict[str, Any] = {"partner_id": self.sandbox.partner_id, "api_key": self.sandbox.api_key}
        if self.case.vector["where"] != "signature":
            valid["base_url"] = self.base_url
        ids = {"user_id": self.user_id, "job_id": self.job_id}
        if self.case.vector["where"] in ABOUT_ONE_JOB:
            valid |= ids
        elif self.case.vector["where"] == "poll_many":
            valid["jobs"] = [ids]
        elif self.case.vector["where"] == "verify_callback":
            account = Account(self.sandbox.partner_id, self.sandbox.api_key)
            valid["body"] = callback_body({"body": {"ResultCode": "0810"}}, account, ids)
        merged = {**valid, **self.case.vector["args"]}
        return {name: value for name, value in merged.items() if value != {"$": "absent"}}

    def log(self) -> Log:
        if self.case.kind != "arguments":
            return self.sandbox.log(self.user_id, None if self.case.jobs is not None else self.job_id)
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
                    log.requests >= plan["after_requests"] and (not log.none_open if in_flight else log.all_answered)
                )
            )
            # An answer that has left the sandbox must have been read before a call can be said to sleep.
            time.sleep(0.03)
            start = time.monotonic()
            interrupt()
            if in_flight and plan["by"] in ("cancel", "close"):
                self._wait(lambda log: log.none_open)
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
        line = {
            "language": self.language,
            "scenario": self.case.id,
            "outcome": outcome,
            "requests": log.requests,
            "gaps_ms": log.gaps_ms,
            "distinct_pairs": log.distinct_pairs,
            "most_open": log.most_open,
            "took_ms": round(self.took_ms, 1),
            "closed": self.closed,
        }
        if "outcomes" in outcome:
            # As they came, then as they can be compared.
            line["order"] = [one.get("job_id") for one in outcome["outcomes"]]
            outcome["outcomes"] = sorted(outcome["outcomes"], key=by_job)
        if "callback_url" in self.case.call:
            path = urllib.parse.urlsplit(self.call["callback_url"]).path
            line["deliveries"] = [entry["body"] for entry in self.sandbox.log(path=path).entries]
        if self.folder is not None:
            line["files"] = _files(self.folder)
        return line


def _files(folder: Path) -> dict[str, Any]:
    """What is in the folder: each file's size, type by content, and mode."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return {
        path.name: {"bytes": path.stat().st_size, "type": _type(path), "mode": f"{path.stat().st_mode & 0o777:o}"}
        for path in paths
    }


def _type(path: Path) -> str:
    first = path.read_bytes()[:4]
    return "jpeg" if first[:3] == b"\xff\xd8\xff" else "png" if first == b"\x89PNG" else "other"


@contextlib.contextmanager
def _folder(case: Case) -> Iterator[Path | None]:
    """The directory that a case asks for."""
    if case.folder is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in case.folder.get("existing", ()):
            (Path(folder) / name).write_text("was here before", encoding="utf-8")
            (Path(folder) / name).chmod(0o644)
        yield Path(folder) / "missing" if case.folder.get("missing") else Path(folder)


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
    for entry in case.jobs or ():
        if "answers" in entry:
            sandbox.post_story(play.user_id, case.job_id_of(entry), entry["answers"])
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
            with _folder(case) as play.folder:
                start = time.monotonic()
                outcome = drive(play)
                play.took_ms = (time.monotonic() - start) * 1000
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
