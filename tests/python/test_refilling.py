"""A `poll_many` that is slower to take outcomes than they come, or slow to read: nothing stands still for it."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from conftest import wait_until

from smileid_jobs import AsyncClient, Client, streams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sandbox_client import Sandbox

ROOM = 16


class Numbered:
    """Jobs that are complete, and how many of them were read."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.read = 0

    def __iter__(self) -> Iterator[tuple[str, str]]:
        while self.read < 50:
            self.read += 1
            yield f"{self.user}-{self.read}", "complete"

    async def generated(self) -> AsyncIterator[tuple[str, str]]:
        for job in self:
            yield job

    def wait_for_answers(self, sandbox: Sandbox, to: int) -> None:
        """To all jobs up to a number."""
        for number in range(1, to + 1):
            wait_until(partial(was_answered, sandbox, f"{self.user}-{number}"))


def was_answered(sandbox: Sandbox, user: str) -> bool:
    log = sandbox.log(user)
    return log.requests > 0 and log.none_open


def test_jobs_are_read_while_outcomes_are_ready(client: Client, sandbox: Sandbox, user: str) -> None:
    jobs = Numbered(user)
    with client.poll_many(jobs, max_waiting=ROOM) as outcomes:
        # On a busy machine the first look at the input may have been short.
        while jobs.read < ROOM:
            next(outcomes)
        jobs.wait_for_answers(sandbox, jobs.read)
        before = jobs.read
        for _ in range(10):
            time.sleep(0.03)
            next(outcomes)
        assert jobs.read >= before + 3
        # Some of the first ones wait to be taken still.
        jobs.wait_for_answers(sandbox, before + 3)


@pytest.mark.parametrize("is_async", [False, True])
def test_asyncio_reads_jobs_while_outcomes_are_ready(
    async_client: AsyncClient, sandbox: Sandbox, user: str, is_async: bool
) -> None:
    jobs = Numbered(user)

    async def main() -> None:
        async with async_client.poll_many(jobs.generated() if is_async else jobs, max_waiting=ROOM) as outcomes:
            await outcomes.__anext__()
            while jobs.read < ROOM:
                await outcomes.__anext__()
            jobs.wait_for_answers(sandbox, jobs.read)
            before = jobs.read
            for _ in range(10):
                await asyncio.sleep(0.03)
                await outcomes.__anext__()
            assert jobs.read >= before + 3
            jobs.wait_for_answers(sandbox, before + 3)

    asyncio.run(main())


def test_an_input_that_blocks_keeps_few_ready_outcomes_back(
    client: Client, sandbox: Sandbox, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, quick = Numbered(user), 20
    # A busy machine makes no look at the input so long that it ends before the jobs that are quick.
    monkeypatch.setattr(streams, "LOOK_S", 5.0)

    def blocking() -> Iterator[tuple[str, str]]:
        for job in jobs:
            if jobs.read == quick + 1:
                jobs.wait_for_answers(sandbox, quick)
            if jobs.read > quick:
                time.sleep(1.0)
            yield job

    with client.poll_many(blocking()) as outcomes:
        ready = quick
        while jobs.read <= quick:
            next(outcomes)
            ready -= 1
        assert ready > 0
        start = time.monotonic()
        for _ in range(ready):
            next(outcomes)
        assert time.monotonic() - start < 0.8


def test_a_plain_input_leaves_others_on_the_loop_their_turns(async_client: AsyncClient, user: str) -> None:
    turns = Turns()

    def slow() -> Iterator[tuple[str, str]]:
        for number in range(200):
            time.sleep(0.001)
            yield user, f"never-{number}"
        assert turns.count > 20
        yield user, "complete"

    async def main() -> None:
        async with async_client.poll_many(slow()) as outcomes, turns:
            assert (await outcomes.__anext__()).job_id == "complete"

    asyncio.run(main())


def test_outcomes_that_are_ready_leave_others_on_the_loop_their_turns(async_client: AsyncClient, user: str) -> None:
    async def main() -> None:
        turns = Turns()
        async with async_client.poll_many((f"{user}-{number}", "complete") for number in range(300)) as outcomes:
            await outcomes.__anext__()
            await asyncio.sleep(0.5)
            async with turns:
                for _ in range(200):
                    await outcomes.__anext__()
                    time.sleep(0.001)  # noqa: ASYNC251
        assert turns.count > 20

    asyncio.run(main())


class Turns:
    """Counts the turns that another task has."""

    def __init__(self) -> None:
        self.count = 0

    async def _take(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)

    async def __aenter__(self) -> None:
        self._task = asyncio.ensure_future(self._take())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()


def test_tasks_take_outcomes_until_the_input_ends(async_client: AsyncClient, user: str) -> None:
    """Also those that have waited in vain, because another one has taken all that there was."""
    jobs = Numbered(user)

    async def main() -> None:
        stream = async_client.poll_many(jobs, max_waiting=1)

        async def take() -> int:
            taken = [outcome.error async for outcome in stream]
            assert jobs.read == 50
            return taken.count(None)

        assert sum(await asyncio.wait_for(asyncio.gather(take(), take(), take()), 10)) == 50

    asyncio.run(main())


def refuse(_: Any) -> None:
    raise LookupError


@pytest.mark.parametrize("kind", ["sync", "asyncio", "asynchronous input"])
def test_progress_that_raises_ends_everything(
    client: Client, async_client: AsyncClient, sandbox: Sandbox, user: str, kind: str
) -> None:
    jobs = [(user, "complete"), (user, "slow-1ms"), (user, "stall")]
    has_ended = False

    async def generated() -> AsyncIterator[tuple[str, str]]:
        nonlocal has_ended
        try:
            for job in jobs:
                yield job
            await asyncio.sleep(60)
        finally:
            has_ended = True

    async def main() -> None:
        outcomes = async_client.poll_many(jobs if kind == "asyncio" else generated(), on_progress=refuse)
        with pytest.raises(LookupError):
            await outcomes.__anext__()
        assert has_ended == (kind == "asynchronous input")
        assert [one async for one in outcomes] == []

    if kind == "sync":
        outcomes = client.poll_many(jobs, on_progress=refuse)
        with pytest.raises(LookupError):
            next(outcomes)
        assert list(outcomes) == []
    else:
        asyncio.run(main())
    wait_until(lambda: sandbox.log(user).none_open, 0.5)
