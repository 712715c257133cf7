"""Compares outcomes: with what a case expects, and with each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cases import MARK, Case

_TABLE = json.loads((Path(__file__).resolve().parent / "vectors" / "errors.json").read_text(encoding="utf-8"))
# Number and class of each code. A panic and a C token have no case that all languages can play.
CODES = {row["code"]: (row["number"], row["class"]) for row in _TABLE if row["code"] not in ("cancelled", "internal")}
WITHOUT_CLASSES = ("rust", "c")
ERROR_KEYS = {
    "code",
    "number",
    "class",
    "message",
    "argument",
    "phase",
    "reason",
    "is_transient",
    "http_status",
    "api_code",
    "retry_after_ms",
    "attempts",
    "last_status",
    "last_error",
}

# What an error may say differently in each run or language.
_NOT_COMPARED = {"class", "message", "phase", "retry_after_ms", "attempts", "last_error"}
_SHOWN = 120


def misfits(case: Case, language: str, outcome: Any) -> Iterator[str]:
    """Where an outcome is not what the case expects."""
    if not isinstance(outcome, dict):
        yield f"outcome: not an object: {_short(outcome)}"
        return
    status = _status_of(outcome)
    if case.kind == "story" and status is not None:
        yield from _wrong_ids(case, language, status)
    if isinstance(outcome.get("error"), dict):
        yield from _wrong_error(language, outcome["error"])
    expected = filled(case.expect["outcome"], status or outcome.get("callback") or {})
    yield from differences(expected, outcome, "", part=not case.exact)


def differences(expected: Any, actual: Any, path: str = "", part: bool = False) -> Iterator[str]:
    """Where two JSON values differ; with `part`, keys that are only in `actual` do not count."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in expected:
            if key not in actual:
                yield f"{_at(path, key)}: missing"
            else:
                yield from differences(expected[key], actual[key], _at(path, key), part)
        if not part:
            yield from (
                f"{_at(path, key)}: not expected: {_short(actual[key])}" for key in actual if key not in expected
            )
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path}: expected {len(expected)} elements, got {len(actual)}"
        for at, (left, right) in enumerate(zip(expected, actual, strict=False)):
            yield from differences(left, right, f"{path}[{at}]", part)
    elif not _same_scalar(expected, actual):
        yield f"{path or 'value'}: expected {_short(expected)}, got {_short(actual)}"


def comparable(outcome: Any) -> Any:
    """An outcome without what each run makes anew, to compare languages."""
    if not isinstance(outcome, dict):
        return outcome
    same = dict(outcome)
    if isinstance(outcome.get("error"), dict):
        error = {key: value for key, value in outcome["error"].items() if key not in _NOT_COMPARED}
        same["error"] = {**error, "last_status": _neutral(error.get("last_status"))}
    for name in ("status", "callback"):
        if name in outcome:
            same[name] = _neutral(outcome[name])
    return same


def _status_of(outcome: dict[str, Any]) -> dict[str, Any] | None:
    error = outcome.get("error")
    status = outcome.get("status") or (error.get("last_status") if isinstance(error, dict) else None)
    return status if isinstance(status, dict) else None


def _wrong_error(language: str, error: dict[str, Any]) -> Iterator[str]:
    if set(error) != ERROR_KEYS:
        yield f"error: keys missing or unknown: {sorted(set(error) ^ ERROR_KEYS)}"
    code = error.get("code")
    number, name = CODES.get(str(code), (None, None))
    if number is None or error.get("number") != number:
        yield f"error: {code} and {error.get('number')} do not belong together"
    if error.get("class") != (None if language in WITHOUT_CLASSES else name):
        yield f"error: {code} came as class {error.get('class')}"
    if (code == "invalid_argument") != (error.get("argument") is not None):
        yield "error: an argument is named with invalid_argument, and only there"
    if (code == "timeout") != (error.get("phase") is not None):
        yield "error: a phase is named with timeout, and only there"
    if (code == "job_incomplete") != (error.get("reason") is not None):
        yield "error: a reason is named with job_incomplete, and only there"
    message = error.get("message")
    if not isinstance(message, str) or not message or message.splitlines() != [message] or MARK in message:
        yield "error: a message is one line without private data"


def _wrong_ids(case: Case, language: str, status: dict[str, Any]) -> Iterator[str]:
    prefix = f"user-{MARK}-{language}-{case.slug}-"
    if not str(status.get("user_id")).startswith(prefix):
        yield f"user_id: expected {prefix}…, got {_short(status.get('user_id'))}"
    if status.get("job_id") != case.job_id:
        yield f"job_id: expected {case.job_id}, got {_short(status.get('job_id'))}"


def filled(expected: Any, status: dict[str, Any]) -> Any:
    """The expectation with its stand-ins replaced by the status's own values."""
    if isinstance(expected, dict):
        if expected.keys() == {"$nested"}:
            return _nested(expected["$nested"])
        return {filled(key, status): filled(value, status) for key, value in expected.items()}
    if isinstance(expected, list):
        return [filled(value, status) for value in expected]
    if isinstance(expected, str):
        for name in ("user_id", "job_id", "timestamp", "signature"):
            own = status.get(name)
            # An empty or missing own value must not make its stand-in fit.
            if isinstance(own, str) and own:
                expected = expected.replace(f"<{name}>", own)
    return expected


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def _neutral(status: Any) -> Any:
    if not isinstance(status, dict):
        return status
    ids = [(status.get(name), f"<{name}>") for name in ("user_id", "job_id")]
    pair = {status.get(name): f"<{name}>" for name in ("timestamp", "signature")}

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {walk(key): walk(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if value in pair:
            return pair[value]
        for own, name in ids:
            if isinstance(own, str) and own:
                value = value.replace(own, name)
        return value

    return walk(status)


def _same_scalar(expected: Any, actual: Any) -> bool:
    # In Python True == 1; in JSON they are different things.
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return expected == actual
    return type(expected) is type(actual) and bool(expected == actual)


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
