"""Programs on a machine without CA certificates, where the library has something to warn of.

Where this user may not hide the certificates for one process, the programs see them, and must hear no warning.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_STORES = ("/etc/ssl", "/etc/pki")
_COVER = "".join(f"[ ! -d {store} ] || mount -t tmpfs none {store} || exit 1; " for store in _STORES)
PREFIX = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _COVER + 'exec "$@"', "sh")
WARNING = "this machine has no CA certificates; using the bundled ones"


def is_possible() -> bool:
    """Whether this user may cover the stores, for one process; then programs hear the warning."""
    try:
        return subprocess.run([*PREFIX, "true"], capture_output=True, timeout=10).returncode == 0
    except OSError:
        return False


def run(*command: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command that sees no certificates."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT_")}
    words = [*(PREFIX if is_possible() else ()), *map(str, command)]
    done = subprocess.run(words, env={**kept, **environment}, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr
