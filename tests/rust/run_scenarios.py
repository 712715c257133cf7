#!/usr/bin/env python3
"""Plays all cases in Rust: the column `rust`."""

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from harness import Results, Sandbox, play_all  # noqa: E402
from line_driver import LineDriver  # noqa: E402

DRIVER = Path(os.environ.get("CARGO_TARGET_DIR", TESTS.parent / "target")) / "debug" / "drive-cases"

if __name__ == "__main__":
    with Sandbox.from_environment() as sandbox, LineDriver([str(DRIVER)]) as driver:
        play_all("rust", driver.drive, sandbox, Results.from_environment())
