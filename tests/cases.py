"""Reads tests/scenarios and tests/vectors into one flat list of cases.

The formats are described in scenarios/README.md and vectors/README.md. Both the runners written in Python and the
matrix use this list, so a case that one of them knows the other knows too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LANGUAGES = ("rust", "python", "asyncio", "node", "c", "cpp")
MARK = "CANARY"

_HERE = Path(__file__).resolve().parent
_SCENARIO_KEYS = {
    "id",
    "about",
    "answers",
    "magic",
    "job_id",
    "server",
    "path",
    "client",
    "call",
    "interrupt",
    "settle_ms",
    "expect",
}
_EXPECT_KEYS = {"outcome", "requests", "min_gaps_ms", "max_gaps_ms", "closed"}
_DELAY_SLACK_MS = 600
_CLIENT_KEYS = {
    "max_retries",
    "max_connections",
    "max_response_bytes",
    "request_timeout_ms",
    "connect_timeout_ms",
    "proxy",
    "api_key",
    "partner_id",
}
_CALL_KEYS = {
    "verb",
    "return_history",
    "return_image_links",
    "timeout_ms",
    "retry_count",
    "initial_delay_ms",
    "max_delay_ms",
}
_INTERRUPT_KEYS = {"by", "after_requests", "when"}


@dataclass(frozen=True)
class Case:
    """One cell per language: what to play, what to do and what must come of it."""

    id: str
    kind: str
    """`story`, `arguments` or `signing`."""
    expect: dict[str, Any]
    about: str = ""
    wing: str = ""
    """The folder of a scenario; a vector's id names its file."""
    answers: list[dict[str, Any]] | None = None
    """What is posted to the sandbox; None for a magic job id, where nothing is."""
    own_job_id: str | None = None
    server: str = "sandbox"
    path: str = ""
    client: dict[str, Any] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    interrupt: dict[str, Any] | None = None
    settle_ms: int = 0
    vector: dict[str, Any] = field(default_factory=dict)
    """The entry of a vector file, for `arguments` and `signing`."""
    languages: tuple[str, ...] = LANGUAGES
    exact: bool = False
    """Whether `expect.outcome` is the whole outcome and not a part of it."""

    @property
    def slug(self) -> str:
        """The id as it stands inside user and job ids."""
        return self.id.replace("/", "-")

    @property
    def job_id(self) -> str:
        """The job id of a story; `arguments` cases need a fresh one."""
        return self.own_job_id or f"job-{MARK}-{self.slug}"


def load_cases(root: Path = _HERE) -> list[Case]:
    """Every case, scenarios first. Raises ValueError where a file is not what the README says."""
    cases = [*_scenarios(root / "scenarios"), *_vectors(root / "vectors")]
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise ValueError(f"two cases are called {case.id}")
        seen.add(case.id)
    return cases


def _scenarios(folder: Path) -> list[Case]:
    cases = []
    for path in sorted(folder.glob("*/*.json")):
        entry = _read(path)
        if entry.get("id") != path.stem:
            raise ValueError(f"{path.name}: its id is not its name")
        _check_keys(path.name, entry, _SCENARIO_KEYS)
        _check_keys(path.name, entry.get("client", {}), _CLIENT_KEYS)
        _check_keys(path.name, entry["call"], _CALL_KEYS)
        _check_keys(path.name, entry["expect"], _EXPECT_KEYS)
        _check_keys(path.name, entry.get("interrupt", {}), _INTERRUPT_KEYS)
        if ("answers" in entry) == ("magic" in entry):
            raise ValueError(f"{path.name}: needs either answers or magic")
        if "requests" not in entry["expect"] or "outcome" not in entry["expect"]:
            raise ValueError(f"{path.name}: expect needs an outcome and requests")
        own = entry.pop("job_id", None)
        entry["own_job_id"] = entry.pop("magic", own)
        cases.append(Case(kind="story", wing=path.parent.name, **entry))
    return cases


def _vectors(folder: Path) -> list[Case]:
    signing = _read(folder / "signing.json")
    return [
        *(_signing(entry) for entry in signing["signing"]),
        *(_not_confirmed(entry) for entry in signing["confirm"]),
        *(_schedule(entry) for entry in _read(folder / "schedule.json")),
        *(_decode(entry) for entry in _read(folder / "decode.json")),
        *(_arguments(entry) for entry in _read(folder / "arguments.json")),
    ]


def _signing(entry: dict[str, Any]) -> Case:
    outcome = {"signature": entry["signature"], "confirmed": True}
    return Case(f"signing/{entry['id']}", "signing", {"outcome": outcome, "requests": 0}, vector=entry, exact=True)


def _not_confirmed(entry: dict[str, Any]) -> Case:
    expect = {"outcome": {"confirmed": False}, "requests": 0}
    return Case(f"signing/{entry['id']}", "signing", expect, about=entry.get("about", ""), vector=entry)


def _schedule(entry: dict[str, Any]) -> Case:
    delays = entry["delays_ms"]
    return Case(
        f"schedule/{entry['id']}",
        "story",
        {
            "outcome": {"status": {"job_complete": False}},
            "requests": len(delays) + 1,
            "min_gaps_ms": delays,
            # Far above what a busy machine adds, far below the default delays that would come of a lost argument.
            "max_gaps_ms": [delay + _DELAY_SLACK_MS for delay in delays],
        },
        answers=[{"pending": True}],
        client={"max_retries": 0},
        call={"verb": "poll_job_status", **entry["options"]},
    )


def _decode(entry: dict[str, Any]) -> Case:
    # An error is a part of the outcome: its attempts and class are not this table's subject.
    is_status = "view" in entry
    outcome = {"status": entry["view"]} if is_status else {"error": entry["error"]}
    return Case(
        f"decode/{entry['id']}",
        "story",
        {"outcome": outcome, "requests": 1},
        about=entry.get("about", ""),
        answers=[{"body_text": entry["body_text"], **entry.get("answer", {})}],
        own_job_id=entry.get("job_id"),
        client={"max_retries": 0},
        call={"verb": "get_job_status"},
        exact=is_status,
    )


def _arguments(entry: dict[str, Any]) -> Case:
    accepted = entry.get("accepted", False)
    sent = 1 if accepted and entry["where"] in ("get_job_status", "poll_job_status") else 0
    error = {"code": "invalid_argument", "number": 1001, "argument": entry.get("argument")}
    return Case(
        f"arguments/{entry['id']}",
        "arguments",
        {"outcome": {"accepted": True} if accepted else {"error": error}, "requests": sent},
        about=entry.get("about", ""),
        answers=[{"complete": "approved"}],
        vector=entry,
        languages=tuple(entry.get("languages", LANGUAGES)),
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _check_keys(name: str, entry: dict[str, Any], known: set[str]) -> None:
    unknown = set(entry) - known
    if unknown:
        raise ValueError(f"{name}: unknown keys {sorted(unknown)}")
