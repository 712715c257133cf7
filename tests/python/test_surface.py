"""What users see: the two clients' surfaces, defaults, documentation, packaging."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import subprocess
import sys
import typing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

import pytest
from conftest import REPOSITORY

import smileid_jobs
from smileid_jobs import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

BINDING = REPOSITORY / "bindings-python"
DEFAULTS = json.loads((REPOSITORY / "tests" / "vectors" / "defaults.json").read_text(encoding="utf-8"))["arguments"]

ONE_JOB = ("user_id", "job_id")
VERBS = {
    **dict.fromkeys(("get_job_status", "poll_job_status", "wait_until_complete"), ONE_JOB),
    **dict.fromkeys(("watch_job_status", "poll_step", "notify"), ONE_JOB),
    "poll_many": ("jobs",),
    "download_images": ("status",),
    "verify_callback": ("body", "max_age"),
}


def public(cls: type) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")}


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    found.pop("self", None)
    return found


def test_both_clients_have_the_same_verbs() -> None:
    assert public(Client) - {"close"} == public(AsyncClient) - {"aclose"}
    for name, positional in VERBS.items():
        sync, asynchronous = (inspect.signature(getattr(cls, name)) for cls in (Client, AsyncClient))
        defaults = [[(name, p.kind, p.default) for name, p in verb.parameters.items()] for verb in (sync, asynchronous)]
        assert defaults[0] == defaults[1]
        shown = [name for name, p in sync.parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert shown == ["self", *positional]
    assert Client.__init__ is AsyncClient.__init__


@pytest.mark.parametrize("row", DEFAULTS, ids=lambda row: f"{row['used_by']}-{row['argument']}")
def test_signatures_show_the_cores_defaults(row: dict[str, Any]) -> None:
    verbs = (Client.__init__, Client.from_env) if row["used_by"] == "client" else (getattr(Client, row["used_by"]),)
    expected = row["default"]
    if row["kind"] == "duration_ms" and expected is not None:
        expected = expected / 1000
    for verb in verbs:
        default = parameters(verb)[row["argument"]].default
        assert default == expected
        assert type(default) is type(expected)


def test_every_default_shown_is_the_cores() -> None:
    known = {(row["used_by"], row["argument"]) for row in DEFAULTS}
    given = {"client": Client.__init__, **{name: getattr(Client, name) for name in VERBS}}
    for used_by, verb in given.items():
        for name, parameter in parameters(verb).items():
            is_shown = parameter.default not in (parameter.empty, None)
            assert not is_shown or (used_by, name) in known, f"{used_by}: {name}"


def test_from_env_takes_every_setting() -> None:
    own, from_env = parameters(Client.__init__), parameters(Client.from_env)
    assert list(own) == list(from_env)
    for name in set(own) - {"partner_id", "api_key"}:
        assert own[name].default is from_env[name].default


def test_the_default_cap_is_shown_as_a_number() -> None:
    assert str(inspect.signature(Client.poll_job_status).parameters["max_delay"]).endswith("= 30.0")


def test_everything_public_is_documented() -> None:
    for name in smileid_jobs.__all__:
        value = getattr(smileid_jobs, name)
        if not inspect.isclass(value):
            continue
        assert value.__doc__, name
        for member in public(value):
            raw = inspect.getattr_static(value, member)
            if inspect.isroutine(raw) or isinstance(raw, (property, classmethod)):
                assert inspect.getdoc(getattr(value, member)) or raw.__doc__, f"{name}.{member}"


def functions(cls: type) -> Iterator[Any]:
    for name in dir(cls):
        raw = inspect.getattr_static(cls, name)
        function = raw.fget if isinstance(raw, property) else getattr(raw, "__func__", raw)
        is_public = not name.startswith("_") or name in ("__init__", "__enter__", "__aenter__", "__next__", "__anext__")
        if is_public and inspect.isfunction(function) and function.__module__.startswith("smileid_jobs"):
            yield function


def test_annotations_can_be_resolved() -> None:
    for name in smileid_jobs.__all__:
        value = getattr(smileid_jobs, name)
        if inspect.isclass(value):
            hints = typing.get_type_hints(value)
            if dataclasses.is_dataclass(value):
                assert set(hints) >= {field.name for field in dataclasses.fields(value)}
            for function in functions(value):
                assert "return" in typing.get_type_hints(function) or function.__name__ == "__init__"
    assert typing.get_type_hints(smileid_jobs.JobOutcome)["error"] == Optional[smileid_jobs.SmileIDError]
    hints = typing.get_type_hints(Client.get_job_status)
    assert (hints["return"], hints["timeout"]) == (smileid_jobs.JobStatus, Union[float, timedelta, None])
    signature = inspect.signature(AsyncClient.from_env, eval_str=True)
    assert signature.parameters["partner_id"].annotation == Optional[str]


def test_annotations_load_nothing_before(tmp_path: Path) -> None:
    program = """
import sys
before = set(sys.modules)
from smileid_jobs import Client
loaded = {name for name in set(sys.modules) - before if not name.startswith("smileid_jobs")}
assert loaded <= {"__future__", "atexit"}, loaded
assert not {f"smileid_jobs.{name}" for name in ("errors", "results", "outcomes", "streams")} & set(sys.modules)
import typing
assert typing.get_type_hints(Client.poll_many)["return"] is __import__("smileid_jobs").JobOutcomes
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_arguments_are_documented() -> None:
    for verb in (Client.__init__, *(getattr(Client, name) for name in VERBS)):
        described = set(re.findall(r"^ +(\w+): ", verb.__doc__ or "", re.MULTILINE))
        assert set(parameters(verb)) <= described
        assert "Raises:" in (verb.__doc__ or "")


def test_versions_agree() -> None:
    cargo = (REPOSITORY / "Cargo.toml").read_text(encoding="utf-8")
    assert f'version = "{smileid_jobs.__version__}"' in cargo
    from importlib.metadata import version

    assert version("smileid-jobs") == smileid_jobs.__version__


def test_the_example_runs(sandbox: Any) -> None:
    program = BINDING / "examples" / "poll_job_status.py"
    settings = {"SMILEID_PARTNER_ID": sandbox.partner_id, "SMILEID_API_KEY": sandbox.api_key}
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**settings, "SMILEID_BASE_URL": sandbox.url},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "succeeded: True (code 0810, Enroll User)",
        "history: 3 results",
        "images: selfie and 8 liveness",
    ]


@pytest.mark.parametrize(
    "command",
    [
        ["mypy", "--strict", "typed_program.py", str(BINDING / "examples")],
        ["mypy.stubtest", "smileid_jobs", "--allowlist", "stubtest_allowlist.txt", "--ignore-unused-allowlist"],
    ],
    ids=["mypy", "stubtest"],
)
def test_types(command: list[str], tmp_path: Path) -> None:
    here = Path(__file__).resolve().parent
    environment = {"MYPYPATH": "", "MYPY_CACHE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
