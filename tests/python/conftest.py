"""What the tests share: one sandbox, clients for it, and programs to run as processes of their own."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))
os.environ.setdefault("SMILEID_SANDBOX_BIN", str(REPOSITORY / "target" / "debug" / "smileid-jobs-sandbox"))

from sandbox_client import Sandbox
from smileid_jobs import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM_BOUND_S = 20
TRIES = 3
"""How often something is timed whose shortest time counts: the machine may be busy with something else."""


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.from_environment() as sandbox:
        yield sandbox


@pytest.fixture
def settings(sandbox: Sandbox) -> dict[str, Any]:
    return {"partner_id": sandbox.partner_id, "api_key": sandbox.api_key, "base_url": sandbox.url}


@pytest.fixture
def client(settings: dict[str, Any]) -> Iterator[Client]:
    with Client(**settings) as client:
        yield client


@pytest.fixture
def async_client(settings: dict[str, Any]) -> AsyncClient:
    return AsyncClient(**settings)


@pytest.fixture
def user() -> str:
    return f"user-CANARY-{secrets.token_hex(6)}"


PRELUDE = """\
import asyncio, os, signal, sys, threading, time
import smileid_jobs
from smileid_jobs import AsyncClient, Client

signal.alarm(15)  # ends forked children too, if they hang
client, async_client = Client.from_env, AsyncClient.from_env
"""


@dataclass
class Programs:
    """Runs programs against the sandbox, each in a process of its own."""

    sandbox: Sandbox
    folder: Path
    prelude: str = PRELUDE

    def start(self, source: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a program; `client` and `async_client` make clients for the sandbox in it."""
        program = self.folder / f"program_{secrets.token_hex(4)}.py"
        program.write_text(self.prelude + textwrap.dedent(source))
        sandbox = self.sandbox
        settings = {"SMILEID_PARTNER_ID": sandbox.partner_id, "SMILEID_API_KEY": sandbox.api_key}
        # Whoever runs the tests may have settings of their own.
        rest = {name: value for name, value in os.environ.items() if not name.startswith("SMILEID_")}
        return subprocess.Popen(
            # Python 3.12 and later warn of every fork beside threads.
            [sys.executable, "-W", "ignore::DeprecationWarning", str(program)],
            env={**rest, **settings, "SMILEID_BASE_URL": sandbox.url, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, str, str]:
        """Exit status, standard output and standard error."""
        try:
            output, errors = process.communicate(timeout=PROGRAM_BOUND_S)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            pytest.fail(f"the program hung; it said {output!r} and {errors!r}")
        return process.returncode, output, errors

    def run(self, source: str, **environment: str) -> tuple[int, str, str]:
        """Starts a program and waits for its end."""
        return self.finish(self.start(source, **environment))


@pytest.fixture
def programs(sandbox: Sandbox, tmp_path: Path) -> Programs:
    return Programs(sandbox, tmp_path)


@pytest.fixture(params=["asyncio", "uvloop", "without add_reader"])
def new_loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes event loops of each kind that the bridge must serve."""
    if request.param == "uvloop":
        import uvloop

        return uvloop.new_event_loop
    return asyncio.new_event_loop if request.param == "asyncio" else LoopWithoutReaders


class LoopWithoutReaders(asyncio.SelectorEventLoop):
    """What Windows' default loop is like."""

    def add_reader(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError


def wait_until(due: Callable[[], bool], bound_s: float = 5.0) -> float:
    """Waits until something holds and says how long that took."""
    import time

    start = time.monotonic()
    while not due():
        if time.monotonic() - start > bound_s:
            pytest.fail("what was waited for did not come")
        time.sleep(0.002)
    return time.monotonic() - start
