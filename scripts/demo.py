#!/usr/bin/env python3
"""Starts the local Smile ID and lets the five quick-start programs poll the same kind of job to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

from sandbox_client import Sandbox  # noqa: E402

BUILD = REPOSITORY / "build"
SANDBOX = REPOSITORY / "target" / "debug" / "smileid-jobs-sandbox"
PROGRAMS = (
    ("Rust", [str(REPOSITORY / "target" / "debug" / "examples" / "poll_job_status")]),
    ("Python", [str(BUILD / "venv" / "bin" / "python"), "bindings-python/examples/poll_job_status.py"]),
    ("Node", ["node", "bindings-node/examples/poll_job_status.mjs"]),
    ("C", [str(BUILD / "demo" / "poll_job_status-c")]),
    ("C++", [str(BUILD / "demo" / "poll_job_status-cpp")]),
)
BOUND_S = 60


def main() -> int:
    failed = 0
    for language, command in PROGRAMS:
        # Each gets a sandbox of its own, so that each sees the job's whole way from "not ready" to its result.
        with Sandbox.start(str(SANDBOX)) as sandbox:
            settings = {
                "SMILEID_PARTNER_ID": sandbox.partner_id,
                "SMILEID_API_KEY": sandbox.api_key,
                "SMILEID_BASE_URL": sandbox.url,
            }
            environment = {name: value for name, value in os.environ.items() if not name.startswith("SMILEID_")}
            try:
                done = subprocess.run(
                    command, cwd=REPOSITORY, env=environment | settings, capture_output=True, text=True, timeout=BOUND_S
                )
                status, printed = done.returncode, done.stdout + done.stderr
            except subprocess.TimeoutExpired:
                status, printed = None, f"did not end within {BOUND_S} s\n"
            asked = [entry["at_ms"] for entry in sandbox.log().entries]
        print(f"--- {language}: {' '.join(Path(word).name for word in command)}")
        print(f"    asked at {', '.join(f'{(at - asked[0]) / 1000:.1f} s' for at in asked)}" if asked else "    never asked")
        print("".join(f"    {line}\n" for line in printed.splitlines()), end="")
        ended_well = status == 0 and "succeeded: " in printed and len(asked) == 3
        failed += not ended_well
        if not ended_well:
            print(f"    ended with status {status}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
