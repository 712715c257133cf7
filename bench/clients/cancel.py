"""How soon a cancelled task is told: `cancel.py URL`. Prints one JSON line of [p50, p99] in ms."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from smileid_jobs import AsyncClient

ROUNDS = 300
url = sys.argv[1]


async def latencies(client: AsyncClient) -> list[float]:
    taken = []
    for n in range(ROUNDS):
        task = asyncio.create_task(client.wait_until_complete("user", f"job-{n}", initial_delay=20))
        await asyncio.sleep(0.01)
        started = time.perf_counter()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            taken.append((time.perf_counter() - started) * 1000)
        else:
            raise SystemExit("the wait was over before it was cancelled")
    return sorted(taken)


async def main() -> None:
    told = {}
    for name, path in (("in flight", "small-60000"), ("sleeping", "small")):
        async with AsyncClient("001", "bench-key", base_url=f"{url}/{path}") as client:
            taken = await latencies(client)
            told[name] = [taken[ROUNDS // 2], taken[ROUNDS * 99 // 100]]
    print(json.dumps(told))


asyncio.run(main())
