"""The input of a ``poll_many``: read beside the outcomes, only while one is asked for, and ended with the stream."""

from __future__ import annotations

import asyncio
import gc
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from conftest import wait_until
from test_asyncio import run
from test_verbs import is_open

from smileid_jobs import AsyncClient, Client, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from conftest import Programs

    from sandbox_client import Sandbox

    NewLoop = Callable[[], asyncio.AbstractEventLoop]


class Fed:
    """An asynchronous input that waits until it is fed, and says what became of it."""

    def __init__(self, *jobs: Any) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.read = 0
        self.has_ended = False
        self.is_slow_to_end = True
        self.tasks: set[asyncio.Task[Any] | None] = set()
        for job in jobs:
            self.queue.put_nowait(job)

    async def jobs(self) -> AsyncIterator[tuple[str, str]]:
        try:
            while True:
                self.tasks.add(asyncio.current_task())
                job = await self.queue.get()
                if job is None:
                    return
                if isinstance(job, BaseException):
                    raise job
                self.read += 1
                yield job
        finally:
            if self.is_slow_to_end:
                await asyncio.sleep(0)
            self.has_ended = True


async def next_of(stream: Any) -> Any:
    return await asyncio.wait_for(stream.__anext__(), 5)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_slow_input_is_asked_about_meanwhile(
    client: Client, async_client: AsyncClient, sandbox: Sandbox, user: str, is_async: bool
) -> None:
    read: list[int] = []

    def was_asked(number: int) -> bool:
        return sandbox.log(f"{user}-{number}").requests == 1

    def slow() -> Iterator[tuple[str, str]]:
        for number in range(5):
            if number:
                # Nobody takes an outcome before this one is read.
                wait_until(partial(was_asked, number - 1))
                time.sleep(0.1)
            read.append(number)
            yield f"{user}-{number}", "complete"

    def check(first: Any) -> None:
        assert (first.user_id, first.error) == (f"{user}-0", None)
        assert len(read) < 5

    async def main() -> None:
        outcomes = async_client.poll_many(slow())
        check(await outcomes.__anext__())
        assert len([outcome async for outcome in outcomes]) == 4

    if is_async:
        asyncio.run(main())
    else:
        outcomes = client.poll_many(slow())
        check(next(outcomes))
        assert len(list(outcomes)) == 4


def test_an_asynchronous_input_may_wait_for_outcomes(new_loop: NewLoop, async_client: AsyncClient, user: str) -> None:
    """Each job is there only when the one before it has had its outcome."""

    async def main() -> None:
        fed = Fed()
        stream = async_client.poll_many(fed.jobs(), initial_delay=0.01)
        for number in range(5):
            fed.queue.put_nowait((user, f"pending-{number}" if number else "complete"))
            outcome = await next_of(stream)
            assert (outcome.job_id[-1], outcome.error) == (str(number) if number else "e", None)
        fed.queue.put_nowait(None)
        with pytest.raises(StopAsyncIteration):
            await next_of(stream)
        assert fed.has_ended
        # What it entered it may leave: all of it was one task's.
        assert len(fed.tasks) == 1

    run(new_loop, main())


def test_an_asynchronous_input_is_read_as_there_is_room(async_client: AsyncClient, user: str) -> None:
    fed = Fed(*[(user, "complete")] * 100)

    async def main() -> None:
        stream = async_client.poll_many(fed.jobs(), max_waiting=8)
        for taken in range(1, 51):
            await next_of(stream)
            assert fed.read <= taken + 8
        before = fed.read
        await asyncio.sleep(0.05)
        # A read that had begun may end while nobody waits for an outcome.
        assert fed.read <= before + 1
        await stream.aclose()

    asyncio.run(main())


def test_an_asynchronous_input_that_never_waits(async_client: AsyncClient, user: str) -> None:
    """Outcomes come while it is read, and others on the loop have their turns."""
    read, turns = 0, 0

    async def endless() -> AsyncIterator[tuple[str, str]]:
        nonlocal read
        while read < 500_000:
            read += 1
            yield f"{user}-{read}", "complete"

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        task = asyncio.ensure_future(others())
        async with async_client.poll_many(endless(), max_waiting=1_000_000) as stream:
            await next_of(stream)
        task.cancel()
        assert read < 500_000
        assert turns > 3

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["its own error", "no pair"])
def test_an_asynchronous_input_that_fails_ends_everything(
    new_loop: NewLoop, async_client: AsyncClient, sandbox: Sandbox, user: str, kind: str
) -> None:
    async def main() -> None:
        fed = Fed((user, "stall"))
        stream = async_client.poll_many(fed.jobs())
        waiting = asyncio.ensure_future(next_of(stream))
        while not is_open(sandbox, user):
            await asyncio.sleep(0.005)
        is_own = kind == "its own error"
        fed.queue.put_nowait(LookupError() if is_own else kind)
        with pytest.raises(LookupError if is_own else InvalidArgumentError):
            await waiting
        wait_until(lambda: sandbox.log(user).none_open, 0.5)
        assert [one async for one in stream] == []

    run(new_loop, main())


def test_an_input_that_fails_while_nobody_waits(async_client: AsyncClient, user: str) -> None:
    async def main() -> None:
        fed = Fed((user, "complete"), (user, "never"))
        stream = async_client.poll_many(fed.jobs(), initial_delay=0.01)
        await next_of(stream)
        fed.queue.put_nowait(LookupError())
        await asyncio.sleep(0.05)
        with pytest.raises(LookupError):
            await next_of(stream)
        assert [one async for one in stream] == []

    asyncio.run(main())


@pytest.mark.parametrize("job", [None, "stall"], ids=["without a job", "with a job"])
def test_cancelling_ends_the_read(
    new_loop: NewLoop,
    async_client: AsyncClient,
    sandbox: Sandbox,
    user: str,
    job: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        fed = Fed(*([(user, job)] if job else []))
        source = fed.jobs()
        stream = async_client.poll_many(source)
        task = asyncio.ensure_future(next_of(stream))
        while job and not is_open(sandbox, user):
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert fed.has_ended
        # Which it would refuse while it is being read.
        await source.aclose()  # type: ignore[attr-defined]
        wait_until(lambda: sandbox.log(user).none_open, 0.5)
        assert [one async for one in stream] == []

    run(new_loop, main())
    gc.collect()
    assert caplog.records == []


def test_closing_ends_the_read(
    new_loop: NewLoop, async_client: AsyncClient, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        fed = Fed((user, "complete"))
        source = fed.jobs()
        async with async_client.poll_many(source) as stream:
            await next_of(stream)
        assert fed.has_ended
        await source.aclose()  # type: ignore[attr-defined]
        assert [one async for one in stream] == []
        for jobs in ([], [(user, "stall")]):
            fed = Fed(*jobs)
            stream = async_client.poll_many(fed.jobs())
            waiting = asyncio.ensure_future(stream.__anext__())
            await asyncio.sleep(0.05)
            await stream.aclose()
            assert fed.has_ended
            with pytest.raises(StopAsyncIteration):
                await asyncio.wait_for(waiting, 5)
        # Between two reads, where it waits for somebody who wants an outcome.
        fed = Fed((user, "complete"))
        stream = async_client.poll_many(fed.jobs())
        await next_of(stream)
        fed.queue.put_nowait((user, "complete"))
        while fed.read < 2:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.005)
        await stream.aclose()
        assert [one async for one in stream] == []

    run(new_loop, main())
    gc.collect()
    assert caplog.records == []


def test_an_input_may_close_its_own_stream(async_client: AsyncClient, user: str) -> None:
    stream: Any = None

    async def jobs() -> AsyncIterator[tuple[str, str]]:
        yield user, "stall"
        await stream.aclose()

    async def main() -> None:
        nonlocal stream
        stream = async_client.poll_many(jobs())
        with pytest.raises(StopAsyncIteration):
            await next_of(stream)

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["the loop goes on", "the loop is closed"])
def test_leaving_the_loop_ends_the_read(
    new_loop: NewLoop,
    async_client: AsyncClient,
    sandbox: Sandbox,
    user: str,
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> Fed:
        fed = Fed((user, "complete"), (user, "stall"))
        # Python 3.13 complains of a generator that waits while it is collected, which no loop can do for it any more.
        fed.is_slow_to_end = kind == "the loop goes on"
        async for _ in async_client.poll_many(fed.jobs()):
            break
        if kind == "the loop goes on":
            while not fed.has_ended:
                await asyncio.sleep(0.005)
        return fed

    run(new_loop, main())
    gc.collect()
    wait_until(lambda: sandbox.log(user).none_open, 0.5)
    assert caplog.records == []


def test_tasks_take_outcomes_in_turn(async_client: AsyncClient, user: str) -> None:
    async def main() -> None:
        fed = Fed(*[(user, f"pending-{number}") for number in range(1, 7)], None)
        stream = async_client.poll_many(fed.jobs(), initial_delay=0.01)

        async def take() -> list[str]:
            return [outcome.job_id async for outcome in stream]

        taken = await asyncio.wait_for(asyncio.gather(take(), take(), take()), 5)
        assert sorted(job for jobs in taken for job in jobs) == [f"pending-{number}" for number in range(1, 7)]

    asyncio.run(main())


def test_a_read_belongs_to_its_process(programs: Programs) -> None:
    """A child that has a loop of its own leaves the parent's read alone."""
    assert programs.run(
        """
        import gc
        a = async_client()
        user = f"user-read-{os.getpid()}"

        async def child(stream):
            try:
                await stream.__anext__()
            except smileid_jobs.ClientClosedError:
                await stream.aclose()
                return [outcome.error async for outcome in a.poll_many(jobs([(user, "complete")]))] == [None]

        async def jobs(some):
            for job in some:
                yield job
                await asyncio.sleep(0.1)

        async def main():
            stream = a.poll_many(jobs([(user, "complete"), (user, "pending-1")]), initial_delay=0.01)
            await stream.__anext__()
            pid = os.fork()
            if pid == 0:
                asyncio.events._set_running_loop(None)
                ok = asyncio.run(child(stream))
                del stream
                gc.collect()
                os._exit(0 if ok else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            assert [outcome.job_id async for outcome in stream] == ["pending-1"]

        asyncio.run(main())
        """
    ) == (0, "", "")


def test_a_closed_stream_reads_no_more(client: Client, async_client: AsyncClient, user: str) -> None:
    read: list[int] = []

    def endless() -> Iterator[tuple[str, str]]:
        while len(read) < 100:
            read.append(1)
            yield user, "complete"

    async def main() -> None:
        fed = Fed((user, "complete"))
        for jobs in (endless(), fed.jobs()):
            stream = async_client.poll_many(jobs, max_waiting=8)
            await stream.aclose()
            assert [one async for one in stream] == []
        assert fed.read == 0

    outcomes = client.poll_many(endless(), max_waiting=8)
    outcomes.close()
    assert list(outcomes) == []
    asyncio.run(main())
    assert read == []


def test_a_consumer_that_goes_away_with_its_loop_is_quiet(programs: Programs) -> None:
    assert programs.run(
        """
        import gc
        loop = asyncio.new_event_loop()

        async def jobs():
            await asyncio.sleep(60)
            yield "user", "complete"

        async def consume():
            async for _ in async_client().poll_many(jobs()):
                pass

        task = loop.create_task(consume())
        task._log_destroy_pending = False
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()
        del task
        gc.collect()
        """
    ) == (0, "", "")


def test_a_stream_goes_on_in_another_run(async_client: AsyncClient, user: str) -> None:
    """Its input has ended with the loop that read it; what was read has its outcome."""

    async def jobs() -> AsyncIterator[tuple[str, str]]:
        yield user, "complete"
        yield user, "slow-250ms"
        await asyncio.sleep(60)

    stream = async_client.poll_many(jobs())

    async def one() -> str:
        return (await next_of(stream)).job_id

    async def rest() -> list[str]:
        return [outcome.job_id async for outcome in stream]

    assert asyncio.run(one()) == "complete"
    assert asyncio.run(rest()) in ([], ["slow-250ms"])
