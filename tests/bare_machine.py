"""Programs on a machine without CA certificates, where the library has something to warn of."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

WARNING = "this machine has no CA certificates; using the bundled ones"
_SOURCE = Path(__file__).with_name("no_certificates.c")
_FOLDER = tempfile.TemporaryDirectory()


@cache
def _preloaded() -> str:
    """A library in place of a mount namespace, which containers and some systems give nobody."""
    library = f"{_FOLDER.name}/no_certificates.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, str(_SOURCE), "-ldl"], check=True, timeout=60)
    return library


def run(*command: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command that sees no certificates."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT_")}
    env = {**kept, **environment, "LD_PRELOAD": _preloaded()}
    done = subprocess.run([*map(str, command)], env=env, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr
