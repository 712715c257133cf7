"""What the parts of a query cost from Python, in nanoseconds: `micro.py URL`. Prints one JSON line.

A status is read again from its body as a pickle would: Python has no other door to the envelope alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson
import smile_id_core
from reading import read_all
from smileid_jobs import Client, Signature

ROUNDS, ROUND_NS = 9, 20_000_000
url = sys.argv[1]


def best(work: Callable[[], Any]) -> float:
    """The best round, because whatever else runs here only adds."""

    def round_ns(calls: int) -> int:
        started = time.perf_counter_ns()
        for _ in range(calls):
            work()
        return time.perf_counter_ns() - started

    calls = 1
    while round_ns(calls) < ROUND_NS // 4:
        calls *= 2
    return min(round_ns(calls * 4) for _ in range(ROUNDS)) / (calls * 4)


def main() -> None:
    ours, sdk = Signature("001", "bench-key"), smile_id_core.Signature("001", "bench-key")
    signed = ours.generate_signature()
    told = {
        "sign": best(lambda: ours.generate_signature(signed.timestamp)),
        "sign, SDK": best(lambda: sdk.generate_signature(signed.timestamp)),
        "verify": best(lambda: ours.confirm_signature(signed.timestamp, signed.signature)),
        "verify, SDK": best(lambda: sdk.confirm_signature(signed.timestamp, signed.signature)),
    }
    for size in ("small", "complete", "large"):
        with Client("001", "bench-key", base_url=f"{url}/{size}") as client:
            status = client.get_job_status("user-1", "job-1")
        raw = status.raw
        make, arguments = status.__reduce__()
        told |= decoding(size, raw, make, arguments)
    print(json.dumps(told))


def decoding(size: str, raw: bytes, make: Callable[..., Any], arguments: Any) -> dict[str, float]:
    return {
        f"envelope, {size}": best(lambda: make(*arguments)),
        f"envelope and full decode, {size}": best(lambda: read_all(make(*arguments))),
        f"json.loads, {size}": best(lambda: json.loads(raw)),
        f"orjson.loads, {size}": best(lambda: orjson.loads(raw)),
    }


main()
