"""Writes cases in the few words that driver.c and driver.cpp read: a parser of JSON has no place in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from line_driver import LineDriver

ROOT = Path(__file__).resolve().parent.parent.parent
NO_LIMIT = 2**64 - 1
_BYTES = {"nul_byte": b"a\0b", "invalid_utf8": b"a\xffb"}


def built(name: str) -> Path:
    """A program that `make -C tests/c drivers` has built."""
    return Path(os.environ.get("SMILEID_C_OUT", str(ROOT / "build" / "c-tests"))) / name


class CaseDriver(LineDriver):
    """A running driver program."""

    def words(self, case: dict[str, Any]) -> str:
        return "\n".join(_lines(case))


def _lines(case: dict[str, Any]) -> Iterator[str]:
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
    if token == "no_limit" or (value is None and name in ("timeout_ms", "retry_count")):
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
