"""Reads tests/scenarios and tests/vectors into one flat list of cases.

The formats are described in scenarios/README.md and vectors/README.md. Both the runners written in Python and the
matrix use this list, so a case that one of them knows the other knows too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
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
    "jobs",
    "job_id",
    "server",
    "path",
    "client",
    "call",
    "callback",
    "folder",
    "interrupt",
    "settle_ms",
    "expect",
}
_EXPECT_KEYS = {
    "outcome",
    "requests",
    "min_gaps_ms",
    "max_gaps_ms",
    "min_took_ms",
    "max_took_ms",
    "most_open",
    "order",
    "message_has",
    "deliveries",
    "files",
    "closed",
}
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
_ASK_KEYS = {"return_history", "return_image_links", "timeout_ms"}
_GET_KEYS = _ASK_KEYS | {"return_job_status", "callback_url"}
_POLLING_KEYS = {"retry_count", "initial_delay_ms", "max_delay_ms"}
_STEP_KEYS = {"tamper", "then", "finish"}
VERBS = {
    "get_job_status": _GET_KEYS,
    "poll_job_status": _GET_KEYS | _POLLING_KEYS,
    "wait_until_complete": _GET_KEYS | _POLLING_KEYS | {"token"},
    "watch_job_status": _GET_KEYS | _POLLING_KEYS | {"pause_ms", "stop_after"},
    "poll_step": _GET_KEYS | _POLLING_KEYS | {"token"} | _STEP_KEYS,
    "poll_many": _ASK_KEYS | _POLLING_KEYS | {"max_waiting", "rate_limit", "burst"},
    "download_images": {"overwrite", "allowed_hosts", "refresh", "timeout_ms"},
    "verify_callback": {"max_age_ms"},
}
"""Every verb and what its `call` may hold."""
ABOUT_ONE_JOB = frozenset(VERBS) - {"poll_many", "verify_callback"}
_JOB_KEYS = {"job_id", "user_id", "magic", "answers"}
_CALLBACK_KEYS = {"body", "body_text", "sign", "timestamp", "age_ms"}
_FOLDER_KEYS = {"missing", "existing"}
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
    jobs: list[dict[str, Any]] | None = None
    """What `poll_many` is asked, in place of `answers`."""
    callback: dict[str, Any] | None = None
    """The body that `verify_callback` is given."""
    folder: dict[str, Any] | None = None
    """The directory that `download_images` is given."""
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

    def job_id_of(self, entry: dict[str, Any]) -> str:
        """The job id of one of many: a magic one, or one of this case's own."""
        name: str = entry.get("magic", entry.get("job_id", ""))
        return f"{self.job_id}-{name}" if name and "magic" not in entry else name


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
        _check_keys(path.name, entry["call"], {"verb"} | VERBS[entry["call"]["verb"]])
        _check_keys(path.name, entry["expect"], _EXPECT_KEYS)
        for name, known in (("interrupt", _INTERRUPT_KEYS), ("callback", _CALLBACK_KEYS), ("folder", _FOLDER_KEYS)):
            _check_keys(path.name, entry.get(name, {}), known)
        for job in entry.get("jobs", ()):
            _check_keys(path.name, job, _JOB_KEYS)
        if sum(name in entry for name in ("answers", "magic", "jobs", "callback")) != 1:
            raise ValueError(f"{path.name}: needs one of answers, magic, jobs and callback")
        if "requests" not in entry["expect"] or "outcome" not in entry["expect"]:
            raise ValueError(f"{path.name}: expect needs an outcome and requests")
        own = entry.pop("job_id", None)
        entry["own_job_id"] = entry.pop("magic", own)
        cases.append(_with_job_ids(Case(kind="story", wing=path.parent.name, **entry)))
    return cases


def _with_job_ids(case: Case) -> Case:
    """Writes out the names of jobs in what is expected of many."""
    ids = {entry["job_id"]: case.job_id_of(entry) for entry in case.jobs or () if "job_id" in entry}
    expect = dict(case.expect)
    if case.jobs is not None and "outcomes" in expect["outcome"]:
        outcomes = [{**one, "job_id": ids.get(one["job_id"], one["job_id"])} for one in expect["outcome"]["outcomes"]]
        outcomes.sort(key=by_job)
        expect["outcome"] = {**expect["outcome"], "outcomes": outcomes}
        if "order" in expect:
            expect["order"] = [ids.get(name, name) for name in expect["order"]]
    return replace(case, expect=expect)


def by_job(outcome: dict[str, Any]) -> str:
    """Sorts the outcomes of many jobs, which come in the order of completion."""
    return json.dumps([outcome.get("job_id"), outcome.get("error"), outcome.get("status_complete")], sort_keys=True)


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
    where = entry["where"]
    # Images are asked about before they can be refused.
    sent = 1 if where == "download_images" or (accepted and where in VERBS and where != "verify_callback") else 0
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
