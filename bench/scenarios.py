"""What is measured, who takes part, and which ratios are printed with the floors they must reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """One kind of work: an answer, how many at once, and over what."""

    id: str
    path: str
    concurrency: int
    tls: bool = False
    full_only: bool = False
    """Only with BENCH=full."""


SCENARIOS = (
    Scenario("sequential", "complete", 1),
    Scenario("64 at once", "complete", 64),
    Scenario("TLS sequential", "complete", 1, tls=True),
    Scenario("TLS 64 at once", "complete", 64, tls=True),
    Scenario("98 KB sequential", "large", 1),
    Scenario("98 KB, 64 at once", "large", 64, full_only=True),
    Scenario("0.2 KB sequential", "small", 1, full_only=True),
    Scenario("0.2 KB, 64 at once", "small", 64, full_only=True),
    Scenario("256 at once, 50 ms away", "complete-50", 256, full_only=True),
)

RUST = ("epoll", "hyper", "core", "core-decoded", "core-reqwest", "reqwest-bare", "reqwest")
C = ("c",)
PYTHON = (
    "ours", "ours-decoded", "ours-asyncio", "ours-asyncio-decoded", "ours-uvloop", "sdk", "http.client", "requests", "aiohttp",
    "aiohttp-uvloop", "httpx",
)
NODE = ("ours", "ours-decoded", "sdk", "undici", "axios")
SUBJECTS = tuple(
    f"{language}/{name}"
    for language, names in (("rust", RUST), ("c", C), ("python", PYTHON), ("node", NODE))
    for name in names
)
PLAIN_ONLY = ("rust/epoll", "rust/hyper", "rust/core-reqwest", "rust/reqwest-bare", "rust/reqwest")
FULL_ONLY = ("python/httpx", "python/requests", "node/axios", "python/aiohttp")
"""Said in the reference to be no contest; they cost the default run its time."""
LIMIT = "rust/epoll"
STEADY_OVER_TLS = "rust/core"
"""Tells whether the machine was steady where the limit program cannot go."""


@dataclass(frozen=True)
class Ratio:
    """`above` ÷ `below` in CPU per query; with `at_least` or `at_most` it has a floor or a ceiling."""

    name: str
    above: str
    below: str
    floors: dict[str, float]
    at_most: bool = False


def _floors(*values: float | None) -> dict[str, float]:
    ids = ("sequential", "64 at once", "TLS sequential", "TLS 64 at once", "98 KB sequential")
    return {scenario: value for scenario, value in zip(ids, values, strict=False) if value is not None}


RATIOS = (
    Ratio("Python SDK ÷ ours", "python/sdk", "python/ours", _floors(13, 32, 42, 85, 15)),
    Ratio("Python SDK ÷ ours, decoded", "python/sdk", "python/ours-decoded", _floors(13, 26, 42, 70)),
    Ratio("Python SDK ÷ ours, asyncio", "python/sdk", "python/ours-asyncio", _floors(11, 35, 35, 85, 15)),
    Ratio("Python SDK ÷ ours, asyncio, decoded", "python/sdk", "python/ours-asyncio-decoded", _floors(11, 30, 35, 70)),
    Ratio("Node SDK ÷ ours", "node/sdk", "node/ours", _floors(6, 12, 7, 18, 5)),
    Ratio("Node SDK ÷ ours, decoded", "node/sdk", "node/ours-decoded", _floors(5.5, 11, 6.5, 16)),
    Ratio("http.client ÷ ours", "python/http.client", "python/ours", _floors(2.1)),
    Ratio("http.client ÷ ours, decoded", "python/http.client", "python/ours-decoded", _floors(2.0)),
    Ratio("aiohttp + uvloop + orjson ÷ ours, asyncio", "python/aiohttp-uvloop", "python/ours-asyncio", _floors(None, 3.5, None, None, 4)),
    Ratio("aiohttp + uvloop + orjson ÷ ours, asyncio, decoded", "python/aiohttp-uvloop", "python/ours-asyncio-decoded", _floors(None, 3.2)),
    Ratio("aiohttp + uvloop + orjson ÷ ours on uvloop", "python/aiohttp-uvloop", "python/ours-uvloop", {}),
    Ratio("undici ÷ ours", "node/undici", "node/ours", _floors(1.35, 1.5)),
    Ratio("undici ÷ ours, decoded", "node/undici", "node/ours-decoded", _floors(1.2, 1.35)),
    Ratio("core ÷ bare hyper loop", "rust/core", "rust/hyper", _floors(1.1, 1.3), at_most=True),
    Ratio("core over reqwest ÷ bare hyper loop", "rust/core-reqwest", "rust/hyper", _floors(1.3, 1.9), at_most=True),
    Ratio("reqwest alone ÷ bare hyper loop", "rust/reqwest-bare", "rust/hyper", {}, at_most=True),
    Ratio("C ÷ core", "c/c", "rust/core", _floors(1.05, 1.05, 1.05, 1.05), at_most=True),
    Ratio("reqwest as people write it ÷ core", "rust/reqwest", "rust/core", {}),
    Ratio("core ÷ limit", "rust/core", "rust/epoll", {}, at_most=True),
    Ratio("Python ÷ limit", "python/ours", "rust/epoll", {}, at_most=True),
    Ratio("Node ÷ limit", "node/ours", "rust/epoll", {}, at_most=True),
)


def steady_of(scenario: Scenario) -> str:
    """The program whose own figures say whether the machine was steady. Without it there is no verdict."""
    return STEADY_OVER_TLS if scenario.tls else LIMIT


def with_limit(scenario: Scenario, named: list[str]) -> list[str]:
    """The subjects that somebody named, and the one that no verdict can do without."""
    return [subject for subject in SUBJECTS if subject in named or subject == steady_of(scenario)]


def subjects_of(scenario: Scenario, full: bool) -> list[str]:
    """Everybody, or only those that a ratio with something to reach is about."""
    needed = {name for ratio in RATIOS if scenario.id in ratio.floors for name in (ratio.above, ratio.below)}
    needed |= {LIMIT, STEADY_OVER_TLS}
    # The plain scenarios show everybody beside each other, too.
    shows_all = scenario.path == "complete" and not scenario.tls
    return [
        subject for subject in SUBJECTS
        if full or subject in needed or (shows_all and subject not in FULL_ONLY)
    ]
