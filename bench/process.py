"""The programs that are measured, seen from outside: memory, threads' switches, sockets and CPU as the kernel counts them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import platform
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

BENCH = Path(__file__).resolve().parent
REPOSITORY = BENCH.parent
OUT = REPOSITORY / "build" / "bench"
RELEASE = REPOSITORY / "target" / "release"
CA_FILE = OUT / "ca.pem"
PYTHON = str(OUT / "venv/bin/python")
CLIENTS = BENCH / "clients"

ALLOWED = sorted(os.sched_getaffinity(0))
"""Not simply 0 and 1: a container may have others."""
CLIENT_CORE, SERVER_CORE = str(ALLOWED[0]), str(ALLOWED[:2][-1])
SHARES_A_CORE = CLIENT_CORE == SERVER_CORE
"""Where there is only one: figures are then of both programs, and no ground for a verdict."""
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def environment(more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Ours without proxies: nobody asks through one here."""
    own = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    return own | {"BENCH_PEERS": str(OUT / "package.json"), **more}


class Failed(Exception):
    """A program ended, or said nothing in time."""


def next_line(process: subprocess.Popen[str], timeout: float) -> str:
    """What a program prints next; nothing, if it ended or takes too long."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], timeout)
    return process.stdout.readline() if ready else ""


class Program:
    """A process on the client's core that answers lines with lines."""

    def __init__(self, command: list[str], timeout: float = 60, more: Mapping[str, str] = MappingProxyType({})) -> None:
        self._timeout = timeout
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["taskset", "-c", CLIENT_CORE, *command], env=environment(more),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
        )
        self._proc = Path(f"/proc/{self._process.pid}")
        try:
            self.hear()
        except BaseException:
            self.end()
            raise

    def hear(self) -> str:
        """The next line it prints; the first one says that it is warm."""
        line = next_line(self._process, self._timeout)
        if not line:
            self._errors.seek(0)
            told = self._errors.read().decode(errors="replace").strip()[-300:]
            raise Failed(f"ended with {self._process.poll()}: {told}")
        return line

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def ask(self, line: str) -> Any:
        self.tell(line)
        return json.loads(self.hear())

    def rss_bytes(self) -> int:
        return int(self._read("statm").split()[1]) * PAGE_BYTES

    def brk_bytes(self) -> int:
        """What is resident of the part of memory that `malloc` grows; all of its memory, where it is told so."""
        lines = self._read("smaps").splitlines()
        starts = [number for number, line in enumerate(lines) if line.endswith("[heap]")]
        return sum(self._field("\n".join(lines[start + 1:start + 20]), "Rss") * 1024 for start in starts)

    def peak_rss_bytes(self) -> int:
        """Of this program alone: what `getrusage` says includes whoever started it."""
        return self._field(self._read("status"), "VmHWM") * 1024

    def cpu_seconds(self) -> float:
        user, system = self._read("stat").rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS_PER_SECOND

    def wake_ups(self) -> int:
        """How often any of its threads has waited for something, and gone on."""
        threads = (self._proc / "task").iterdir()
        return sum(self._field((thread / "status").read_text(), "voluntary_ctxt_switches") for thread in threads)

    def connections(self) -> int:
        """TCP sockets that are open."""
        lines = self._read("net/tcp").splitlines()[1:]
        tcp = {f"socket:[{line.split()[9]}]" for line in lines}
        links = [os.readlink(link) for link in (self._proc / "fd").iterdir()]
        return sum(link in tcp for link in links)

    def _read(self, name: str) -> str:
        return (self._proc / name).read_text()

    def _field(self, text: str, name: str) -> int:
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + ":"))

    def end(self) -> int:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._errors.close()
        return code

    def __enter__(self) -> Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()


@dataclass(frozen=True)
class Server:
    """The fixed-answer server."""

    http: str
    https: str

    def asked(self) -> int:
        """How many queries it has seen."""
        connection = http.client.HTTPConnection(self.http.removeprefix("http://"), timeout=10)
        connection.request("GET", "/stats")
        asked: int = json.loads(connection.getresponse().read())["asked"]
        connection.close()
        return asked

    def wait_for(self, asked: int, seconds: float = 60) -> None:
        ends_at = time.monotonic() + seconds
        while self.asked() < asked:
            if time.monotonic() > ends_at:
                raise Failed(f"{self.asked()} of {asked} queries were seen")
            time.sleep(0.05)


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A server of its own, on a core of its own where there are two."""
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, str(RELEASE / "bench-server"), str(CA_FILE)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    assert process.stdin is not None
    try:
        line = next_line(process, timeout=60)
        if not line:
            process.kill()
            raise Failed(f"the server said nothing and ended with {process.wait()}")
        yield Server(**json.loads(line))
    finally:
        process.stdin.close()
        process.wait(timeout=10)


def result_of(command: list[str], timeout: float = 120) -> Any:
    """What a program that ends by itself prints as its last line."""
    run = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, *command], env=environment(),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
    )
    if run.returncode:
        raise Failed(f"{Path(command[0]).name} ended with {run.returncode}: {run.stderr.strip()[-300:]}")
    if not run.stdout.strip():
        raise Failed(f"{Path(command[0]).name} said nothing")
    return json.loads(run.stdout.strip().splitlines()[-1])


@contextlib.contextmanager
def awake() -> Iterator[bool]:
    """Keeps the cores from sleeping while a program waits, where that is allowed; gives whether it is.

    A core that was asleep, in a virtual machine above all, is charged to whoever runs next on it: the same system calls
    then cost twice as much, and differently so from round to round. See the kernel's pm_qos_interface: a latency of 0 us
    counts for as long as the file is open.
    """
    try:
        request = open("/dev/cpu_dma_latency", "wb", buffering=0)
        request.write((0).to_bytes(4, sys.byteorder))
    except OSError:
        yield False
        return
    with request:
        yield True


def is_quiet() -> bool:
    """Whether a program that only computes gets the client's core for itself."""
    probe = (
        "import time; wall, cpu = time.perf_counter(), time.process_time()\n"
        "while time.process_time() - cpu < 0.2: pass\n"
        "print((time.perf_counter() - wall) / (time.process_time() - cpu))"
    )
    return not SHARES_A_CORE and float(result_of([PYTHON, "-c", probe])) <= 1.1


def machine() -> str:
    system = f"{platform.system()} {platform.release()}"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{os.cpu_count()} × {line.split(':')[1].strip()}, {system}"
    return f"{os.cpu_count()} × {platform.machine()}, {system}"
