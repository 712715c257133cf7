"""Jobs that wait while others look at the process: `hold.py FORM URL JOBS DELAY`.

Forms: `many` (`poll_many`), `tasks` (a task in `wait_until_complete` for each job), `bare` (a task that waits for a
future, and nothing of ours). `go`, `heap` and `stop` on the standard input say what is next.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Coroutine
from typing import Any

form, url, jobs_text, delay_text = sys.argv[1:]
jobs, delay = int(jobs_text), float(delay_text)


class Malloc(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def heap() -> int:
    """Bytes in use: what was malloc'ed by anybody, and Python's own small objects, which are not."""
    gc.collect()
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = Malloc
    malloc = libc.mallinfo2()
    return int(malloc.uordblks + malloc.hblkhd + small_objects())


def small_objects() -> int:
    """Python tells it on the standard error stream only."""
    own = os.dup(2)
    with tempfile.TemporaryFile() as told:
        os.dup2(told.fileno(), 2)
        sys._debugmallocstats()
        os.dup2(own, 2)
        os.close(own)
        told.seek(0)
        found = re.search(r"# bytes in allocated blocks\s*=\s*([\d,]+)", told.read().decode())
    return int(found.group(1).replace(",", "")) if found else 0


def ids(n: int) -> tuple[str, str]:
    return f"5f0b1f6e-54a3-4c5e-9c1b-{n:012}", f"a3d1c9de-7b42-4f0a-8f6d-{n:012}"


async def bare() -> None:
    await asyncio.get_running_loop().create_future()


async def main() -> None:
    # The caller's own, whatever waits for them.
    pairs = [ids(n) for n in range(jobs)]
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(bare())]
    if form == "bare":

        def work(user_id: str, job_id: str) -> Coroutine[Any, Any, Any]:
            return bare()
    else:
        from smileid_jobs import AsyncClient

        client = AsyncClient("001", "bench-key", base_url=f"{url}/small")
        # Connections and everything else that does not grow with the jobs.
        async for _ in client.poll_many(map(ids, range(256)), timeout=0):
            pass

        def work(user_id: str, job_id: str) -> Coroutine[Any, Any, Any]:
            return client.wait_until_complete(user_id, job_id, timeout=None, initial_delay=delay, max_delay=delay)

    async def many() -> None:
        async for outcome in client.poll_many(pairs, timeout=None, max_waiting=jobs, initial_delay=delay, max_delay=delay):
            raise SystemExit(f"no job of this server ever ends: {outcome}")

    heap()
    print("ready", flush=True)
    sys.stdin.readline()
    before = heap()
    tasks += [asyncio.create_task(many())] if form == "many" else [asyncio.create_task(work(*pair)) for pair in pairs]
    told: asyncio.Queue[str] = asyncio.Queue()
    asyncio.get_running_loop().add_reader(0, lambda: told.put_nowait(sys.stdin.readline()))
    while (await told.get()).strip() == "heap":
        print(json.dumps({"heap_bytes": heap() - before}), flush=True)
    if not all(task.done() for task in tasks):
        started = time.perf_counter()
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        cancel_ms = (time.perf_counter() - started) * 1000
        if all(isinstance(end, asyncio.CancelledError) for end in ended):
            print(json.dumps({"cancel_all_ms": cancel_ms}), flush=True)
            return
    raise SystemExit("a wait was over before it was cancelled")


asyncio.run(main())
