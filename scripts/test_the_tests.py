#!/usr/bin/env python3
"""Breaks rules of the core in a copy, one at a time, and expects red cells in every language.

A matrix that stays green while a rule is broken proves nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
COPY = REPOSITORY / "build" / "broken"
COLUMNS = ("rust", "python", "asyncio", "node", "c", "cpp")


@dataclass(frozen=True)
class Break:
    """A rule, the line that keeps it, and the line that breaks it."""

    rule: str
    file: str
    line: str
    broken: str
    must_be_red: str
    """A case that every language must see red."""


BREAKS = (
    Break(
        "a wrong signature is refused",
        "core/src/retry.rs",
        "if key.confirm_signature(timestamp, signature) {",
        "if key.confirm_signature(timestamp, signature) || !signature.is_empty() {",
        "signature-wrong",
    ),
    Break(
        "an answer is about whom it was asked",
        "core/src/retry.rs",
        "Ok(()) if envelope.is_about_another(body, &query.ids.user_id, &query.ids.job_id) => {",
        "Ok(()) if false && envelope.is_about_another(body, &query.ids.user_id, &query.ids.job_id) => {",
        "other-user",
    ),
    Break(
        "503 is transient",
        "core/src/code.rs",
        "matches!(status, 500 | 502..=504)",
        "matches!(status, 500 | 502 | 504)",
        "retry-503",
    ),
    Break(
        "a poll waits as long as Retry-After says",
        "core/src/config.rs",
        "pub(crate) const RETRY_AFTER_CAP: Duration = Duration::from_secs(60);",
        "pub(crate) const RETRY_AFTER_CAP: Duration = Duration::ZERO;",
        "wait-retry-after-is-kept",
    ),
    # Of a result's own fields Node reads the usual ones itself; the envelope is read in the core alone.
    Break(
        "job_success may be a text",
        "core/src/response/envelope.rs",
        '"job_success" => envelope.job_success = lenient::boolean(json),',
        '"job_success" => envelope.job_success = lenient::boolean(json).filter(|_| !json.starts_with(\'"\')),',
        "decode/job-success-text-true",
    ),
    Break(
        "delays double",
        "core/src/poll/schedule.rs",
        "self.initial_delay.saturating_mul(1 << doublings).min(self.max_delay)",
        "self.initial_delay.saturating_mul(1 + 0 * doublings).min(self.max_delay)",
        "schedule/",
    ),
)


def run(*command: str, may_fail: bool = False) -> str:
    done = subprocess.run(command, cwd=COPY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode and not may_fail:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def copy() -> None:
    """A copy with what is built already, so that only the core is compiled again."""
    if COPY.exists():
        shutil.rmtree(COPY)
    listing = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    files = subprocess.run(listing, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout
    for name in filter(None, files.decode().split("\0")):
        source = REPOSITORY / name
        if source.is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, COPY / name)
    for name in ("target", "bindings-node/node_modules"):
        if (REPOSITORY / name).exists():
            shutil.copytree(REPOSITORY / name, COPY / name, symlinks=True)


def build() -> None:
    """Unoptimised: what is slow here does not matter."""
    run("cargo", "build", "-q", "-p", "smileid-jobs-tests", "-p", "smileid-jobs-sandbox")
    if not (COPY / "build/venv").exists():
        run(sys.executable, "-m", "venv", "build/venv")
    pip = ("build/venv/bin/pip", "install", "-q", "--force-reinstall", "--no-deps")
    run(*pip, "./bindings-python", "--config-settings=build-args=--profile=dev")
    run("npm", "--prefix", "bindings-node", "run", "--silent", "build:debug")
    run("make", "-s", "-C", "tests/c", "drivers")


def red_columns(printed: str, case: str) -> set[str]:
    """The languages in which the case is red of itself, and not only unlike a language that is wrong."""
    reason = rf"^\s+{re.escape(case)}\S* · (\w+): (?!unlike )"
    return {found[1] for found in re.finditer(reason, printed, re.MULTILINE)}


def main() -> int:
    copy()
    passed = failed = 0
    for broken in BREAKS:
        path = COPY / broken.file
        sound = path.read_text(encoding="utf-8")
        if sound.count(broken.line) != 1:
            raise SystemExit(f"{broken.file}: the line that keeps the rule “{broken.rule}” is not there once")
        path.write_text(sound.replace(broken.line, broken.broken), encoding="utf-8")
        build()
        printed = run(sys.executable, "tests/run.py", may_fail=True)
        path.write_text(sound, encoding="utf-8")
        red = red_columns(printed, broken.must_be_red)
        for column in COLUMNS:
            passed += column in red
            failed += column not in red
        missing = ", ".join(sorted(set(COLUMNS) - red))
        print(f"{broken.rule}: " + (f"still green in {missing}" if missing else "red in every language"), flush=True)
    shutil.rmtree(COPY)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
