"""The sandbox from the outside: start it, post stories, read its log. Standard library only."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from itertools import accumulate, pairwise
from types import TracebackType
from typing import Any

_PATIENCE = 10.0
# Never through a proxy: the sandbox is on this machine.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Log:
    """What the sandbox saw for one user and job."""

    entries: list[dict[str, Any]]

    @property
    def requests(self) -> int:
        return len(self.entries)

    @property
    def gaps_ms(self) -> list[float]:
        arrivals = sorted(entry["at_ms"] for entry in self.entries)
        return [round(after - before, 3) for before, after in pairwise(arrivals)]

    @property
    def distinct_pairs(self) -> int:
        bodies = [entry["body"] if isinstance(entry["body"], dict) else {} for entry in self.entries]
        # Two jobs may be asked about in the same millisecond; one job may not.
        return len({tuple(str(body.get(name)) for name in ("job_id", "timestamp", "signature")) for body in bodies})

    @property
    def most_open(self) -> int:
        """How many requests were open at once, at most."""
        ends = [(entry["answered_ms"], entry["closed_ms"]) for entry in self.entries]
        changes = [(entry["at_ms"], 1) for entry in self.entries]
        changes += [(answered if closed is None else closed, -1) for answered, closed in ends if answered or closed]
        # At the same moment, an end comes before a beginning.
        return max(accumulate((change for _, change in sorted(changes)), initial=0))

    @property
    def all_answered(self) -> bool:
        return all(entry["answered_ms"] is not None for entry in self.entries)

    @property
    def none_open(self) -> bool:
        return not any(map(_is_open, self.entries))


def _is_open(entry: dict[str, Any]) -> bool:
    return entry["answered_ms"] is None and entry["closed_ms"] is None


class Sandbox:
    """A local Smile ID: one that runs already, or one started here that ends with its `with` block."""

    def __init__(self, url: str, partner_id: str, api_key: str, process: subprocess.Popen[str] | None = None) -> None:
        self.url = url
        self.partner_id = partner_id
        self.api_key = api_key
        self._process = process

    @classmethod
    def start(cls, binary: str | None = None, api_key: str = "apikey", partner_id: str = "001") -> Sandbox:
        """Starts the binary (default: $SMILEID_SANDBOX_BIN), which ends when its standard input closes."""
        command = [binary or os.environ["SMILEID_SANDBOX_BIN"], "--port", "0"]
        command += ["--partner-id", partner_id, "--api-key", api_key]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first_line = process.stdout.readline()
        if not first_line:
            raise RuntimeError(f"the sandbox did not start: exit status {process.wait()}")
        return cls(process=process, **json.loads(first_line))

    @classmethod
    def from_environment(cls) -> Sandbox:
        """The sandbox that tests/run.py started, or one of our own."""
        url = os.environ.get("SMILEID_SANDBOX_URL")
        if url is None:
            return cls.start()
        return cls(url, os.environ["SMILEID_SANDBOX_PARTNER_ID"], os.environ["SMILEID_SANDBOX_API_KEY"])

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = None

    def post_story(self, user_id: str, job_id: str, answers: list[dict[str, Any]]) -> None:
        story = json.dumps({"user_id": user_id, "job_id": job_id, "answers": answers}).encode()
        self._ask("POST", "/_sandbox/jobs", story)

    def log(self, user_id: str | None = None, job_id: str | None = None, path: str | None = None) -> Log:
        """The requests for this user and job, or to this path; None is any."""
        asked = {"user_id": user_id, "job_id": job_id, "path": path}
        query = urllib.parse.urlencode({name: value for name, value in asked.items() if value is not None})
        return Log(json.loads(self._ask("GET", f"/_sandbox/requests?{query}"))["requests"])

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(self.url.rstrip("/") + path, data=body, method=method, headers=headers)
        try:
            with _http.open(request, timeout=_PATIENCE) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                said = refused.read().decode(errors="replace")
            raise RuntimeError(f"the sandbox refused {method} {path.partition('?')[0]}: {said}") from None
