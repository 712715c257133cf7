"""A short process that ends while calls are in flight: `exit.py URL NUMBER`.

Half of the calls are never answered and half are answered all the time, from threads that are not waited for, from an
event loop that is closed and from one in a thread, so that the interpreter goes down in the middle of everything.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time

from smileid_jobs import AsyncClient, Client, SmileIDError

url, number = sys.argv[1], int(sys.argv[2])
chance = random.Random(number)
PATHS = (f"{url}/small-60000", f"{url}/complete")


def ask(client: Client) -> None:
    # Once the interpreter goes down there is an error in place of an answer.
    try:
        while True:
            client.get_job_status("user-1", "job-1")
    except SmileIDError:
        pass


async def ask_from_tasks(seconds: float) -> None:
    clients = [AsyncClient("001", "bench-key", base_url=path) for path in PATHS]
    pairs = [("user-1", f"job-{n}") for n in range(200)]

    async def again(client: AsyncClient) -> None:
        while True:
            await client.get_job_status("user-1", "job-1")

    async def many(client: AsyncClient) -> None:
        async for _ in client.poll_many(pairs, timeout=None):
            pass

    tasks = [asyncio.create_task(work(client)) for client in clients for work in (again, again, many)]
    await asyncio.sleep(seconds)
    del tasks


if number % 3 != 1:
    for path in PATHS:
        client = Client("001", "bench-key", base_url=path)
        for _ in range(4):
            threading.Thread(target=ask, args=(client,), daemon=True).start()
if number % 4 == 3:
    threading.Thread(target=lambda: asyncio.run(ask_from_tasks(60)), daemon=True).start()
if number % 3 != 0:
    asyncio.run(ask_from_tasks(chance.uniform(0, 0.03)))
time.sleep(chance.uniform(0, 0.03))
