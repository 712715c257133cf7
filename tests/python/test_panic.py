"""A bug inside the native library becomes an InternalError: no crash, no hang, and the client works on.

The panic is one that only a build with the feature `testing` has, made here beside the installed package.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import REPOSITORY, Programs

import smileid_jobs


@pytest.fixture(scope="module")
def package_with_a_bug(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import from, with a debug build whose calls for one job id panic."""
    command = ["cargo", "build", "--locked", "-p", "smileid-jobs-python", "--features", "testing"]
    done = subprocess.run(
        [*command, "--message-format=json-render-diagnostics"],
        cwd=REPOSITORY,
        env={**os.environ, "PYO3_BUILD_EXTENSION_MODULE": "1"},
        stdout=subprocess.PIPE,
        timeout=600,
        check=True,
    )
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    built = [m for m in messages if m["reason"] == "compiler-artifact" and m["target"]["name"] == "_native"]
    folder = tmp_path_factory.mktemp("package")
    source = Path(smileid_jobs.__file__).parent
    shutil.copytree(source, folder / "smileid_jobs", ignore=shutil.ignore_patterns("_native*.so", "__pycache__"))
    shutil.copy(built[0]["filenames"][0], folder / "smileid_jobs" / "_native.abi3.so")
    return folder


def test_a_panic_is_an_internal_error(programs: Programs, package_with_a_bug: Path) -> None:
    status, output, errors = programs.run(
        """
        c, a = client(), async_client()

        async def ask(verb):
            return await verb("user-CANARY", "testing-panic")

        calls = {
            "get": lambda: c.get_job_status("user-CANARY", "testing-panic"),
            "poll": lambda: c.poll_job_status("user-CANARY", "testing-panic"),
            "aget": lambda: asyncio.run(ask(a.get_job_status)),
            "apoll": lambda: asyncio.run(ask(a.poll_job_status)),
        }
        for name, call in calls.items():
            try:
                call()
            except smileid_jobs.InternalError as error:
                print(name, error.number, error)
        print(c.get_job_status("user-CANARY", "complete").job_complete)
        print(asyncio.run(a.get_job_status("user-CANARY", "complete")).job_complete)
        """,
        PYTHONPATH=str(package_with_a_bug),
    )
    message = "9001 the library failed inside; this is a bug, please report it"
    assert status == 0, errors
    assert output.splitlines() == [f"{name} {message}" for name in ("get", "poll", "aget", "apoll")] + ["True", "True"]
    assert errors.count("injected by a test") == 4
    assert "CANARY" not in errors


def test_what_users_get_has_no_such_panic(programs: Programs) -> None:
    assert programs.run('client().get_job_status("user", "testing-panic")') == (0, "", "")
