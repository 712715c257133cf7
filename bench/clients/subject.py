"""One Python subject: `subject.py SUBJECT URL CONCURRENCY SECONDS [CA_FILE]`.

All do the same work: sign, post, verify, parse. When it is warm it says `ready`; each line on its standard input opens
one window, which ends with one JSON line. SECONDS may be a number of queries, such as `500q`.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import hmac
import http.client
import json
import os
import queue
import resource
import ssl
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from reading import read_all

PARTNER_ID, API_KEY, USER_ID, JOB_ID = "001", "bench-key", "user-1", "job-1"
WARM_UP = 300

Ask = Callable[[], None]
Until = Callable[[int], bool]
AsyncAsk = Callable[[], Awaitable[None]]

name, url, concurrency_text, seconds_text, *rest = sys.argv[1:]
concurrency = int(concurrency_text)
ca_file = rest[0] if rest else None


def sign(timestamp: str) -> str:
    message = (timestamp + PARTNER_ID + "sid_request").encode()
    return base64.b64encode(hmac.digest(API_KEY.encode(), message, "sha256")).decode()


def query() -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "timestamp": now, "signature": sign(now), "partner_id": PARTNER_ID, "user_id": USER_ID, "job_id": JOB_ID,
        "image_links": False, "history": False,
    }


def verify(answer: dict[str, Any]) -> None:
    if not hmac.compare_digest(answer["signature"], sign(answer["timestamp"])):
        raise SystemExit("wrong signature")


def ours() -> Ask:
    from smileid_jobs import Client

    client = Client(PARTNER_ID, API_KEY, base_url=url, max_connections=concurrency, ca_bundle=ca_file)
    decode = name.endswith("decoded")

    def ask() -> None:
        status = client.get_job_status(USER_ID, JOB_ID)
        if decode:
            read_all(status)

    return ask


def sdk() -> Ask:
    from smile_id_core import Utilities

    utilities = Utilities(PARTNER_ID, API_KEY, f"{url}/v1")
    parameters = {"user_id": USER_ID, "job_id": JOB_ID, "job_type": 1}
    options = {"return_job_status": True, "return_history": False, "return_images": False}
    return lambda: utilities.get_job_status(parameters, options) and None


def http_client() -> Ask:
    """The best hand-written blocking client: connections kept open, orjson."""
    import orjson

    where = urlsplit(url)
    local = threading.local()
    headers = {"Content-Type": "application/json"}

    def connect() -> http.client.HTTPConnection:
        if where.scheme == "https":
            context = ssl.create_default_context(cafile=ca_file)
            return http.client.HTTPSConnection(where.netloc, context=context)
        return http.client.HTTPConnection(where.netloc)

    def ask() -> None:
        if not hasattr(local, "connection"):
            local.connection = connect()
        local.connection.request("POST", f"{where.path}/v1/job_status", orjson.dumps(query()), headers)
        verify(orjson.loads(local.connection.getresponse().read()))

    return ask


def requests_session() -> Ask:
    import requests

    local = threading.local()

    def ask() -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
            local.session.verify = ca_file or True
        verify(local.session.post(f"{url}/v1/job_status", json=query()).json())

    return ask


async def ours_async() -> AsyncAsk:
    from smileid_jobs import AsyncClient

    client = AsyncClient(PARTNER_ID, API_KEY, base_url=url, max_connections=concurrency, ca_bundle=ca_file)
    decode = name.endswith("decoded")

    async def ask() -> None:
        status = await client.get_job_status(USER_ID, JOB_ID)
        if decode:
            read_all(status)

    return ask


async def aiohttp_session() -> AsyncAsk:
    import aiohttp
    import orjson

    context = ssl.create_default_context(cafile=ca_file) if ca_file else True
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency, ssl=context))
    headers = {"Content-Type": "application/json"}

    async def ask() -> None:
        async with session.post(f"{url}/v1/job_status", data=orjson.dumps(query()), headers=headers) as response:
            verify(orjson.loads(await response.read()))

    return ask


async def httpx_client() -> AsyncAsk:
    import httpx

    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    client = httpx.AsyncClient(limits=limits, verify=ssl.create_default_context(cafile=ca_file), trust_env=False)

    async def ask() -> None:
        verify((await client.post(f"{url}/v1/job_status", json=query())).json())

    return ask


SYNC = {"ours": ours, "ours-decoded": ours, "sdk": sdk, "http.client": http_client, "requests": requests_session}
ASYNC = {
    "ours-asyncio": ours_async, "ours-asyncio-decoded": ours_async, "ours-uvloop": ours_async, "aiohttp": aiohttp_session,
    "aiohttp-uvloop": aiohttp_session, "httpx": httpx_client,
}


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def threads(ask: Ask) -> Callable[[Until], int]:
    """What asks from as many threads as there is concurrency, which are there all along; the caller's alone where that is one."""

    def work(until: Until) -> int:
        count = 0
        while until(count):
            ask()
            count += 1
        return count

    if concurrency == 1:
        return work
    orders: list[queue.SimpleQueue[Until]] = [queue.SimpleQueue() for _ in range(concurrency)]
    counts: queue.SimpleQueue[int] = queue.SimpleQueue()

    def worker(told: queue.SimpleQueue[Until]) -> None:
        try:
            while True:
                counts.put(work(told.get()))
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    for told in orders:
        threading.Thread(target=worker, args=(told,), daemon=True).start()

    def all_work(until: Until) -> int:
        for told in orders:
            told.put(until)
        return sum(counts.get() for _ in orders)

    return all_work


async def tasks(ask: AsyncAsk, until: Until) -> int:
    counts = [0] * concurrency

    async def work(at: int) -> None:
        while until(counts[at]):
            await ask()
            counts[at] += 1

    await asyncio.gather(*(work(at) for at in range(concurrency)))
    return sum(counts)


def until(started: float) -> Until:
    """Whether a worker that has asked so often is to ask again."""
    if seconds_text.endswith("q"):
        most = int(seconds_text[:-1])
        return lambda count: count < most
    ends_at = started + float(seconds_text)
    return lambda _: time.perf_counter() < ends_at


def report(queries: int, started: float, cpu_before: float) -> None:
    line = {"n": queries, "seconds": time.perf_counter() - started, "cpu_us": (cpu() - cpu_before) * 1e6}
    print(json.dumps(line), flush=True)


def main() -> None:
    warm = WARM_UP // concurrency + 1
    if name in SYNC:
        work = threads(SYNC[name]())
        work(lambda count: count < warm)
        print("ready", flush=True)
        while sys.stdin.readline():
            started, before = time.perf_counter(), cpu()
            report(work(until(started)), started, before)
        return

    async def run() -> None:
        ask = await ASYNC[name]()
        await tasks(ask, lambda count: count < warm)
        print("ready", flush=True)
        # Blocks the loop between windows: nobody is to work there.
        while sys.stdin.readline():
            started, before = time.perf_counter(), cpu()
            report(await tasks(ask, until(started)), started, before)

    if name.endswith("uvloop"):
        import uvloop

        uvloop.run(run())
    else:
        asyncio.run(run())


if __name__ == "__main__":
    main()
