"""Waits on an event loop, which are neither tasks nor futures of the native half while they sleep."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TRIES, wait_until

from smileid_jobs import AsyncClient, ClientClosedError, InvalidArgumentError, JobIncompleteError, RequestTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Programs

    from sandbox_client import Sandbox

PATIENT: dict[str, Any] = {"timeout": None, "initial_delay": 600, "max_delay": 600}


async def until(due: Callable[[], bool]) -> None:
    start = time.monotonic()
    while not due():
        assert time.monotonic() - start < 30, "what was waited for did not come"
        await asyncio.sleep(0.005)


def are_answered(sandbox: Sandbox, user: str, job: str, requests: int) -> bool:
    log = sandbox.log(user, job)
    return log.requests == requests and log.all_answered


def test_it_is_a_coroutine_function_where_that_can_be_said() -> None:
    wait = AsyncClient.wait_until_complete
    if sys.version_info >= (3, 12):
        assert inspect.iscoroutinefunction(wait)
    else:
        assert asyncio.iscoroutinefunction(wait)


def test_nothing_starts_before_it_is_awaited(async_client: AsyncClient, sandbox: Sandbox, user: str) -> None:
    async def main() -> None:
        waiting = async_client.wait_until_complete(user, "complete")
        assert inspect.iscoroutine(waiting)
        refused = async_client.wait_until_complete(user, "complete", timeout=-1)
        await asyncio.sleep(0.05)
        assert sandbox.log(user, "complete").requests == 0
        assert (await waiting).job_complete
        with pytest.raises(InvalidArgumentError):
            await refused

    asyncio.run(main())


def test_cancelling_asleep_in_flight_and_in_the_queue(
    new_loop: Any, settings: dict[str, Any], sandbox: Sandbox, user: str
) -> None:
    client = AsyncClient(**settings, max_connections=1)

    async def cancelled(task: asyncio.Task[Any]) -> float:
        start = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - start

    async def main(user: str) -> list[float]:
        asleep = asyncio.ensure_future(client.wait_until_complete(user, "never", **PATIENT))
        await until(lambda: are_answered(sandbox, user, "never", 1))
        in_flight = asyncio.ensure_future(client.wait_until_complete(user, "stall", timeout=None))
        await until(lambda: not sandbox.log(user, "stall").none_open)
        queued = asyncio.ensure_future(client.wait_until_complete(user, "pending-1", **PATIENT))
        last = asyncio.ensure_future(client.wait_until_complete(user, "complete"))
        await asyncio.sleep(0.05)
        took = [await cancelled(asleep), await cancelled(queued)]
        assert not sandbox.log(user, "stall").none_open
        took.append(await cancelled(in_flight))
        assert (await last).job_complete
        await until(lambda: sandbox.log(user, "stall").none_open)
        assert sandbox.log(user, "pending-1").requests == 0
        return took

    loop = new_loop()
    tries = [loop.run_until_complete(asyncio.wait_for(main(f"{user}-{n}"), 15)) for n in range(TRIES)]
    loop.close()
    for took in zip(*tries):
        assert min(took) < 0.05


def test_a_bound_that_passes_in_the_queue(settings: dict[str, Any], sandbox: Sandbox, user: str) -> None:
    client = AsyncClient(**settings, max_connections=1)

    async def passed() -> tuple[float, float]:
        start = time.monotonic()
        with pytest.raises(JobIncompleteError) as caught:
            await client.wait_until_complete(user, "complete", timeout=0.2)
        took = time.monotonic() - start
        error = caught.value
        assert isinstance(error.last_error, RequestTimeoutError)
        assert (error.last_error.phase, error.reason, error.attempts) == ("queue", "deadline", 1)
        assert error.elapsed is not None
        assert 0.2 <= error.elapsed <= took
        return took, error.elapsed

    async def main() -> None:
        stalled = asyncio.ensure_future(client.wait_until_complete(user, "stall", timeout=None))
        await until(lambda: not sandbox.log(user, "stall").none_open)
        took, elapsed = zip(*[await passed() for _ in range(TRIES)])
        assert min(took) < 0.25
        assert min(elapsed) < 0.205
        stalled.cancel()

    asyncio.run(main())
    assert sandbox.log(user, "complete").requests == 0


def test_equal_waits_are_woken_together(async_client: AsyncClient, sandbox: Sandbox, user: str) -> None:
    async def main() -> None:
        waits = [async_client.wait_until_complete(user, "pending-5", **PATIENT) for _ in range(5)]
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        await until(lambda: are_answered(sandbox, user, "pending-5", 5))
        await asyncio.sleep(0.05)
        async_client.notify(user, "pending-5")
        assert all(status.job_complete for status in await asyncio.wait_for(asyncio.gather(*tasks), 5))
        assert sandbox.log(user, "pending-5").requests == 10

    asyncio.run(main())


def test_closing_ends_thousands(async_client: AsyncClient, sandbox: Sandbox, user: str) -> None:
    async def main() -> None:
        waits = [async_client.wait_until_complete(user, "never", **PATIENT) for _ in range(3000)]
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        await until(lambda: are_answered(sandbox, user, "never", 3000))
        start = time.monotonic()
        await async_client.aclose()
        ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert time.monotonic() - start < 1
        for end in ends:
            assert isinstance(end, ClientClosedError)
            assert (end.user_id, end.job_id, end.attempts) == (user, "never", 1)
            assert end.last_status is not None

    asyncio.run(main())


def test_waits_of_a_loop_that_is_left_behind_are_given_up(
    async_client: AsyncClient, sandbox: Sandbox, user: str
) -> None:
    pace: dict[str, Any] = {"timeout": None, "initial_delay": 0.05, "max_delay": 0.05}
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(async_client.wait_until_complete(user, "never", **pace)) for _ in range(3)]
    loop.run_until_complete(asyncio.sleep(0.1))
    wait_until(lambda: sandbox.log(user, "never").requests >= 6)
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()
    del task, tasks, loop
    gc.collect()
    time.sleep(0.1)
    asked = sandbox.log(user, "never").requests
    time.sleep(0.3)
    assert sandbox.log(user, "never").requests == asked


def test_waits_that_no_task_is_held_for_go_on(async_client: AsyncClient, user: str) -> None:
    done: list[bool] = []

    async def fire() -> None:
        done.append((await async_client.wait_until_complete(user, "pending-2", initial_delay=0.05)).job_complete)

    async def main() -> None:
        asyncio.ensure_future(fire())  # noqa: RUF006
        while not done:
            gc.collect()
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(main(), 10))
    assert done == [True]


def test_waits_asleep_across_a_fork(programs: Programs) -> None:
    """The child drops, cancels and closes what the parent's loop waits for; the parent's waits go on."""
    assert programs.run(
        """
        import gc
        a = async_client()
        pace = dict(timeout=10, initial_delay=0.02, max_delay=0.02)

        async def ask():
            return (await a.wait_until_complete("user-child", "pending-2", **pace)).job_complete

        async def main():
            tasks = [asyncio.create_task(a.wait_until_complete("user-fork", "pending-9", **pace)) for _ in range(20)]
            await asyncio.sleep(0.05)
            children = []
            for number in range(3):
                pid = os.fork()
                if pid == 0:
                    asyncio.events._set_running_loop(None)
                    for task in tasks:
                        task._log_destroy_pending = False
                        if number == 1:
                            task.get_coro().close()
                    del task, tasks
                    gc.collect()
                    ok = asyncio.run(ask())
                    a.notify("user-fork", "pending-9")
                    asyncio.run(a.aclose())
                    os._exit(0 if ok else 1)
                children.append(pid)
            statuses = await asyncio.gather(*tasks)
            assert all(status.job_complete for status in statuses)
            for pid in children:
                while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0):
                    await asyncio.sleep(0.005)
                assert ended[1] == 0, ended
            assert await ask()

        asyncio.run(main())
        """
    ) == (0, "", "")


def test_an_exit_with_waits_asleep(programs: Programs) -> None:
    assert programs.run(
        """
        a = async_client()

        async def main():
            patient = dict(timeout=None, initial_delay=600, max_delay=600)
            tasks = [asyncio.create_task(a.wait_until_complete("user-exit", "never", **patient)) for _ in range(500)]
            await asyncio.sleep(0.3)
            sys.exit(7)

        asyncio.run(main())
        """
    )[::2] == (7, "")
