#!/usr/bin/env python3
"""Plays all cases in C and in C++: the columns `c` and `cpp`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from case_driver import CaseDriver, built
from harness import Results, Sandbox, play_all

if __name__ == "__main__":
    with Sandbox.from_environment() as sandbox:
        for language in ("c", "cpp"):
            with CaseDriver([str(built(f"driver-{language}"))]) as driver:
                play_all(language, driver.drive, sandbox, Results.from_environment())
