"""Writes cases in the few words that driver.c and driver.cpp read: a parser of JSON has no place in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import Outcome, Play
from line_driver import LineDriver

ROOT = Path(__file__).resolve().parent.parent.parent
NO_LIMIT = 2**64 - 1
_BYTES = {"nul_byte": b"a\0b", "invalid_utf8": b"a\xffb"}


def built(name: str) -> Path:
    """A program that `make -C tests/c drivers` has built."""
    return Path(os.environ.get("SMILEID_C_OUT", str(ROOT / "build" / "c-tests"))) / name


class CaseDriver(LineDriver):
    """A running driver program."""

    def drive(self, play: Play) -> Outcome:
        with play.interrupting(lambda: self._send("interrupt")):
            self._send("\n".join(words(self.line(play))))
            assert self._process.stdout is not None
            outcome: Outcome = json.loads(self._process.stdout.readline())
        return outcome


def words(case: dict[str, Any]) -> Iterator[str]:
    """The lines of one case."""
    yield f"case {case['what']}"
    if case.get("interrupt"):
        yield f"interrupted-by {case['interrupt']}"
    if case.get("accept_only"):
        yield "accept-only"
    for name, value in case["args"].items():
        if name == "confirm_only":
            yield "confirm-only"
        else:
            yield _argument(name, value)
    yield "go"


def _argument(name: str, value: Any) -> str:
    token = value.get("$", "") if isinstance(value, dict) else ""
    if token == "no_limit" or (value is None and name == "timeout_ms"):
        return f"number {name} {NO_LIMIT}"
    if token == "null" or value is None:
        return f"null {name}"
    if isinstance(value, (bool, int)):
        return f"number {name} {int(value)}"
    return f"text {name} {_bytes(value, token).hex()}"


def _bytes(value: Any, token: str) -> bytes:
    if token in _BYTES:
        return _BYTES[token]
    if token.startswith("repeat:"):
        _, part, count = token.split(":")
        return part.encode() * int(count)
    if not isinstance(value, str):
        raise ValueError(f"C has no {token or type(value).__name__}")
    return value.encode()
