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
            yield from _argument(name, value)
    yield "go"


def _argument(name: str, value: Any) -> Iterator[str]:
    if value == []:
        yield f"null {name}"
    elif isinstance(value, list):
        # Lists are numbered: `jobs.user_id.0`, `allowed_hosts.0`.
        for at, entry in enumerate(value):
            parts = {f"{name}.{key}.{at}": part for key, part in entry.items()} if isinstance(entry, dict) else None
            for key, part in (parts or {f"{name}.{at}": entry}).items():
                yield from _argument(key, part)
    elif isinstance(value, dict) and "$" not in value:
        for key, part in value.items():
            yield from _argument(f"{name}.{key}", part)
    else:
        yield _one(name, value)


def _one(name: str, value: Any) -> str:
    token = value.get("$", "") if isinstance(value, dict) else ""
    if token == "no_limit" or (value is None and name.rpartition(".")[2] in ("timeout_ms", "max_age_ms")):
        return f"number {name} {NO_LIMIT}"
    if token == "null" or value is None:
        return f"null {name}"
    if isinstance(value, (bool, int)):
        return f"number {name} {int(value)}"
    if isinstance(value, float):
        return f"decimal {name} {value!r}"
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
