"""What the tests of C and C++ share: compilers, programs, the sandbox they ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import unittest
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sandbox_client import Sandbox

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

PREFIX = Path(os.environ.get("SMILEID_C_PREFIX", ROOT / "build" / "c"))
TESTING_PREFIX = PREFIX.with_name(PREFIX.name + "-testing")
OUT = Path(os.environ.get("SMILEID_C_OUT", ROOT / "build" / "c-tests"))
BINDING = ROOT / "bindings-c"
PROGRAMS = HERE / "programs"
WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror")
STATIC_LIBS = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"]
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
BOUND_S = 60


def run(
    command: Sequence[str | Path], env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, which must come in time."""
    return subprocess.run(
        [str(word) for word in command], env=env, cwd=cwd, capture_output=True, text=True, timeout=BOUND_S
    )


def must(command: Sequence[str | Path], env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Runs a command that must end with status 0, and returns what it printed."""
    done = run(command, env, cwd)
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def install(prefix: Path, features: str = "") -> None:
    """Installs the library as users do, unoptimised unless $PROFILE says otherwise."""
    profile = os.environ.get("PROFILE", "dev")
    command = ["make", "-s", "-C", BINDING, "install", f"PREFIX={prefix}", f"PROFILE={profile}", f"FEATURES={features}"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise AssertionError(f"make install ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def compiler(source: Path) -> list[str]:
    return ["g++", "-std=c++17"] if source.suffix == ".cpp" else ["gcc", "-std=c99"]


def build(
    name: str, sources: Sequence[Path], prefix: Path = PREFIX, sanitized: bool = False, libs: Sequence[str] = ()
) -> Path:
    """Builds a program against the shared library, or with ASan and UBSan against the static one."""
    OUT.mkdir(parents=True, exist_ok=True)
    flags = ["-g", *(SANITIZERS if sanitized else ())]
    objects = [OUT / f"{name}-{source.stem}.o" for source in sources]
    for source, compiled in zip(sources, objects, strict=True):
        must([*compiler(source), *WARNINGS, *flags, f"-I{prefix}/include", "-c", source, "-o", compiled])
    static = [prefix / "lib" / "libsmileid_jobs.a", *STATIC_LIBS]
    shared = [f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-lsmileid_jobs", "-pthread"]
    linked = static if sanitized else shared
    must([compiler(sources[-1])[0], *flags, *objects, "-o", OUT / name, *linked, *libs])
    return OUT / name


def program(name: str) -> list[Path]:
    return [PROGRAMS / name]


def is_there(tool: str) -> bool:
    """Whether an optional tool is on this machine."""
    return shutil.which(tool) is not None


def needs(tool: str) -> Callable[[Any], Any]:
    """Takes a test out of its class where its tool is missing, and says so: what tests nothing has not passed."""
    if is_there(tool):
        return lambda test: test
    # What cannot be called is no test.
    return lambda test: print(f"no {tool} on this machine: without {test.__qualname__}", file=sys.stderr)


class SandboxTest(unittest.TestCase):
    """Tests whose programs ask a sandbox, found through the environment as users' programs find Smile ID."""

    sandbox: Sandbox

    @classmethod
    def setUpClass(cls) -> None:
        binary = os.environ.get("SMILEID_SANDBOX_BIN", str(ROOT / "target" / "debug" / "smileid-jobs-sandbox"))
        cls.sandbox = Sandbox.start(binary)
        cls.addClassCleanup(cls.sandbox.stop)

    @property
    def env(self) -> dict[str, str]:
        # What the shell of whoever runs the tests says of Smile ID is not for the programs.
        others = {name: value for name, value in os.environ.items() if not name.startswith("SMILEID_")}
        return {
            **others,
            "SMILEID_PARTNER_ID": self.sandbox.partner_id,
            "SMILEID_API_KEY": self.sandbox.api_key,
            "SMILEID_BASE_URL": self.sandbox.url,
            "ASAN_OPTIONS": "detect_leaks=1",
        }

    def post_stories(self) -> None:
        """What the programs ask for beside magic jobs."""
        refused = {"status": 400, "body": {"error": "no", "code": "2213"}}
        self.sandbox.post_story("user-own", "pending-then-refused", [{"pending": True}, refused])
        nul = '{"timestamp":"{{timestamp}}","signature":"{{signature}}","job_complete":false,"result":"a\\u0000b"}'
        self.sandbox.post_story("user-own", "nul", [{"body_text": nul}])
        links = [("user-waits", "stalling-images", "stall"), ("user-cpp", "stalling-images", "stall")]
        links += [("user-CANARY", "expired-links", "status-403"), ("user-CANARY", "page-links", "page")]
        for user, job, wrong in links:
            image_links = {"selfie_image": f"{{{{origin}}}}/images/{wrong}/CANARY.jpg"}
            self.sandbox.post_story(user, job, [{"body": {"job_complete": True, "image_links": image_links}}])

    def plays(self, command: Sequence[str | Path]) -> str:
        """Runs a program that must end with status 0 and print nothing on stderr."""
        done = run(command, self.env)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout
