#!/usr/bin/env python3
"""Plays all cases in Node: the column `node`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import Results, Sandbox, play_all  # noqa: E402
from line_driver import LineDriver  # noqa: E402

if __name__ == "__main__":
    with Sandbox.from_environment() as sandbox, LineDriver(["node", str(HERE / "drive-cases.mjs")]) as driver:
        play_all("node", driver.drive, sandbox, Results.from_environment())
